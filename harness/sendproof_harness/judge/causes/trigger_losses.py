"""Lost messages of triggers: what the bridge did with the event."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from sendproof_harness.history.records import History, Obligation, Rejection, Request, Webhook
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, span, spoken
from sendproof_harness.judge.causes.calls import (
    ATTRIBUTE_OPERATIONS,
    calls_between,
    is_refused,
    refusal_text,
    restarted_at,
)
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines, event_keys
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.matching import letters
from sendproof_harness.judge.facts.fault_diagnosis import Diagnosis, was_repeated
from sendproof_harness.judge.facts.fault_effects import is_send
from sendproof_harness.judge.findings import cached_per_history

# A smaller number of messages a day is more likely due to chance.
_LEAST_LIMIT = 3
# An event that comes later than this after its trigger may be taken for outdated.
_LATE_EVENT = 1 * MINUTE
# The id of the customer in the path of a look-up.
_ID_OF_LOOK_UP = re.compile(r"/customers/([^/?]+)/", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _LostTrigger:
    """A lost message, with the attempts to post its event, and the latest correct time of the message.

    If the customer met the trigger several times in one instant, each of these events may be that of the message.
    """

    history: History
    obligation: Obligation
    events: tuple[Sequence[Webhook], ...]
    deadline: int

    @property
    def received_at(self) -> int:
        return max(next(attempt.at for attempt in event if is_success(attempt.status)) for event in self.events)


def trigger_diagnosis(history: History, obligation: Obligation) -> Diagnosis:
    """Return why the message of a trigger was lost."""
    attempts = _attempts(history)
    lost = _LostTrigger(
        history=history,
        obligation=obligation,
        events=tuple(attempts[key] for key in event_keys(history)(obligation) if key in attempts),
        deadline=deadlines(history)(obligation),
    )
    found = (hypothesis(lost) for hypothesis in _HYPOTHESES)
    explained = next((diagnosis for diagnosis in found if diagnosis is not None), None)
    return explained or (
        "lost: the event of the trigger was accepted, and no message followed",
        f"no delivery, and the event was accepted at {spoken(lost.received_at)}",
    )


@cached_per_history
def _attempts(history: History) -> dict[str, list[Webhook]]:
    """Return the attempts to post the events of triggers, by key."""
    found: dict[str, list[Webhook]] = {}
    for attempt in history.webhooks:
        if attempt.event == "11":
            found.setdefault(attempt.key, []).append(attempt)
    return found


def _without_event(lost: _LostTrigger) -> Diagnosis | None:
    if not lost.events:
        cause = "lost: no event announced the trigger to the bridge"
        return cause, "no event was posted; is a listener registered?"
    refused = [event for event in lost.events if not any(is_success(attempt.status) for attempt in event)]
    if not refused:
        return None
    last = refused[0][-1]
    result = last.error or f"status {last.status}"
    return "lost: the bridge did not accept the event of the trigger", f"{result} at attempt {last.attempt}"


def _taken_for_duplicate(lost: _LostTrigger) -> Diagnosis | None:
    times = _served(lost.history).get((lost.obligation.trigger, lost.obligation.customer), ())
    earlier = max((at for at in times if at <= lost.obligation.due), default=None)
    if earlier is None:
        return None
    gap = lost.obligation.due - earlier
    within, limit = " within an hour" if gap <= HOUR else "", _reached_limit(lost)
    cause = f"lost: a second trigger of the customer{within} was taken for a duplicate"
    cause += f", or exceeded a limit of {limit} messages a day" if limit is not None and limit >= _LEAST_LIMIT else ""
    when = f"{span(gap)} earlier" if gap else "at the same moment"
    return cause, f"no delivery; the customer met the trigger {when} too, and got that message"


def _over_a_limit(lost: _LostTrigger) -> Diagnosis | None:
    """Return a diagnosis if the customer had as many messages within a day as the customer with most of them.

    A window of repetitions explains the loss as well, unless a message followed another one as closely before.
    """
    due, trigger = lost.obligation.due, lost.obligation.trigger
    times = _served(lost.history).get((trigger, lost.obligation.customer), ())
    earlier = [at for at in times if at <= due]
    closest = _closest(lost.history).get(trigger)
    if not earlier or closest is None or due - max(earlier) < closest:
        return None
    most = _reached_limit(lost)
    if most is None or most < _LEAST_LIMIT:
        return None
    return (
        f"lost: as if a customer got at most {most} messages a day",
        f"no delivery; the customer got {most} messages in the 24 h before, and no customer got more",
    )


def _reached_limit(lost: _LostTrigger) -> int | None:
    """Return the largest number of messages of any customer within a day, if this customer had as many."""
    due, most = lost.obligation.due, _most_a_day(lost.history)
    of_customer = _messages(lost.history).get(lost.obligation.customer, ())
    return most if sum(due - DAY < at <= due for at in of_customer) >= most else None


@cached_per_history
def _closest(history: History) -> dict[str | None, int]:
    """Return the shortest time between two triggers of a customer that a message each followed, by trigger."""
    closest: dict[str | None, int] = {}
    for (trigger, _), times in _served(history).items():
        gaps = [after - before for before, after in pairwise(sorted(times))]
        closest[trigger] = min([*gaps, *([closest[trigger]] if trigger in closest else [])], default=DAY)
    return closest


@cached_per_history
def _messages(history: History) -> dict[str, list[int]]:
    """Return when each customer was due a message that was sent, in order."""
    found: dict[str, list[int]] = {}
    for recipient in ledger(history).recipients:
        if recipient.deliveries:
            found.setdefault(recipient.obligation.customer, []).append(recipient.obligation.due)
    return {customer: sorted(times) for customer, times in found.items()}


@cached_per_history
def _most_a_day(history: History) -> int:
    """Return the largest number of messages that a customer got within 24 hours."""
    most = 0
    for times in _messages(history).values():
        first = 0
        for last, at in enumerate(times):
            while times[first] <= at - DAY:
                first += 1
            most = max(most, last - first + 1)
    return most


@cached_per_history
def _served(history: History) -> dict[tuple[str | None, str], list[int]]:
    """Return the times of the triggers that a message followed, by trigger and customer."""
    found: dict[tuple[str | None, str], list[int]] = {}
    for recipient in ledger(history).recipients:
        obligation = recipient.obligation
        if obligation.trigger is not None and recipient.deliveries:
            found.setdefault((obligation.trigger, obligation.customer), []).append(obligation.due)
    return found


def _refused_calls(lost: _LostTrigger) -> Sequence[Request]:
    """Return the refused calls of the message's time, without those that were repeated with success."""
    calls = calls_between(lost.history, lost.received_at, lost.deadline)
    return [request for request in calls if is_refused(request) and not was_repeated(lost.history, request)]


