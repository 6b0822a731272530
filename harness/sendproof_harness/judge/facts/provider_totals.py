"""The provider's own totals for each template, as far as a message can be assigned to one.

The messages of interchangeable obligations (see `delivery_matching`) may belong to any of their templates. A total is
therefore a range, and so is the sum of totals of templates that share messages. The range for all of them together is
as narrow as the range for a single template.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_harness.history.records import Delivery, DeliveryStatus, History, Obligation
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, count_of, ledger, reported_kind
from sendproof_harness.judge.facts.fault_effects import (
    OPTIMOVE,
    disturbed_messages,
    hidden_successful_sends,
    is_result_hidden,
    message_of_webhook,
    providers_without_record,
)
from sendproof_harness.judge.facts.keys import TemplateKey, template_key, unions_of_overlapping
from sendproof_harness.judge.facts.metrics import BOUNCED, DELIVERED, SENT
from sendproof_harness.judge.facts.reports.late_rejections import CountedSpan, may_count
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# Between the end of a message and the total that counts it, a receipt is posted, perhaps retried, and stored.
RECEIPT_DELAY = 15 * MINUTE

#: The metric that counts each final delivery status; `unknown` counts for none.
METRIC_OF_STATUS: Mapping[str, int] = {
    "delivered": DELIVERED,
    "undelivered": BOUNCED,
    "invalid": BOUNCED,
    "expired": BOUNCED,
}

# Not every provider posts it. documented: https://api.txtlocal.com/docs/handlingreceipts lists no E.
_EXPIRED = "expired"

#: In the summary of a request: the expired messages in its response.
EXPIRED_IN_RESPONSE = "expired"

# Metrics that may count a recipient without a delivery: a refused one is either dropped, or sent and bounced.
_OPTIONAL_METRICS: Mapping[str, tuple[int, ...]] = {"indefinite": (SENT,), "refused": (SENT, BOUNCED)}


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """One statement of the provider: from `at` on, a message may count for `metric`, from `certain_at` on it must.

    A total may leave out a statement that is only `pulled`: it is only visible on request, or withdrawn later.
    """

    metric: int
    at: int
    certain_at: int
    pulled: bool = False


@dataclass(kw_only=True, slots=True)
class _OwnMessages:
    """Status reports about messages of a single template: for each metric, the instants at which its total grew.

    `certain` has the instants from which the total must include a message, `possible` those from which it may.
    """

    certain: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    possible: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    rejected: list[int] = field(default_factory=list)
    """When messages that the provider rejected later count no more as sent."""
    rejected_later: int = 0
    """How many messages may count as sent until then, those that the total may always count included."""
    recipients: int = 0

    def add(self, reports: Iterable[StatusReport], count: int) -> None:
        """Add the reports about each of `count` alike recipients."""
        for report in reports:
            self.possible[report.metric] += [report.at] * count
            if not report.pulled:
                self.certain[report.metric] += [report.certain_at] * count

    def sort(self) -> None:
        for instants in (*self.certain.values(), *self.possible.values(), self.rejected):
            instants.sort()

    def range(self, metric: int, at: int) -> tuple[int, int]:
        low = bisect_right(self.certain.get(metric, ()), at - RECEIPT_DELAY)
        # A duplicate adds a message, but no recipient.
        high = bisect_right(self.possible.get(metric, ()), at)
        withdrawn = bisect_right(self.rejected, at) if metric == SENT else 0
        return _limit_to_recipients(metric, low, self.recipients), high - withdrawn


@dataclass(frozen=True, kw_only=True, slots=True)
class _SharedMessages:
    """Messages of interchangeable obligations: the number of obligations of each template, and all status reports."""

    obligations: tuple[tuple[TemplateKey, int], ...]
    reports: tuple[StatusReport, ...]

    @property
    def templates(self) -> frozenset[TemplateKey]:
        return frozenset(key for key, _ in self.obligations)

    def range(self, keys: frozenset[TemplateKey], metric: int, between: tuple[int, int]) -> tuple[int, int]:
        """Return the least and the most that the templates `keys` may count, at instants `between` two."""
        mine = sum(count for key, count in self.obligations if key in keys)
        others = sum(count for _, count in self.obligations) - mine
        messages = sum(report.metric == SENT for report in self.reports)
        duplicates = max(0, messages - mine - others)
        earliest, latest = between
        reports = [report for report in self.reports if report.metric == metric]
        certain = sum(report.certain_at <= earliest - RECEIPT_DELAY for report in reports if not report.pulled)
        low = certain - (others + duplicates if others else 0)
        high = min(sum(report.at <= latest for report in reports), mine + duplicates)
        return max(0, _limit_to_recipients(metric, low, mine)), high


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderTotals:
    """All status reports. `joint_templates` are the sets of templates with messages that look the same."""

    own: Mapping[TemplateKey, _OwnMessages]
    shared: Mapping[_SharedMessages, int]
    joint_templates: tuple[frozenset[TemplateKey], ...]

    def range(self, metric: int, pushed_at: Mapping[TemplateKey, int]) -> tuple[int, int]:
        """Return the least and the most that the sum of the totals may be, each pushed at its own instant."""
        keys, between = frozenset(pushed_at), (min(pushed_at.values()), max(pushed_at.values()))
        ranges = [self.own[key].range(metric, at) for key, at in pushed_at.items() if key in self.own]
        for messages, times in self.shared.items():
            if not keys.isdisjoint(messages.templates):
                low, high = messages.range(keys, metric, between)
                ranges.append((times * low, times * high))
        return sum(low for low, _ in ranges), sum(high for _, high in ranges)


def rejected_later(history: History, key: TemplateKey) -> int:
    """Return how many messages of a template count as sent at first, and are rejected later."""
    own = provider_totals(history).own.get(key)
    return own.rejected_later if own is not None else 0


@cached_per_history
def provider_totals(history: History) -> ProviderTotals:
    """Return the provider's status reports by campaign, channel and template."""
    reports_of = status_reader(history)
    book = ledger(history)
    groups = [
        group for group in book.interchangeable if len({template_key(recipient.obligation) for recipient in group}) > 1
    ]
    shared = Counter(_shared_messages(group, reports_of) for group in groups)
    in_groups = {id(recipient) for group in groups for recipient in group}
    own: defaultdict[TemplateKey, _OwnMessages] = defaultdict(_OwnMessages)
    for recipient in book.recipients:
        key = template_key(recipient.obligation)
        count = count_of(history, recipient)
        if recipient.deliveries and id(recipient) not in in_groups:
            own[key].recipients += count
            own[key].add(reports_of(recipient), count)
            continue
        kind, span = reported_kind(history, recipient), may_count(history, recipient.obligation)
        own[key].rejected_later += count if span is not None else 0
        if kind in _OPTIONAL_METRICS:
            own[key].add(_optional_reports(recipient.obligation, kind), count)
        elif span is not None:
            own[key].add(_sent_at_first(span), count)
            own[key].rejected += [span.until] * count
    for messages in own.values():
        messages.sort()
    joint_templates = unions_of_overlapping({messages.templates for messages in shared})
    return ProviderTotals(own=dict(own), shared=shared, joint_templates=tuple(joint_templates))


