"""Every method of optimove 2.0.0 from PyPI. A method returns False for a status other than 200."""

import requests
from optimove.client import Client

from driver import CREDENTIALS, INPUTS, check

CHANNEL, CAMPAIGN, CANCELLED = 505, 7001, 7002
TEMPLATE = INPUTS["templates"]["News"]
DAY, NEXT_DAY = "2026-03-02", "2026-03-03"
LISTENER = "http://127.0.0.1:9/a,b?x=1"
ATTRIBUTES = ["FIRST_NAME", "CITY"]
HOUR_MS = 3_600_000

client = Client(CREDENTIALS["username"], CREDENTIALS["password"])
general, model, actions = client.general, client.model, client.actions
groups, customers, segments, integrations = client.groups, client.customers, client.segments, client.integrations


def control(path, body=None):
    """Do what a marketer does in Optimove."""
    response = requests.post(f"{INPUTS['control']}/{path}", json=body, timeout=60)
    if not response.ok:
        raise RuntimeError(f"POST {path}: {response.text}")


def login():
    """Log in again, as the client does itself after twenty minutes of the machine's time."""
    return general.login(general.username, general.password)


def plan(campaign, day):
    """Schedule a campaign for twenty customers."""
    split = {"share": 1, "template": "News", "send_at": f"{day}T09:00:00Z"}
    control("campaigns", {"campaign": campaign, "channel": CHANNEL, "customers": 20, "splits": [split]})


check("Client.login", lambda: client.token, lambda token: isinstance(token, str) and token)
control("clock/advance", {"by_ms": HOUR_MS})
check("Client.login (with an expired token)", login)
check("general.get_last_data_update", general.get_last_data_update)
check("general.register_event_listener", lambda: general.register_event_listener(13, LISTENER))
check("general.unregister_event_listener", lambda: general.unregister_event_listener(13))

template = {"id": TEMPLATE, "name": "News"}
check("integrations.add_channel_templates", lambda: integrations.add_channel_templates(CHANNEL, [template]))
check(
    "integrations.get_channel_templates",
    lambda: integrations.get_channel_templates(CHANNEL),
    lambda found: list(found.values()) == ["News"],
)
check("integrations.add_promotions", lambda: integrations.add_promotions({"SPRING": "Spring sale"}))
check("integrations.get_promotions", integrations.get_promotions, lambda found: found == {"SPRING": "Spring sale"})
check("integrations.delete_promotions", lambda: integrations.delete_promotions({"SPRING": "Spring sale"}))
app = {"channel_id": CHANNEL, "app_id": "ios"}
check("integrations.add_channel_apps", lambda: integrations.add_channel_apps(CHANNEL, {"ios": "Our app"}))
check("integrations.delete_channel_apps", lambda: integrations.delete_channel_apps([app]))

plan(CAMPAIGN, DAY)
control("clock/advance", {"by_ms": 6 * HOUR_MS})
plan(CANCELLED, NEXT_DAY)
control("clock/advance", {"by_ms": HOUR_MS})
login()
control(f"campaigns/{CANCELLED}/cancel")

