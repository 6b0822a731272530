"""The handlers of all operations of `delivyr.yaml`, by the names of its operations."""

from sendproof_simulators.services.delivyr.message_log import get_message, list_messages
from sendproof_simulators.services.delivyr.sending import send_sms
from sendproof_simulators.services.delivyr.templates import list_templates

__all__ = ["get_message", "list_messages", "list_templates", "send_sms"]
