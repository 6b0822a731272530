"""Functions of the group `customers` that list what was executed for whom, row by row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.plans import Split
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign, Execution
from sendproof_simulators.services.optimove.handlers.paging import attribute_names, in_order, page_of
from sendproof_simulators.services.optimove.permissions import function, key_of

# documented: 1 is the control group, https://developer.optimove.com/reference/get_customers-getcustomeronetimeactionsbycampaign
# and 1 is the test group, https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions;
# assumed: that the templates of a campaign are its actions from 2 on.
FIRST_ACTION = 2
TEST_GROUP = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One customer of a campaign on one channel."""

    execution: Execution
    customer: int
    split: Split

    @property
    def action(self) -> int:
        """The action that the customer gets."""
        return FIRST_ACTION + self.execution.part.splits.index(self.split)


@function
def get_customer_send_details_by_campaign(call: Call) -> Effects:
    """Page through the customers of a campaign, channel after channel."""
    with_template, id_of = call.params.get("IncludeTemplateIDs", False), call.state.records.id_of

    def member(row: Row) -> dict[str, object]:
        said = {
            "CustomerID": id_of(row.customer),
            "ChannelID": row.execution.part.channel,
            "ScheduledTime": sql_time(row.split.send_at),
            "SendID": send_id(call.context, row.execution, row.split),
        }
        return {**said, "TemplateID": row.split.template} if with_template else said

    return _listed(call, member)


@function
def get_customer_execution_details_by_campaign(call: Call) -> Effects:
    """Page through what was executed; the spelling of the time is an open question."""
    time, templates = call.context.dialects["execution_time_name"], call.state.templates

    def member(row: Row) -> dict[str, object]:
        channel = row.execution.part.channel
        return {
            "CustomerID": call.state.records.id_of(row.customer),
            "ActionID": row.action,
            "ChannelID": channel,
            "TemplateID": row.split.template,
            "TemplateName": templates[channel].get(row.split.template, ""),
            time: sql_time(row.split.send_at),
            "PromoCode": "",
        }

    return _listed(call, member)


@function
def get_customer_one_time_actions_by_campaign(call: Call) -> Effects:
    """Page through the customers with their groups and actions. There is no control group here."""

    def member(row: Row) -> dict[str, object]:
        return {
            "CustomerID": call.state.records.id_of(row.customer),
            "RecipientGroupID": TEST_GROUP,
            "ActionID": row.action,
            "ChannelID": row.execution.part.channel,
        }

    return _listed(call, member)


@function
def get_processed_campaign_customers(call: Call) -> Effects:
    """Page through the customers of a campaign that waits for clearance."""
    return _actions(call, call.state.on_hold(call.params["CampaignID"]))


@function
def get_canceled_campaign_customers(call: Call) -> Effects:
    """Page through the customers of a campaign that was cancelled, for two hours."""
    return _actions(call, call.state.cancelled(call.params["CampaignID"], call.now))


@function
def update_customer_promotion_status(call: Call) -> Effects:
    """Say which customers of a waiting campaign may be sent to."""
    statuses = [(one["CustomerID"], one["Status"]) for one in call.body["PromosUpdated"]]
    entries = call.state.clear(call.body["CampaignID"], statuses, call.now)
    return Effects(response=responses.done(call.context), entries=entries)


def send_id(context: SandboxContext, execution: Execution, split: Split) -> str:
    """The id of one sending, such as HG65D: one for each template and time."""
    path = (execution.campaign.plan.campaign, execution.part.channel, split.template, split.send_at)
    return context.random.token(6, "optimove", "send", *path).upper()


def _listed(call: Call, member: Callable[[Row], dict[str, object]]) -> Effects:
    """The page asked for, each row with the attributes asked for, as they were when the campaign was announced."""
    campaign, names = call.state.campaign(call.params["CampaignID"]), attribute_names(call)
    people, delimiter = (
        call.state.records.seen_at(campaign.announced_at),
        call.params.get("CustomerAttributesDelimiter", ","),
    )
    rows: list[Mapping[str, object]] = []
    for row in _rows(call, campaign.executions.values()):
        values = people.values(row.customer, names) if names else ()
        rows.append({**member(row), **responses.attributes(call.context, values, delimiter)})
    return Effects(response=responses.listed(call.context, rows))


def _rows(call: Call, executions: Iterable[Execution]) -> Iterator[Row]:
    key, wanted = key_of(call), call.params.get("ChannelID")
    page = page_of(call)
    skip, left = page.start, page.stop - page.start
    for execution in executions:
        channel = execution.part.channel
        if (wanted and channel != wanted) or not (key is None or key.reaches(channel)):
            continue
        customers = in_order(call, execution.campaign.customers)
        chosen = customers[skip : skip + left]
        for customer, split in zip(chosen, execution.splits(chosen), strict=True):
            yield Row(execution, customer, split)
        skip, left = max(0, skip - len(customers)), left - len(chosen)


def _actions(call: Call, campaign: Campaign) -> Effects:
    """Each customer with the action on the first channel."""
    rows = [
        {"CustomerID": call.state.records.id_of(row.customer), "ActionID": row.action, "PromoCode": ""}
        for row in _rows(call, list(campaign.executions.values())[:1])
    ]
    return Effects(response=responses.listed(call.context, rows))
