"""Reports of which the bridge may not know that Optimove has them, so that it may send them again."""

from collections.abc import Sequence

from sendproof_harness.history.records import Engagement, History, Interactions, Request
from sendproof_harness.history.timestamps import DAY, HOUR
from sendproof_harness.judge.facts.fault_effects import is_result_hidden, outages
from sendproof_harness.judge.facts.metrics import fresh_within
from sendproof_harness.judge.facts.observation import bridge_time, times_are_meaningful
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


def may_be_in_hidden_request(history: History, known_at: int, hidden: Sequence[Request]) -> bool:
    """Return True if one of the requests with a hidden result may be the report of what the bridge knew."""
    latest = bridge_time(history).after(known_at, fresh_within(history) + _POSTPONED_AT_MOST)
    return any(known_at <= request.at <= latest for request in hidden)