@cached_per_history
def withdrawn_statuses(history: History) -> Mapping[str, tuple[DeliveryStatus, ...]]:
    """Return, by message, all statuses where the provider replaced one that may have been reported already.

    Totals never shrink, so a bridge cannot correct them. Each of the statuses is therefore acceptable. What counts is
    when the bridge learned of it: the receipt of a status may be lost for longer than the provider took to replace it.
    """
    first: dict[str, DeliveryStatus] = {}
    withdrawn: dict[str, tuple[DeliveryStatus, ...]] = {}
    told_at = disturbed_messages(history)
    for status in history.delivery_statuses:
        earlier = first.setdefault(status.message, status)
        if status is not earlier and _is_told_late(status, told_at.get(status.message, status.at), earlier.at):
            withdrawn[status.message] = (*withdrawn.get(status.message, (earlier,)), status)
    return withdrawn


def _is_told_late(status: DeliveryStatus, told_at: int | None, since: int) -> bool:
    """Return True if a report may have come before the bridge learned of a status; None: it never did."""
    return told_at is None or max(told_at, status.at) - since >= RECEIPT_DELAY


def _optional_reports(obligation: Obligation, kind: str) -> Iterator[StatusReport]:
    for metric in _OPTIONAL_METRICS[kind]:
        yield StatusReport(metric=metric, at=obligation.at, certain_at=obligation.due, pulled=True)


