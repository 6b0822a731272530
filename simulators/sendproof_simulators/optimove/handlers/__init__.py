"""Optimove's functions: from HTTP's values to the state and back. The contract is openapi/optimove.yaml."""

from sendproof_simulators.optimove.handlers.actions import get_campaign_details
from sendproof_simulators.optimove.handlers.customers import get_customer_send_details_by_channel
from sendproof_simulators.optimove.handlers.general import (
    get_registered_event_listeners,
    register_event_listener,
    unregister_event_listener,
)
from sendproof_simulators.optimove.handlers.integrations import (
    add_channel_templates,
    delete_channel_templates,
    get_channel_templates,
)
from sendproof_simulators.optimove.handlers.results import update_campaign_interactions, update_campaign_metrics

__all__ = [
    "add_channel_templates",
    "delete_channel_templates",
    "get_campaign_details",
    "get_channel_templates",
    "get_customer_send_details_by_channel",
    "get_registered_event_listeners",
    "register_event_listener",
    "unregister_event_listener",
    "update_campaign_interactions",
    "update_campaign_metrics",
]
