"""Functions of the group `customers` that list the recipients of a campaign, one row per channel."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import iso, sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.plans import Split
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.campaigns.campaign import ANNOUNCED, CONTROL_GROUP, Campaign, Execution
from sendproof_simulators.services.optimove.handlers.paging import (
    attribute_delimiter,
    ordered,
    requested_attributes,
    requested_page,
)
from sendproof_simulators.services.optimove.permissions import authorized

# documented: 1 is the control group, https://developer.optimove.com/reference/get_customers-getcustomeronetimeactionsbycampaign
# assumed: the templates of a campaign are its actions from 2 on.
CONTROL_ACTION = 1
FIRST_ACTION = 2
# assumed: the control group gets nothing, so its rows have no channel.
_NO_CHANNEL = 0

_Row = dict[str, object]


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
            **_app_member(recipient.execution),
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
    """Return a page of customers with their groups and actions, and on request the control group after them."""
    campaign = call.state.announced_campaign(call.params["CampaignID"])
    control_row = _control_row(call) if call.value("IncludeControlGroup") else None
    return _page_of_campaigns(call, [campaign], _one_time_action(call), control_row)


@authorized
def get_customer_one_time_actions_by_date(call: Call) -> Effects:
    """Return a page of the customers of all campaigns of a day, campaign by campaign."""
    control_row = _control_row(call) if call.value("IncludeControlGroup") else None
    return _page_of_campaigns(call, list(executed_campaigns(call)), _one_time_action(call), control_row)


def _one_time_action(call: Call) -> Callable[[Recipient], dict[str, object]]:
    def row(recipient: Recipient) -> dict[str, object]:
        return {
            "CustomerID": call.state.records.id_of(recipient.customer),
            "RecipientGroupID": recipient.split.group,
            "ActionID": recipient.action,
            "ChannelID": recipient.execution.plan.channel,
        }

    return row


def _control_row(call: Call) -> Callable[[int], _Row]:
    def row(customer: int) -> _Row:
        members = {"RecipientGroupID": CONTROL_GROUP, "ActionID": CONTROL_ACTION, "ChannelID": _NO_CHANNEL}
        return {"CustomerID": call.state.records.id_of(customer), **members}

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
    entries = call.state.record_clearance(call.body["CampaignID"], statuses, call.body["TimeStamp"], call.now)
    return Effects(response=responses.success_response(call.state.options), entries=entries)


def _app_member(execution: Execution) -> dict[str, object]:
    app = execution.plan.app
    return {} if app is None else {"AppID": app}


def send_id(context: SandboxContext, execution: Execution, split: Split) -> str:
    """Return the id of a send, such as HG65D: one for each template and time."""
    path = (execution.campaign.plan.campaign, execution.plan.channel, split.template, split.send_at)
    return context.random.token(6, "optimove", "send", *path).upper()


def _page_with_attributes(call: Call, row: Callable[[Recipient], _Row]) -> Effects:
    """Return the requested page of one campaign."""
    return _page_of_campaigns(call, [call.state.announced_campaign(call.params["CampaignID"])], row)


def _page_of_campaigns(
    call: Call,
    campaigns: Sequence[Campaign],
    row: Callable[[Recipient], _Row],
    control_row: Callable[[int], _Row] | None = None,
) -> Effects:
    """Return the requested page with the requested attributes.

    With `control_row`, the control group of each campaign comes after its recipients.
    """
    options = call.state.options
    names, delimiter = requested_attributes(call), attribute_delimiter(call)
    known = {campaign.plan.campaign: call.state.shown_customers(campaign, call.now) for campaign in campaigns}
    rows: list[Mapping[str, object]] = []
    for section, chosen in _requested_sections(call, _sections(call, campaigns, with_control=control_row is not None)):
        customers = known[section.campaign.plan.campaign]
        for customer, members in _members(section, chosen, row, control_row):
            values = customers.values(customer, names) if names else ()
            rows.append({**members, **responses.attribute_member(options, values, delimiter)})
    return Effects(response=responses.list_response(options, rows))


class _Section(NamedTuple):
    """The customers of a campaign on one channel, or without `execution` its control group."""

    campaign: Campaign
    execution: Execution | None
    customers: Sequence[int]


def _members(
    section: _Section,
    chosen: Sequence[int],
    row: Callable[[Recipient], _Row],
    control_row: Callable[[int], _Row] | None,
) -> Iterator[tuple[int, _Row]]:
    """Yield the chosen customers of a section with the members of their rows."""
    if section.execution is not None:
        for recipient in _recipients(section.execution, chosen):
            yield recipient.customer, row(recipient)
    elif control_row is not None:
        yield from ((customer, control_row(customer)) for customer in chosen)


def _sections(call: Call, campaigns: Iterable[Campaign], *, with_control: bool) -> Iterator[_Section]:
    """Yield the sections on the requested channel (0 or none: all) that the key may use, campaign by campaign."""
    key: ApiKey | None = call.key
    requested = call.params.get("ChannelID")
    for campaign in campaigns:
        is_visible = False
        for channel, execution in campaign.executions.items():
            if requested in {None, 0, channel} and (key is None or key.may_use(channel)):
                is_visible = True
                yield _Section(campaign, execution, campaign.customers)
        if with_control and is_visible:
            yield _Section(campaign, None, sorted(campaign.control))


def _requested_sections(call: Call, sections: Iterable[_Section]) -> Iterator[tuple[_Section, Sequence[int]]]:
    """Yield each section with its customers on the requested page."""
    page = requested_page(call)
    skip, left = page.skip, page.size
    for section in sections:
        customers = ordered(call.state.options, section.customers)
        chosen = customers[skip : skip + left]
        yield section, chosen
        skip, left = max(0, skip - len(customers)), left - len(chosen)


def _recipients(execution: Execution, customers: Sequence[int]) -> Iterator[Recipient]:
    for customer, split in zip(customers, execution.splits(customers), strict=True):
        yield Recipient(execution, customer, split)


def executed_campaigns(call: Call) -> Iterator[Campaign]:
    """Yield the campaigns announced on the requested day with a channel in the scope of the key."""
    key: ApiKey | None = call.key
    for _, campaign in sorted(call.state.campaigns.items()):
        day = None if campaign.announced_at is None else iso(campaign.announced_at)[:10]
        is_permitted = key is None or any(map(key.may_use, campaign.executions))
        if campaign.state == ANNOUNCED and day == call.params["Date"] and is_permitted:
            yield campaign


def _page_of_actions(call: Call, campaign: Campaign) -> Effects:
    """Return the requested page of customers with their action on the first channel."""
    sections = _sections(call, [campaign], with_control=False)
    rows = [
        {"CustomerID": call.state.records.id_of(recipient.customer), "ActionID": recipient.action, "PromoCode": ""}
        for section, chosen in _requested_sections(call, islice(sections, 1))
        if section.execution is not None
        for recipient in _recipients(section.execution, chosen)
    ]
    return Effects(response=responses.list_response(call.state.options, rows))
