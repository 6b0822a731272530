"""What a history says of one customer, moment by moment: who did what.

Pure functions from a history, the fates of the customer and their deliveries to moments, one for each who.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.history.records import Clearance, Delivery, DeliveryStatus, History, Metric, Request, Webhook
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.checks.metrics import DROPPED, METRIC_NAMES, SENT
from sendproof_harness.judge.checks.paging import pages
from sendproof_harness.judge.checks.webhooks import is_success
from sendproof_harness.judge.facts.deadlines import event_keys, hindrances
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult
from sendproof_harness.judge.facts.fault_effects import KILL
from sendproof_harness.judge.facts.fault_effects import struck as disturbances
from sendproof_harness.judge.facts.provider_totals import METRIC_OF
from sendproof_harness.judge.fault_table import WEBHOOKS, told

#: Who did it: Optimove, the bridge, the message provider, the customer; a fault; nobody, where something should have
#: happened.
Who = Literal["platform", "bridge", "provider", "customer", "fault", "nobody"]

_ANNOUNCING = ("1", "13")
_TRIGGER = "11"
#: Receipts of all providers are keyed by this and the message.
RECEIPT = "receipt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One thing that happened, or should have. `line` is its number in the history, 0 for what is no event there."""

    at: int
    who: Who
    what: str
    detail: str = ""
    line: int = 0
    wrong: bool = False


# -- what the platform did --------------------------------------------------------------------------


def of_platform(history: History, fates: Iterable[RecipientResult], customer: str | None) -> Iterator[Moment]:
    """What was owed, and how the bridge was told."""
    titles = {
        (campaign.campaign, campaign.channel, split.template): split.title
        for campaign in history.campaigns
        for split in campaign.splits
    }
    keys = set()
    for fate in fates:
        owed = fate.obligation
        keys |= {f"{event}:{owed.campaign}:{owed.channel}" for event in _ANNOUNCING}
        title = titles.get((owed.campaign, owed.channel, owed.template), "")
        yield Moment(at=owed.at, who="platform", what=_owes(fate, title), detail=(owed.text or "") if owed.owed else "")
    for attempt in history.webhooks:
        if attempt.key in keys or (attempt.event == _TRIGGER and attempt.key.rsplit(":", 2)[1] == customer):
            yield _announcement(attempt)
    for met in history.triggers:
        if met.customer == customer:
            what = f"finds that the customer meets trigger {met.trigger} of campaign {met.campaign}"
            yield Moment(at=met.at, who="platform", what=what, line=met.n)
    for hold in history.clearances:
        if any(fate.obligation.campaign == hold.campaign for fate in fates):
            yield Moment(at=hold.at, who="platform", what=_hold(hold), line=hold.n)
    for gone in history.cancellations:
        if any(fate.obligation.campaign == gone.campaign for fate in fates):
            yield Moment(at=gone.at, who="platform", what=f"cancels campaign {gone.campaign}", line=gone.n)


def _hold(hold: Clearance) -> str:
    if hold.action == "required":
        return f"puts campaign {hold.campaign} on hold until {spoken(hold.required_by)}"
    said = f"{hold.cleared:,} customers are cleared"
    return (
        f"hears who of campaign {hold.campaign} may be sent to: {said}"
        if hold.action == "given"
        else (f"takes campaign {hold.campaign} off hold: {said}")
    )


def _owes(fate: RecipientResult, title: str) -> str:
    owed = fate.obligation
    named = f"template {owed.template}" + (f" ({title})" if title else "")
    where = f"campaign {owed.campaign} on channel {owed.channel}"
    if owed.trigger is not None:
        where = f"trigger {owed.trigger}, {where}"
    if owed.owed:
        return f"{where}: {named} is owed to {owed.number}, due {spoken(owed.due)}"
    return f"{where}: nothing may be sent ({(owed.reason or 'no reason is told').replace('_', ' ')})"


def _announcement(attempt: Webhook) -> Moment:
    event, subject, channel, *_ = attempt.key.split(":")
    of = f"trigger {subject}" if attempt.event == _TRIGGER else f"campaign {subject} on channel {channel}"
    return Moment(
        at=attempt.at,
        who="platform",
        what=f"tells the bridge of {of} (event {event}): {_answered(attempt)}",
        line=attempt.n,
        wrong=not is_success(attempt.status),
    )


def _answered(attempt: Webhook) -> str:
    answer = attempt.error or f"answered {attempt.status}"
    return answer if attempt.attempt == 1 else f"{answer}, attempt {attempt.attempt}"


# -- what the bridge did ----------------------------------------------------------------------------


def of_bridge(
    history: History, fates: Sequence[RecipientResult], deliveries: Sequence[Delivery], customer: str | None
) -> Iterator[Moment]:
    """The pages that brought the customer, the calls that sent to them, and the reports that count or name them."""
    yield from _readings(history, fates)
    yield from _calls(history, deliveries)
    for fate in fates:
        yield from _totals(history, fate)
    yield from _namings(history, customer)