metric = {"channel_id": CHANNEL, "campaign_id": CAMPAIGN, "template_id": TEMPLATE, "metric": 0, "value": 20}
check("integrations.update_campaign_metrics", lambda: integrations.update_campaign_metrics([metric]))
check(
    "actions.get_campaign_details",
    lambda: actions.get_campaign_details(CAMPAIGN),
    lambda found: found["campaign_id"] == CAMPAIGN and found["duration"],
)
check(
    "actions.get_executed_campaign_details", lambda: actions.get_executed_campaign_details(DAY), lambda c: CAMPAIGN in c
)
check("actions.get_execution_channels", actions.get_execution_channels, lambda channels: CHANNEL in channels)
check(
    "actions.get_executed_campaign_channel_details",
    lambda: actions.get_executed_campaign_channel_details(CAMPAIGN, CHANNEL),
    lambda rows: rows[0]["template_id"] == TEMPLATE,
)
check(
    "actions.get_executed_campaigns_by_channel",
    lambda: actions.get_executed_campaigns_by_channel(CHANNEL, DAY),
    lambda campaigns: campaigns == [CAMPAIGN],
)
check(
    "customers.get_customer_send_details_by_channel",
    lambda: customers.get_customer_send_details_by_channel(CHANNEL, CAMPAIGN, ATTRIBUTES, top=5),
    lambda rows: len(rows) == 5 and rows[0]["attributes"].keys() == set(ATTRIBUTES),
)
check(
    "customers.get_customer_send_details_by_campaign",
    lambda: customers.get_customer_send_details_by_campaign(CAMPAIGN, include_templates_ids=True),
    lambda rows: len(rows) == 20 and rows[0]["template_id"] == TEMPLATE,
)
check(
    "customers.get_canceled_campaign_customers",
    lambda: customers.get_canceled_campaign_customers(CANCELLED),
    lambda rows: len(rows) == 20,
)
check(
    "customers.get_customer_one_time_actions_by_date",
    lambda: customers.get_customer_one_time_actions_by_date(DAY, attributes=ATTRIBUTES),
    lambda rows: len(rows) == 20 and rows[0]["channel_id"] == CHANNEL,
)
check(
    "customers.get_customer_attribute_changers",
    lambda: customers.get_customer_attribute_changers(DAY, NEXT_DAY, "CITY", ATTRIBUTES),
    lambda rows: isinstance(rows, list),
)
check("model.get_customer_attribute_list", model.get_customer_attribute_list, lambda found: "CITY" in found)
template_id = {"channel_id": CHANNEL, "template_id": TEMPLATE}
check("integrations.delete_channel_templates", lambda: integrations.delete_channel_templates([template_id]))

# Functions that a messaging bridge does not need.
check("model.get_lifecycle_stage_list", model.get_lifecycle_stage_list)
check("model.get_microsegment_list", model.get_microsegment_list)
check("model.get_microsegment_changers", lambda: model.get_microsegment_changers(DAY, NEXT_DAY))
check("actions.get_action_name", lambda: actions.get_action_name(1))
check("actions.get_action_id", lambda: actions.get_action_id("News"))
check("actions.get_all_actions", actions.get_all_actions)
check("actions.get_actions_by_target_group", lambda: actions.get_actions_by_target_group(1, DAY))
check("actions.get_promo_codes", lambda: actions.get_promo_codes(DAY))
check("actions.get_promo_codes_by_campaign", lambda: actions.get_promo_codes_by_campaign(CAMPAIGN))
check("actions.get_promo_codes_by_target_group", lambda: actions.get_promo_codes_by_target_group(1, DAY))
check("actions.get_action_details_by_target_group", lambda: actions.get_action_details_by_target_group(1, DAY))
check("groups.get_target_group_name", lambda: groups.get_target_group_name(1))
check("groups.get_target_group_id", lambda: groups.get_target_group_id("New customers"))
check("groups.get_target_groups_by_date", lambda: groups.get_target_groups_by_date(DAY))
check("groups.get_target_group_details", groups.get_target_group_details)
check("customers.get_customers_by_action", lambda: customers.get_customers_by_action(1, 1, DAY))
check("customers.get_customer_actions_by_target_group", lambda: customers.get_customer_actions_by_target_group(1, DAY))
check("customers.get_target_group_changers", lambda: customers.get_target_group_changers(DAY, NEXT_DAY))
check("customers.get_customer_future_values", lambda: customers.get_customer_future_values(1))
check("customers.get_customer_last_action_executed", lambda: customers.get_customer_last_action_executed("C0000000"))
check("customers.get_customer_action_details_by_date", lambda: customers.get_customer_action_details_by_date(DAY))
check("customers.get_customers_action_ended_by_date", lambda: customers.get_customers_action_ended_by_date(DAY))
check("customers.get_currently_targeted_customers", customers.get_currently_targeted_customers)
check("segments.get_value_segment_name", lambda: segments.get_value_segment_name(1))
check("segments.get_value_segment_id", lambda: segments.get_value_segment_id("VIP"))
check("segments.get_value_segments", segments.get_value_segments)
check("segments.get_customers_by_value_segment", lambda: segments.get_customers_by_value_segment(1, DAY))
check("segments.get_value_segment_changers", lambda: segments.get_value_segment_changers(DAY, NEXT_DAY))