def _sent_at_first(span: CountedSpan) -> Iterator[StatusReport]:
    yield StatusReport(metric=SENT, at=span.since, certain_at=span.since, pulled=True)


StatusReader = Callable[[RecipientResult], Iterator[StatusReport]]


def _shared_messages(group: Sequence[RecipientResult], reports_of: StatusReader) -> _SharedMessages:
    reports = sorted(
        (report for recipient in group for report in reports_of(recipient)),
        key=lambda report: (report.metric, report.at, report.pulled),
    )
    templates = Counter(template_key(recipient.obligation) for recipient in group)
    return _SharedMessages(obligations=tuple(sorted(templates.items())), reports=tuple(reports))


@cached_per_history
def status_reader(history: History) -> StatusReader:
    """Return a function that yields the status reports of one recipient, from when the bridge could know them."""
    final: dict[str, tuple[DeliveryStatus, ...]] = {status.message: (status,) for status in history.delivery_statuses}
    final |= withdrawn_statuses(history)
    known_at, hidden = disturbed_messages(history), hidden_successful_sends(history)
    learned_at = expired_since(history)
    without_record = providers_without_record(history)

    def reports_of(recipient: RecipientResult) -> Iterator[StatusReport]:
        uncounted = _uncounted(recipient.deliveries, final)
        for delivery in recipient.deliveries:
            is_hidden = bool(hidden) and delivery.service in without_record and delivery.request in hidden
            statuses = final.get(delivery.message, ())
            may_be_rejected = provider(delivery.service).rejects_late and (
                delivery.message in known_at or not any(status.status in METRIC_OF_STATUS for status in statuses)
            )
            yield StatusReport(
                metric=SENT,
                at=delivery.at,
                certain_at=_sent_for_certain(delivery, statuses),
                pulled=is_hidden or may_be_rejected,
            )
            for status in statuses:
                metric = METRIC_OF_STATUS.get(status.status)
                if metric is not None:
                    at = known_at.get(delivery.message, status.at)
                    if status.status == _EXPIRED:
                        at = learned_at.get(delivery.message)
                    pulled = is_hidden or at is None or len(statuses) > 1 or delivery in uncounted
                    known_from = max(at or 0, status.at)
                    yield StatusReport(metric=metric, at=status.at, certain_at=known_from, pulled=pulled)

    return reports_of


def _uncounted(deliveries: Sequence[Delivery], final: Mapping[str, tuple[DeliveryStatus, ...]]) -> Sequence[Delivery]:
    """Return the messages to one recipient whose results a total may leave out.

    A total counts the recipient once. If the messages have different results, it may count any of them.
    """
    if len(deliveries) == 1:
        return ()
    results = {
        tuple(METRIC_OF_STATUS.get(status.status) for status in final.get(delivery.message, ()))
        for delivery in deliveries
    }
    return deliveries[:-1] if len(results) == 1 else deliveries


@cached_per_history
def expired_since(history: History) -> Mapping[str, int]:
    """Return since when the bridge knew of each expired message: a receipt came, or it asked."""
    expired_at = {status.message: status.at for status in history.delivery_statuses if status.status == _EXPIRED}
    learned = [
        (attempt.at, message)
        for attempt in (history.webhooks if expired_at else ())
        if attempt.service != OPTIMOVE
        and is_acknowledged(attempt)
        and attempt.at >= expired_at.get(message := message_of_webhook(attempt.key), attempt.at + 1)
    ]
    for request in history.requests if expired_at else ():
        if not is_result_hidden(request) and request.summary is not None:
            learned += [(request.at, str(message)) for message in request.summary.get(EXPIRED_IN_RESPONSE, ())]
    return {message: at for at, message in sorted(learned, reverse=True)}


def _sent_for_certain(delivery: Delivery, statuses: Sequence[DeliveryStatus]) -> int:
    """Return when a message certainly counts as sent: it went out, and the provider does not reject it any more."""
    if provider(delivery.service).rejects_late and statuses:
        return max(delivery.at, delivery.send_at, statuses[0].at)
    return max(delivery.at, delivery.send_at)


def _limit_to_recipients(metric: int, low: int, recipients: int) -> int:
    return min(low, recipients) if metric == SENT else low
