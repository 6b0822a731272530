"""The handlers of all operations of `xtremepush.yaml`, by the names of its operations."""

from sendproof_simulators.services.xtremepush.methods.campaign_execution import execute_campaign
from sendproof_simulators.services.xtremepush.methods.campaigns import create_campaign, info_campaign, list_campaign
from sendproof_simulators.services.xtremepush.methods.events import hit_event
from sendproof_simulators.services.xtremepush.methods.import_profiles import import_profile
from sendproof_simulators.services.xtremepush.methods.status_queries import (
    list_message,
    list_profile,
    list_push_devices,
)
from sendproof_simulators.services.xtremepush.methods.tasks import info_task, list_task

__all__ = [
    "create_campaign",
    "execute_campaign",
    "hit_event",
    "import_profile",
    "info_campaign",
    "info_task",
    "list_campaign",
    "list_message",
    "list_profile",
    "list_push_devices",
    "list_task",
]
