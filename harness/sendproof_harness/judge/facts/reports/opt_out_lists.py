"""The lists of opt-outs at providers, which a bridge reads twice a day, and what keeps it from reading one.

    an outage                        the bridge reads the list within half a day after the restart
    a reading that a fault refused   the bridge reads the list within half a day after the fault
    a fault or limit of the key      the bridge waits until it is over, and then reads the list

Where the history shows the next reading, the bridge has the usual time after that.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.fault_effects import injections
from sendproof_harness.judge.facts.observation import bridge_time, reacted_at, reaction_time
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# A message that is on its way to a provider when the opt-out arrives cannot be stopped any more.
GRACE = 5 * MINUTE
# No document says how often a provider's list must be read; a bridge that reads it twice a day meets this limit.
POLL_WITHIN = 12 * HOUR


def has_reacted_at(history: History, at: int) -> int:
    """Return when the bridge has had time to act on what it learned at an instant."""
    return reacted_at(history, at, reaction_time(history, GRACE))


def polled_at(history: History, service: str, at: int) -> int:
    """Return when the bridge must have seen a change in a provider's list that was made at an instant."""
    ends_at = bridge_time(history).after(at, POLL_WITHIN)
    for delay in _delays(history).get(service, ()):
        if delay.began > ends_at:
            break
        if delay.ended >= at:
            ends_at = max(ends_at, delay.over)
    return ends_at


class _Delay(NamedTuple):
    """What kept the bridge from reading a list from `began` to `ended`; `over` is when it must have made up for it."""

    began: int
    ended: int
    over: int


@cached_per_history
def _delays(history: History) -> Mapping[str, Sequence[_Delay]]:
    """Return the delays of readings by provider, in order."""
    services = {*(change.service for change in history.opt_outs), *(change.service for change in history.opt_ins)}
    return {service: sorted((*_missed(history, service), *_limited(history, service))) for service in services}


def _missed(history: History, service: str) -> Iterator[_Delay]:
    """Yield the outages, and the readings that a fault refused."""
    readings = _readings(history, service)
    for injection in injections(history):
        fault = injection.fault
        is_refused = fault.target == "call" and fault.service == service and _is_reading(service, fault.name)
        if injection.is_kill or is_refused:
            # A call that is repeated sees what had changed before; a bridge that was down sees nothing.
            ended = injection.until if injection.is_kill else injection.at
            later = readings[bisect_right(readings, ended) :][:1]
            over = bridge_time(history).after(injection.until, POLL_WITHIN)
            yield _Delay(injection.at, ended, min([over, *(has_reacted_at(history, at) for at in later)]))


def _limited(history: History, service: str) -> Iterator[_Delay]:
    """Yield the times when a fault or the provider limited the key: a reading waits as long."""
    for injection in injections(history):
        is_of_provider = injection.fault.target == "call" and injection.fault.service == service
        if is_of_provider and injection.affects_key and not injection.is_kill:
            yield _Delay(injection.at, injection.until, has_reacted_at(history, injection.until))
    for request in history.requests:
        if request.service == service and request.status == STATUS_TOO_MANY_REQUESTS and request.fault is None:
            until = request.at + (request.retry_after or 0) * SECOND
            yield _Delay(request.at, until, has_reacted_at(history, until))


def _readings(history: History, service: str) -> Sequence[int]:
    """Return when the bridge read a provider's list with success, in order."""
    return [
        request.at
        for request in history.requests
        if request.service == service
        and request.fault is None
        and is_success(request.status)
        and _is_reading(service, request.operation)
    ]


def _is_reading(service: str, operation: str | None) -> bool:
    return operation in provider(service).opt_out_lists