def _namings(history: History, customer: str | None) -> Iterator[Moment]:
    """Calls that name the customer: reports of events, and of how the customer may be reached."""
    for report in history.interactions:
        if customer in report.customers:
            what = f"names the customer among {len(report.customers):,} who were {_metric(report.event_id)}"
            yield Moment(at=report.at, who="bridge", what=what, detail="UpdateCampaignInteractions", line=report.n)
    for engaged in history.engagements:
        if customer is not None and engaged.customer == customer:
            yield Moment(at=engaged.at, who="bridge", what=f"reports the event {engaged.event}", line=engaged.n)
    for update in history.attributes:
        for change in update.changes:
            if change.customer == customer:
                who: Who = "bridge" if update.source == "api" else "platform"
                what = f"notes {change.field} {change.value or 'empty'} of the customer"
                yield Moment(at=update.at, who=who, what=what, line=update.n)
    for noted in history.preferences:
        if customer in noted.customers:
            mode = "opted out" if noted.opted_out else f"mode {noted.mode}"
            who = "bridge" if noted.source == "api" else "platform"
            yield Moment(at=noted.at, who=who, what=f"notes {mode} on channel {noted.channel}", line=noted.n)


def _readings(history: History, fates: Sequence[RecipientResult]) -> Iterator[Moment]:
    for fate, place in _places(history, fates):
        key = fate.obligation.campaign, fate.obligation.channel
        for page in pages(history).get(key, ()):
            if page.skip <= place < page.end:
                what = (
                    f"reads rows {page.skip:,} to {page.end - 1:,} of campaign {key[0]}; row {place:,} is the customer"
                )
                yield Moment(at=page.at, who="bridge", what=what, line=page.request)


def _places(history: History, fates: Sequence[RecipientResult]) -> Iterator[tuple[RecipientResult, int]]:
    """The row of each in its campaign: obligations stand in the order of the rows."""
    wanted = {id(fate.obligation): fate for fate in fates}
    rows: dict[tuple[int, int], int] = {}
    for owed in history.obligations:
        if owed.trigger is not None:
            continue
        key = owed.campaign, owed.channel
        rows[key] = rows.get(key, -1) + 1
        if id(owed) in wanted:
            yield wanted[id(owed)], rows[key]


def _calls(history: History, deliveries: Iterable[Delivery]) -> Iterator[Moment]:
    """The call that brought each message. What a call causes follows it in the history, at one instant."""
    starts = [request.n for request in history.requests]
    for delivery in deliveries:
        place = bisect_right(starts, delivery.n) - 1
        if place < 0 or history.requests[place].service != delivery.service:
            continue
        start, end = starts[place], starts[place + 1] if place + 1 < len(starts) else math.inf
        count = sum(start <= one.n < end and one.at == delivery.at for one in history.deliveries)
        yield _call(history.requests[place], count)


def _call(call: Request, count: int) -> Moment:
    what = f"calls {call.operation or call.path} of {call.service}, which takes {count:,} message" + "s" * (count != 1)
    return Moment(at=call.at, who="bridge", what=what, detail=f"{call.method} {call.path}", line=call.n)


def _totals(history: History, fate: RecipientResult) -> Iterator[Moment]:
    """The first totals that can count this customer: as sent or dropped, and as what the provider said in the end."""
    for metric, after in _counted_as(history, fate):
        told = [(push, item.value) for push in history.metrics for item in push.items if _is_of(item, fate, metric)]
        first = next(((push, value) for push, value in told if (push.at, push.n) > after), None)
        if first is not None:
            push, value = first
            what = f"reports {value:,} {_metric(metric)} of template {fate.obligation.template}"
            detail = f"the first total that can count this customer, of {len(told):,} pushed in all"
            yield Moment(at=push.at, who="bridge", what=what, detail=detail, line=push.n)


def _is_of(item: Metric, fate: RecipientResult, metric: int) -> bool:
    owed = fate.obligation
    known = owed.campaign, owed.channel, str(owed.template), metric
    return (item.campaign, item.channel, str(item.template), item.metric) == known


def _counted_as(history: History, fate: RecipientResult) -> Iterator[tuple[int, tuple[int, int]]]:
    """What a true report counts this customer as, and after which moment and line."""
    if not fate.deliveries:
        yield DROPPED, (fate.obligation.due, 0)
        return
    yield SENT, (fate.deliveries[0].at, fate.deliveries[0].n)
    for outcome in _outcomes(history, fate.deliveries[:1]):
        if outcome.status in METRIC_OF:
            yield METRIC_OF[outcome.status], (outcome.at, outcome.n)


def _metric(number: int) -> str:
    return METRIC_NAMES.get(number, f"metric {number}")


# -- what the provider and the customer did ---------------------------------------------------------


