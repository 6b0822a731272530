"""Functions of the group `customers` that list the recipients of a campaign, one row per channel."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import iso, sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.plans import Split
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.campaigns.campaign import ANNOUNCED, Campaign, Execution
from sendproof_simulators.services.optimove.handlers.paging import (
    attribute_delimiter,
    ordered,
    requested_attributes,
    requested_page,
)
from sendproof_simulators.services.optimove.permissions import authorized

# documented: 1 is the control group, https://developer.optimove.com/reference/get_customers-getcustomeronetimeactionsbycampaign
# and 1 is the test group, https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions;
# assumed: the templates of a campaign are its actions from 2 on.
FIRST_ACTION = 2
TEST_GROUP = 1


@dataclass(frozen=True, slots=True)
class Recipient:
    """One customer of a campaign on one channel."""

    execution: Execution
    customer: int
    split: Split

    @property
    def action(self) -> int:
        """Return the customer's action."""
        return FIRST_ACTION + self.execution.plan.splits.index(self.split)


@authorized
def get_customer_send_details_by_campaign(call: Call) -> Effects:
    """Return a page of the customers of a campaign, channel by channel."""
    has_template, id_of = call.value("IncludeTemplateIDs"), call.state.records.id_of

    def row(recipient: Recipient) -> dict[str, object]:
        members = {
            "CustomerID": id_of(recipient.customer),
            "ChannelID": recipient.execution.plan.channel,
            "ScheduledTime": sql_time(recipient.split.send_at),
            "SendID": send_id(call.context, recipient.execution, recipient.split),
        }
        return {**members, "TemplateID": recipient.split.template} if has_template else members

    return _page_with_attributes(call, row)


@authorized
def get_customer_execution_details_by_campaign(call: Call) -> Effects:
    """Return a page of the executions of a campaign. The spelling of the time is an open question."""
    time_name, templates = call.state.options.execution_time_name, call.state.templates

    def row(recipient: Recipient) -> dict[str, object]:
        channel = recipient.execution.plan.channel
        return {
            "CustomerID": call.state.records.id_of(recipient.customer),
            "ActionID": recipient.action,
            "ChannelID": channel,
            "TemplateID": recipient.split.template,
            "TemplateName": templates[channel].get(recipient.split.template, ""),
            time_name: sql_time(recipient.split.send_at),
            "PromoCode": "",
        }

    return _page_with_attributes(call, row)


@authorized
def get_customer_one_time_actions_by_campaign(call: Call) -> Effects:
    """Return a page of customers with their groups and actions. The simulator has no control group."""
    return _page_with_attributes(call, _one_time_action(call))


@authorized
def get_customer_one_time_actions_by_date(call: Call) -> Effects:
    """Return a page of the customers of all campaigns of a day, campaign by campaign."""
    return _page_of_campaigns(call, list(executed_campaigns(call)), _one_time_action(call))


def _one_time_action(call: Call) -> Callable[[Recipient], dict[str, object]]:
    def row(recipient: Recipient) -> dict[str, object]:
        return {
            "CustomerID": call.state.records.id_of(recipient.customer),
            "RecipientGroupID": TEST_GROUP,
            "ActionID": recipient.action,
            "ChannelID": recipient.execution.plan.channel,
        }

    return row


@authorized
def get_processed_campaign_customers(call: Call) -> Effects:
    """Return a page of the customers of a campaign that waits for clearance."""
    return _page_of_actions(call, call.state.campaign_on_hold(call.params["CampaignID"]))


@authorized
def get_canceled_campaign_customers(call: Call) -> Effects:
    """Return a page of the customers of a cancelled campaign, for two hours."""
    return _page_of_actions(call, call.state.cancelled_campaign(call.params["CampaignID"], call.now))


@authorized
def update_customer_promotion_status(call: Call) -> Effects:
    """Record which customers of a campaign on hold may get a message."""
    statuses = [(item["CustomerID"], item["Status"]) for item in call.body["PromosUpdated"]]
    entries = call.state.record_clearance(call.body["CampaignID"], statuses, call.now)
    return Effects(response=responses.success_response(call.state.options), entries=entries)


def send_id(context: SandboxContext, execution: Execution, split: Split) -> str:
    """Return the id of a send, such as HG65D: one for each template and time."""
    path = (execution.campaign.plan.campaign, execution.plan.channel, split.template, split.send_at)
    return context.random.token(6, "optimove", "send", *path).upper()


def _page_with_attributes(call: Call, row: Callable[[Recipient], dict[str, object]]) -> Effects:
    """Return the requested page of one campaign."""
    return _page_of_campaigns(call, [call.state.announced_campaign(call.params["CampaignID"])], row)


def _page_of_campaigns(
    call: Call, campaigns: Sequence[Campaign], row: Callable[[Recipient], dict[str, object]]
) -> Effects:
    """Return the requested page with the requested attributes."""
    options = call.state.options
    names, delimiter = requested_attributes(call), attribute_delimiter(call)
    customers = {campaign.plan.campaign: call.state.shown_customers(campaign, call.now) for campaign in campaigns}
    rows: list[Mapping[str, object]] = []
    executions = (execution for campaign in campaigns for execution in campaign.executions.values())
    for recipient in _requested_recipients(call, executions):
        known = customers[recipient.execution.campaign.plan.campaign]
        values = known.values(recipient.customer, names) if names else ()
        rows.append({**row(recipient), **responses.attribute_member(options, values, delimiter)})
    return Effects(response=responses.list_response(options, rows))


def executed_campaigns(call: Call) -> Iterator[Campaign]:
    """Yield the campaigns announced on the requested day with a channel in the scope of the key."""
    key: ApiKey | None = call.key
    for _, campaign in sorted(call.state.campaigns.items()):
        day = None if campaign.announced_at is None else iso(campaign.announced_at)[:10]
        is_permitted = key is None or any(map(key.may_use, campaign.executions))
        if campaign.state == ANNOUNCED and day == call.params["Date"] and is_permitted:
            yield campaign


def _requested_recipients(call: Call, executions: Iterable[Execution]) -> Iterator[Recipient]:
    """Yield the recipients on the requested page, on the requested channel (0 or none: all) that the key may use."""
    key: ApiKey | None = call.key
    requested_channel, page = call.params.get("ChannelID"), requested_page(call)
    skip, left = page.skip, page.size
    for execution in executions:
        channel = execution.plan.channel
        if (requested_channel and channel != requested_channel) or not (key is None or key.may_use(channel)):
            continue
        customers = ordered(call.state.options, execution.campaign.customers)
        chosen = customers[skip : skip + left]
        for customer, split in zip(chosen, execution.splits(chosen), strict=True):
            yield Recipient(execution, customer, split)
        skip, left = max(0, skip - len(customers)), left - len(chosen)


def _page_of_actions(call: Call, campaign: Campaign) -> Effects:
    """Return the requested page of customers with their action on the first channel."""
    rows = [
        {"CustomerID": call.state.records.id_of(recipient.customer), "ActionID": recipient.action, "PromoCode": ""}
        for recipient in _requested_recipients(call, list(campaign.executions.values())[:1])
    ]
    return Effects(response=responses.list_response(call.state.options, rows))
