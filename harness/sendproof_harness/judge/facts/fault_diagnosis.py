"""What a fault most likely led to: why a message is missing, or came more than once."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence

from sendproof_harness.history.records import Delivery, History, Obligation, Request
from sendproof_harness.judge.checks.paging import pages, rows_never_read
from sendproof_harness.judge.facts.deadlines import PAGES, event_keys, hindrances
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult
from sendproof_harness.judge.facts.fault_effects import (
    KILL,
    Disturbance,
    is_sending,
    may_have_failed,
    outages,
    unseen_replies,
)
from sendproof_harness.judge.findings import cached_per_history

#: The cause of a finding, and what was seen instead.
Reason = tuple[str, str]

_TOO_MANY_REQUESTS = 429


# -- missing ----------------------------------------------------------------------------------------


def reasons_after_faults(history: History) -> Callable[[Obligation], Reason | None]:
    """Why a message may be missing, when a fault struck something that it depended on."""
    if not history.faults:
        return lambda _: None
    unread, read, hindered = rows_never_read(history), pages(history), hindrances(history)

    def reason(owed: Obligation) -> Reason | None:
        key = owed.campaign, owed.channel
        was_unread = owed.trigger is None and (key not in read or owed.customer in unread.get(key, ()))
        some = [one for one in hindered(owed) if _is_at_fault(one, was_unread=was_unread)]
        return _reason(some[-1]) if some else None

    return reason


def _is_at_fault(some: Disturbance, *, was_unread: bool) -> bool:
    """Rows are missing for what struck their pages, messages for what struck the provider."""
    if some.strike.fault == KILL:
        return True
    if was_unread:
        return some.strike.name == PAGES
    return some.call is not None and is_sending(some.call)


def _reason(some: Disturbance) -> Reason:
    strike, call = some.strike, some.call
    where = f"{strike.fault} ({strike.id}) at {strike.service} {strike.name}"
    if strike.fault == KILL and strike.target == "webhook":
        return (
            "lost: what was acknowledged was not stored, and gone when the bridge was killed",
            f"nothing after {where}",
        )
    if strike.fault == KILL:
        return "lost: what the bridge had begun was not taken up again after it was killed", f"nothing after {where}"
    if call is not None and call.status == _TOO_MANY_REQUESTS:
        return "lost: 429 ignored: the call was not made again", f"nothing after {where}"
    if call is not None and may_have_failed(call) and call.fault is not None and call.fault.response == "lost":
        return (
            "lost: the reply was lost, and the bridge never looked what had become of the call",
            f"nothing after {where}",
        )
    return "lost: the call failed, and was not made again", f"nothing after {where}"


# -- repeated ---------------------------------------------------------------------------------------


def reasons_of_repeats(history: History) -> Callable[[RecipientResult], str]:
    """Why a message may have come more than once."""
    unseen, killed, twice = unseen_replies(history), outages(history), _told_twice(history)

    def reason(fate: RecipientResult) -> str:
        some = sorted(fate.deliveries, key=lambda delivery: delivery.n)
        if any(call_of(history, delivery) in unseen for delivery in some[:-1]):
            return "duplicated: sent again blindly after the reply of the call was lost"
        if any(some[0].at <= start <= some[-1].at for start, _ in killed):
            return "duplicated: sent again after the bridge was killed, without a look at what had been sent"
        if any(key in twice for key in event_keys(history)(fate.obligation)):
            return "duplicated: the event came more than once, and was handled more than once"
        return "duplicated: the same message more than once"

    return reason


@cached_per_history
def _told_twice(history: History) -> frozenset[str]:
    """Keys of events that the bridge was told more than once."""
    counts = Counter(one.key for one in history.webhooks if one.service == "optimove" and one.status is not None)
    return frozenset(key for key, count in counts.items() if count > 1)


def call_of(history: History, delivery: Delivery) -> int | None:
    """The line of the call that brought a delivery: its own word for it, or the call that it stands behind."""
    if delivery.request is not None:
        return delivery.request
    calls: Sequence[Request] = history.requests
    place = bisect_right(calls, delivery.n, key=lambda call: call.n) - 1
    return calls[place].n if place >= 0 and calls[place].service == delivery.service else None
