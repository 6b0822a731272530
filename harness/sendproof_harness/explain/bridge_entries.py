"""The entries of the bridge: pages that it read, send requests, and reports that count or name the customer."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from sendproof_harness.explain.entry import Actor, Scope, TimelineEntry, statuses_of
from sendproof_harness.history.parts import Metric
from sendproof_harness.history.records import Obligation, Request
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult
from sendproof_harness.judge.facts.keys import campaign_key, template_key
from sendproof_harness.judge.facts.metrics import DROPPED, SENT, metric_name
from sendproof_harness.judge.facts.pages import WITHOUT_ROW, pages
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS


def bridge_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield all entries of the bridge, and changes of the customer's attributes and preferences by anyone."""
    yield from _page_reads(scope)
    yield from _send_requests(scope)
    for recipient in scope.recipients:
        yield from _totals(scope, recipient)
    yield from _reports_by_name(scope)
    yield from _reachability_changes(scope)


# -- pages and sends --------------------------------------------------------------------------------


def _page_reads(scope: Scope) -> Iterator[TimelineEntry]:
    for recipient, row in _rows(scope):
        key = campaign_key(recipient.obligation)
        for page in pages(scope.history).get(key, ()):
            if page.skip <= row < page.end:
                rows = f"rows {page.skip:,} to {page.end - 1:,} of campaign {key[0]} on channel {key[1]}"
                text = f"reads {rows}; row {row:,} is the customer"
                yield TimelineEntry(at=page.at, actor="bridge", text=text, line=page.request)


def _rows(scope: Scope) -> Iterator[tuple[RecipientResult, int]]:
    """Yield the row of the customer in each campaign: obligations are in the order of the rows."""
    wanted = {id(recipient.obligation): recipient for recipient in scope.recipients}
    obligations = scope.history.obligations
    order = scope.history.alike.representatives or range(len(obligations))
    for position, obligation in enumerate(obligations):
        if id(obligation) in wanted and _has_row(obligation):
            before = Counter(order[: order.index(position)])
            rows = (count for other, count in before.items() if _has_row_beside(obligations[other], obligation))
            yield wanted[id(obligation)], sum(rows)


def _has_row(obligation: Obligation) -> bool:
    return obligation.trigger is None and obligation.reason not in WITHOUT_ROW


def _has_row_beside(other: Obligation, obligation: Obligation) -> bool:
    return _has_row(other) and campaign_key(other) == campaign_key(obligation)


def _send_requests(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield the request of each message: its effects follow it in the history, at the same instant."""
    requests = scope.history.requests
    starts = [request.n for request in requests]
    for delivery in scope.deliveries:
        position = bisect_right(starts, delivery.n) - 1
        if position < 0 or requests[position].service != delivery.service:
            continue
        start, end = starts[position], starts[position + 1] if position + 1 < len(starts) else math.inf
        count = scope.history.alike.accepted.get(start)
        if count is None:
            count = sum(start <= other.n < end and other.at == delivery.at for other in scope.history.deliveries)
        yield _send_request(requests[position], count)


def _send_request(request: Request, count: int) -> TimelineEntry:
    operation = request.operation or request.path
    text = f"calls {operation} of {request.service}, which accepts {count:,} message" + "s" * (count != 1)
    detail = f"{request.method} {request.path}"
    return TimelineEntry(at=request.at, actor="bridge", text=text, detail=detail, line=request.n)


# -- reports ----------------------------------------------------------------------------------------


def _totals(scope: Scope, recipient: RecipientResult) -> Iterator[TimelineEntry]:
    """Yield the first totals that can count this customer: as sent or dropped, and with the final status."""
    for metric, after in _counting_metrics(scope, recipient):
        pushed = [
            (push, item.value)
            for push in scope.history.metrics
            for item in push.items
            if _counts_recipient(item, recipient, metric)
        ]
        first = next(((push, value) for push, value in pushed if (push.at, push.n) > after), None)
        if first is not None:
            push, value = first
            text = f"reports {value:,} {metric_name(metric)} of template {recipient.obligation.template}"
            detail = f"the first total that can count this customer, of {len(pushed):,} pushed in total"
            yield TimelineEntry(at=push.at, actor="bridge", text=text, detail=detail, line=push.n)


def _counts_recipient(item: Metric, recipient: RecipientResult, metric: int) -> bool:
    return item.metric == metric and template_key(item) == template_key(recipient.obligation)


def _counting_metrics(scope: Scope, recipient: RecipientResult) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield each metric that counts this customer in a correct report, and the instant and line before it."""
    if not recipient.deliveries:
        if recipient.obligation.reason in WITHOUT_ROW:
            # The bridge does not know the customer, so no total counts it.
            return
        yield DROPPED, (recipient.obligation.due, 0)
        return
    yield SENT, (recipient.deliveries[0].at, recipient.deliveries[0].n)
    for status in statuses_of(scope.history, recipient.deliveries[:1]):
        if status.status in METRIC_OF_STATUS:
            yield METRIC_OF_STATUS[status.status], (status.at, status.n)


def _reports_by_name(scope: Scope) -> Iterator[TimelineEntry]:
    for report in scope.history.interactions:
        if scope.customer in report.customers:
            named = scope.history.alike.named.get(report.n, len(report.customers))
            text = f"reports the customer among {named:,} who were {metric_name(report.event_id)}"
            detail = f"UpdateCampaignInteractions, campaign {report.campaign} on channel {report.channel}"
            yield TimelineEntry(at=report.at, actor="bridge", text=text, detail=detail, line=report.n)
    for event in scope.history.engagements:
        if scope.customer is not None and event.customer == scope.customer:
            text = f"reports the event {event.event}"
            yield TimelineEntry(at=event.at, actor="bridge", text=text, line=event.n)


# -- attributes and preferences ---------------------------------------------------------------------


def _reachability_changes(scope: Scope) -> Iterator[TimelineEntry]:
    for update in scope.history.attributes:
        for change in update.changes:
            if change.customer == scope.customer:
                text = f"sets {change.field} of the customer to {change.value or 'empty'}"
                yield TimelineEntry(at=update.at, actor=_writer(update.source), text=text, line=update.n)
    for preference in scope.history.preferences:
        if scope.customer in preference.customers:
            mode = "opted out" if preference.opted_out else f"mode {preference.mode}"
            text = f"sets the preference for channel {preference.channel} to {mode}"
            yield TimelineEntry(at=preference.at, actor=_writer(preference.source), text=text, line=preference.n)


def _writer(source: Literal["api", "batch_file"]) -> Actor:
    return "bridge" if source == "api" else "optimove"
