"""Reports of which the bridge may not know that Optimove has them, so that it may send them again."""

from collections.abc import Iterable, Sequence

from sendproof_harness.history.records import Engagement, History, Interactions, Request
from sendproof_harness.history.timestamps import DAY, HOUR
from sendproof_harness.judge.facts.fault_effects import is_result_hidden, outages
from sendproof_harness.judge.facts.metrics import DROPPED, SENT, fresh_within
from sendproof_harness.judge.facts.observation import bridge_time, times_are_meaningful
from sendproof_harness.judge.facts.reports.required_interactions import RequiredInteraction
from sendproof_harness.judge.facts.requests import request_before

# For a bridge to store that a series of requests has succeeded, which a rate limit stretches. A kill after that is no
# reason to send them again.
_STORED_WITHIN = 1 * HOUR
# A report that failed before is repeated later.
_POSTPONED_AT_MOST = 1 * DAY


def is_uncertain(history: History, report: Engagement | Interactions) -> bool:
    """Return True if the bridge got no response to a report, or was killed before it may have stored the response."""
    request = request_before(history.requests, report.n)
    if request is not None and is_result_hidden(request):
        return True
    if not times_are_meaningful(history):
        return bool(outages(history))
    return any(report.at <= gone <= report.at + _STORED_WITHIN for gone, _ in outages(history))


def excused_by(history: History, earlier: Sequence[Engagement], repeated: Engagement) -> int:
    """Return how many earlier reports the bridge may have repeated; what is twice in one request has no such reason."""
    return sum(is_uncertain(history, report) for report in earlier if not _is_same_request(history, report, repeated))


def _is_same_request(history: History, one: Engagement, other: Engagement) -> bool:
    return one.at == other.at and request_before(history.requests, one.n) is request_before(history.requests, other.n)


def may_be_in_hidden_request(
    history: History, interactions: Iterable[RequiredInteraction], hidden: Sequence[Request]
) -> bool:
    """Return True if one of the requests with a hidden result may have been the report of one of these."""
    postponed = fresh_within(history) + _POSTPONED_AT_MOST
    spans = [
        (_possible_at(interaction), bridge_time(history).after(interaction.known_at, postponed))
        for interaction in (interactions if hidden else ())
    ]
    return any(first <= request.at <= last for first, last in spans for request in hidden)


def _possible_at(interaction: RequiredInteraction) -> int:
    """Return when the bridge could report it first: a drop, for example, before the message was due."""
    obligation, deliveries = interaction.recipient.obligation, interaction.recipient.deliveries
    if interaction.metric in {SENT, DROPPED} or not deliveries:
        return obligation.at
    return min(delivery.send_at for delivery in deliveries)
