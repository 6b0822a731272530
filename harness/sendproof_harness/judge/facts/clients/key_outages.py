"""The times when Optimove accepted no key of the bridge, because the client's admin had disabled or rotated it.

Nobody tells a bridge when a key is valid again. A bridge that doubles its waits tries again when the outage has lasted
twice as long, and a careful bridge at least once an hour:

    disabled ──── each call is refused ──── enabled ──── the next try
                                            until        noticed_at
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sendproof_harness.history.records import History, Key, Request
from sendproof_harness.history.timestamps import HOUR
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, outages
from sendproof_harness.judge.facts.observation import bridge_time
from sendproof_harness.judge.facts.requests import CREDENTIAL_STATUSES
from sendproof_harness.judge.findings import cached_per_history

# A person has to put a new key into the bridge; an hour after a rotation is enough for that.
NEW_KEY_WITHIN = 1 * HOUR
#: A careful bridge tries a refused key this often.
LONGEST_WAIT = 1 * HOUR


class KeyOutage(NamedTuple):
    """Optimove accepted no key of the bridge from `at` until `until`."""

    at: int
    until: int

    @property
    def noticed_at(self) -> int:
        """The instant at which a careful bridge has tried the key again, at the latest."""
        return self.until + min(LONGEST_WAIT, self.until - self.at)


@cached_per_history
def key_outages(history: History) -> Sequence[KeyOutage]:
    """Return every period without a valid key, in order.

    A call that Optimove accepts ends it: the bridge has another key.
    """
    if not history.keys:
        return ()
    calls = [request for request in history.requests if request.service == OPTIMOVE]
    found = (_outage(history, key, calls) for key in history.keys if key.service == OPTIMOVE)
    return sorted(outage for outage in found if outage is not None and outage.until > outage.at)


def _outage(history: History, key: Key, calls: Sequence[Request]) -> KeyOutage | None:
    at = key.valid_until
    if at is None:
        return None
    later = [request for request in calls if request.n > key.n and request.at > at]
    accepted = min((request.at for request in later if not is_key_refused(request)), default=history.header.ended)
    if key.action == "rotated":
        refused = [request.at for request in later if is_key_refused(request) and request.at <= at + NEW_KEY_WITHIN]
        return KeyOutage(at, max((tried for tried in refused if tried <= accepted), default=at))
    enabled = (
        other.at
        for other in history.keys
        if (other.service, other.name, other.action) == (key.service, key.name, "enabled") and other.n > key.n
    )
    return KeyOutage(at, min(accepted, *enabled, history.header.ended))


def is_key_refused(request: Request) -> bool:
    """Return True if the service refused the credential of the request."""
    return request.credential != "known" or request.status in CREDENTIAL_STATUSES


def has_key_outage(history: History, start: int, end: int) -> bool:
    """Return True if an outage may have kept the bridge from Optimove between two instants."""
    return any(outage.at <= end and outage.noticed_at >= start for outage in key_outages(history))


def with_key_after(history: History, at: int, delay: int) -> int:
    """Return when the bridge had a valid key for `delay` after an instant; an outage in that time begins it again."""
    visible = bridge_time(history)
    end = visible.after(at, delay)
    for outage in key_outages(history):
        if outage.at <= end and outage.noticed_at > at:
            end = max(end, visible.after(outage.noticed_at, delay))
    return end


def with_key_before(history: History, end: int, delay: int) -> int:
    """Return the last instant after which the bridge had a valid key for `delay` before `end`."""
    visible = bridge_time(history)
    start = visible.before(end, delay)
    for outage in reversed(key_outages(history)):
        if outage.at <= end and visible.after(outage.noticed_at, delay) > end:
            start = min(start, visible.before(outage.at, delay))
    return start


# -- times without any call -------------------------------------------------------------------------


@cached_per_history
def standstills(history: History) -> Sequence[tuple[int, int]]:
    """Return the periods when the bridge was down or without a valid key, in order and without overlaps."""
    return tuple(_merged(sorted([*outages(history), *((one.at, one.noticed_at) for one in key_outages(history))])))


def _merged(periods: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    end = None
    for start, until in periods:
        if end is None or until > end:
            yield (start if end is None else max(start, end)), until
            end = until


def standstill_time(history: History, start: int, end: int) -> int:
    """Return how long the bridge was down or without a valid key between two instants, in milliseconds."""
    return sum(max(0, min(end, back) - max(start, gone)) for gone, back in standstills(history))
