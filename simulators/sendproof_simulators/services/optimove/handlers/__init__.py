"""The functions of Optimove, which translate between HTTP and the state. The contract is openapi/optimove.yaml."""

from sendproof_simulators.services.optimove.handlers.actions import (
    get_campaign_details,
    get_executed_campaign_channel_details,
    get_executed_campaign_details,
    get_executed_campaigns_by_channel,
    get_execution_channels,
)
from sendproof_simulators.services.optimove.handlers.attributes import (
    add_customer_attribute,
    get_customer_attribute_changers,
    get_customer_attribute_list,
    get_customer_attributes,
    update_customer_attributes,
    upsert_customer,
)
from sendproof_simulators.services.optimove.handlers.executions import (
    get_canceled_campaign_customers,
    get_customer_execution_details_by_campaign,
    get_customer_one_time_actions_by_campaign,
    get_customer_one_time_actions_by_date,
    get_customer_send_details_by_campaign,
    get_processed_campaign_customers,
    update_customer_promotion_status,
)
from sendproof_simulators.services.optimove.handlers.general import (
    api_key_info,
    get_last_data_update,
    get_registered_event_listeners,
    login,
    login_by_query,
    register_event_listener,
    unregister_event_listener,
)
from sendproof_simulators.services.optimove.handlers.integrations import (
    add_channel_apps,
    add_channel_templates,
    add_promotions,
    delete_channel_apps,
    delete_channel_templates,
    delete_promotions,
    get_channel_template_details,
    get_channel_templates,
    get_promotions,
)
from sendproof_simulators.services.optimove.handlers.results import (
    get_campaign_interaction_customers,
    get_customer_channel_interactions,
    update_campaign_interactions,
    update_campaign_metrics,
)
from sendproof_simulators.services.optimove.handlers.send_details import get_customer_send_details_by_channel
from sendproof_simulators.services.optimove.handlers.subscriptions import set_customer_channel_preference

__all__ = [
    "add_channel_apps",
    "add_channel_templates",
    "add_customer_attribute",
    "add_promotions",
    "api_key_info",
    "delete_channel_apps",
    "delete_channel_templates",
    "delete_promotions",
    "get_campaign_details",
    "get_campaign_interaction_customers",
    "get_canceled_campaign_customers",
    "get_channel_template_details",
    "get_channel_templates",
    "get_customer_attribute_changers",
    "get_customer_attribute_list",
    "get_customer_attributes",
    "get_customer_channel_interactions",
    "get_customer_execution_details_by_campaign",
    "get_customer_one_time_actions_by_campaign",
    "get_customer_one_time_actions_by_date",
    "get_customer_send_details_by_campaign",
    "get_customer_send_details_by_channel",
    "get_executed_campaign_channel_details",
    "get_executed_campaign_details",
    "get_executed_campaigns_by_channel",
    "get_execution_channels",
    "get_last_data_update",
    "get_processed_campaign_customers",
    "get_promotions",
    "get_registered_event_listeners",
    "login",
    "login_by_query",
    "register_event_listener",
    "set_customer_channel_preference",
    "unregister_event_listener",
    "update_campaign_interactions",
    "update_campaign_metrics",
    "update_customer_attributes",
    "update_customer_promotion_status",
    "upsert_customer",
]