def of_provider(
    history: History, fates: Iterable[RecipientResult], deliveries: Sequence[Delivery], numbers: Sequence[str]
) -> Iterator[Moment]:
    """What was taken and refused, how it ended, and every attempt to post a receipt."""
    due = {fate.obligation.number: fate.obligation for fate in fates}
    texts = {fate.obligation.text for fate in fates if fate.obligation.owed}
    for delivery in deliveries:
        goes = "" if delivery.send_at == delivery.at else f", to go out {spoken(delivery.send_at)}"
        right = delivery.number in due and delivery.text in texts
        what = f"{delivery.service} takes message {delivery.message} to {delivery.number}{goes}"
        yield Moment(at=delivery.at, who="provider", what=what, detail=delivery.text, line=delivery.n, wrong=not right)
    for refused in history.rejections:
        if refused.number in numbers:
            why = " ".join(str(part) for part in (refused.code, refused.reason) if part not in {None, ""})
            what = f"{refused.service} refuses a message to {refused.number}: {why}"
            yield Moment(at=refused.at, who="provider", what=what, detail=refused.text, line=refused.n, wrong=True)
    for outcome in _outcomes(history, deliveries):
        what = f"message {outcome.message} ends as {outcome.status}"
        yield Moment(at=outcome.at, who="provider", what=what, line=outcome.n)
    yield from _receipts(history, deliveries)


def _outcomes(history: History, deliveries: Sequence[Delivery]) -> list[DeliveryStatus]:
    messages = {delivery.message for delivery in deliveries}
    return [outcome for outcome in history.delivery_statuses if outcome.message in messages]


def _receipts(history: History, deliveries: Sequence[Delivery]) -> Iterator[Moment]:
    keys = {f"{RECEIPT}:{delivery.message}" for delivery in deliveries}
    for attempt in history.webhooks:
        if attempt.key in keys:
            what = f"posts the receipt of message {attempt.key.partition(':')[2]}: {_answered(attempt)}"
            wrong = not is_success(attempt.status)
            yield Moment(at=attempt.at, who="provider", what=what, line=attempt.n, wrong=wrong)


def of_customer(
    history: History, deliveries: Sequence[Delivery], numbers: Sequence[str], customer: str | None
) -> Iterator[Moment]:
    """What the customer did: for a trigger, with a message, or to be left alone."""
    for done in history.customer_events:
        if done.customer == customer:
            given = ", ".join(f"{name} {value}" for name, value in done.parameters.items())
            yield Moment(at=done.at, who="customer", what=f"does {done.event}", detail=given, line=done.n)
    messages = {delivery.message for delivery in deliveries}
    for click in history.clicks:
        if click.message in messages:
            yield Moment(at=click.at, who="customer", what=f"follows the link of message {click.message}", line=click.n)
    for said in history.inbounds:
        if said.number in numbers:
            yield Moment(at=said.at, who="customer", what=f"writes to {said.service}: {said.text}", line=said.n)
    for left in history.opt_outs:
        if left.number in numbers:
            how = f" ({left.source})" if left.source else ""
            yield Moment(at=left.at, who="customer", what=f"opts out at {left.service}{how}", line=left.n)


def of_faults(history: History, fates: Sequence[RecipientResult], deliveries: Sequence[Delivery]) -> Iterator[Moment]:
    """What struck the calls and notifications that this customer's messages depended on."""
    if not history.faults:
        return
    hindered, calls = hindrances(history), {delivery.request for delivery in deliveries}
    struck = {one.strike.n: one for fate in fates for one in hindered(fate.obligation)}
    struck |= {one.strike.n: one for one in disturbances(history) if one.call is not None and one.call.n in calls}
    for one in struck.values():
        strike = one.strike
        where = f"{strike.target} {strike.nth} of {strike.service} {strike.name}"
        what = "the bridge is killed" if strike.fault == KILL else f"{strike.fault} strikes"
        detail = told(one.call.fault) if one.call is not None else ""
        yield Moment(at=one.at, who="fault", what=f"{what} at {where}", detail=detail, line=strike.n)
    keys = {key for fate in fates for key in event_keys(history)(fate.obligation)}
    keys |= {f"{RECEIPT}:{delivery.message}" for delivery in deliveries}
    for attempt in history.webhooks:
        if attempt.fault is not None and attempt.key in keys:
            strike_of = next((strike for strike in history.faults if strike.id == attempt.fault), None)
            if strike_of is not None:
                what = f"{strike_of.fault} strikes {attempt.service} event {attempt.event}"
                yield Moment(
                    at=attempt.at, who="fault", what=what, detail=WEBHOOKS.get(strike_of.fault, ""), line=attempt.n
                )


def of_nobody(history: History, fates: Sequence[RecipientResult]) -> Iterator[Moment]:
    """What should have happened and did not."""
    ended = history.header.ended
    for fate in fates:
        owed = fate.obligation
        if fate.name == "lost":
            yield Moment(at=owed.due, who="nobody", what="the message is due, and nothing is sent", wrong=True)
        elif fate.name in {"early", "late"}:
            what = f"the message is due; it goes out {span(fate.offset or 0)} {fate.name}"
            yield Moment(at=owed.due, who="nobody", what=what, wrong=True)
        elif fate.deliveries and not _outcomes(history, fate.deliveries):
            yield Moment(
                at=ended, who="nobody", what="the history ends, and the provider has not said what became of it"
            )
