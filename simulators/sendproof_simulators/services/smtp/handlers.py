"""The handlers of all operations of `smtp.yaml`, by the names of its operations."""

from sendproof_simulators.services.smtp.auth import authenticate
from sendproof_simulators.services.smtp.submission import submit_message
from sendproof_simulators.services.smtp.templates import list_templates

__all__ = ["authenticate", "list_templates", "submit_message"]