def _refused_look_up(lost: _LostTrigger) -> Diagnosis | None:
    refused = [
        request
        for request in _refused_calls(lost)
        if request.operation in ATTRIBUTE_OPERATIONS and _may_look_up(lost, request)
    ]
    if not refused:
        return None
    return "lost: the customer's attributes could not be looked up", refusal_text(refused)


def _may_look_up(lost: _LostTrigger, request: Request) -> bool:
    """Return True if a look-up may be of this customer, perhaps by a part of the id or in another spelling."""
    found = _ID_OF_LOOK_UP.search(request.path)
    if found is None:
        return True
    own, named = lost.obligation.customer, unquote(found[1])
    if named != own and named in _customers(lost.history):
        return False
    spelled, expected = letters(named).casefold(), letters(own).casefold()
    return spelled in expected or expected in spelled


@cached_per_history
def _customers(history: History) -> frozenset[str]:
    return frozenset(obligation.customer for obligation in history.obligations)


def _refused_send(lost: _LostTrigger) -> Diagnosis | None:
    refused = [request for request in _refused_calls(lost) if is_send(request) and _may_send(lost, request)]
    return (f"lost: {refused[0].service} refused the call", refusal_text(refused)) if refused else None


def _may_send(lost: _LostTrigger, request: Request) -> bool:
    """Return True if a refused call may have had this message: the provider need not say which ones it refused."""
    rejected = _rejections(lost.history).get(request.n, ())
    return not rejected or not all(_is_of_another(lost, rejection) for rejection in rejected)


@cached_per_history
def _rejections(history: History) -> dict[int | None, list[Rejection]]:
    """Return the rejected messages by the line of their request."""
    found: dict[int | None, list[Rejection]] = {}
    for rejection in history.rejections:
        found.setdefault(rejection.request, []).append(rejection)
    return found


def _is_of_another(lost: _LostTrigger, rejection: Rejection) -> bool:
    """Return True if a rejected message names another customer; one with the due text is matched before."""
    if rejection.customer in _customers(lost.history):
        return rejection.customer != lost.obligation.customer
    return rejection.number != lost.obligation.number and rejection.number in _numbers(lost.history)


@cached_per_history
def _numbers(history: History) -> frozenset[str | None]:
    return frozenset(obligation.number for obligation in history.obligations if obligation.number)


def _forgotten(lost: _LostTrigger) -> Diagnosis | None:
    restart = restarted_at(lost.history, lost.received_at, lost.deadline)
    if restart is None:
        return None
    return "lost: forgotten at a restart of the bridge", f"no delivery, and a restart at {spoken(restart)}"


def _outdated(lost: _LostTrigger) -> Diagnosis | None:
    delay = lost.received_at - lost.obligation.due
    if delay <= _LATE_EVENT:
        return None
    return (
        "lost: an event that came late was dropped",
        f"no delivery; the event came {span(delay)} after the trigger",
    )


def _without_calls(lost: _LostTrigger) -> Diagnosis | None:
    if calls_between(lost.history, lost.received_at, lost.deadline):
        return None
    return (
        "lost: the event of the trigger was accepted, and no call followed",
        f"no call at all from {spoken(lost.received_at)} to {spoken(lost.deadline)}",
    )


_HYPOTHESES: tuple[Callable[[_LostTrigger], Diagnosis | None], ...] = (
    _without_event,
    _forgotten,
    _refused_look_up,
    _refused_send,
    _outdated,
    _over_a_limit,
    _taken_for_duplicate,
    _without_calls,
)
