"""The life of a message, and the agenda of all that is still to become of the messages of one call."""

from array import array
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import JournalEntry, Timer
from sendproof_simulators.core.messaging.delivery_outcomes import (
    DELIVERED,
    DELIVERY_EVENTS,
    EXPIRED,
    INVALID,
    RATES,
    STATES,
    UNDELIVERED,
    UNKNOWN,
    DeliveryEvent,
    DeliveryOutcome,
    Rate,
    drawn,
    outcome_for_number,
)

SCHEDULED, PENDING, CANCELLED = "scheduled", "pending", "cancelled"

# From each state of a message to those that may come next.
STEPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        SCHEDULED: frozenset({PENDING, CANCELLED}),
        PENDING: frozenset(STATES),
        # A phone that is switched on again late: networks do take back what they said.
        UNDELIVERED: frozenset({DELIVERED}),
        UNKNOWN: frozenset({DELIVERED, UNDELIVERED}),
        DELIVERED: frozenset(),
        EXPIRED: frozenset(),
        INVALID: frozenset(),
        CANCELLED: frozenset(),
    }
)


def delivery_status(service: str, message: str, status: str, **more: object) -> JournalEntry:
    """A message ended, as far as its provider knows. `more` is the provider's own word for it."""
    return JournalEntry(
        kind="delivery_status", fields={"service": service, "message": message, "status": status, **more}
    )


def click(service: str, message: str, number: str) -> JournalEntry:
    """Somebody followed the link of a message."""
    return JournalEntry(kind="click", fields={"service": service, "message": message, "number": number})


def advance(state: str, to: str) -> str:
    """The next state of a message; `ValueError` for a step that no message takes."""
    if to not in STEPS[state]:
        allowed = ", ".join(sorted(STEPS[state])) or "nothing: this is its last state"
        raise ValueError(f"a message that is {state} cannot become {to!r}; expected {allowed}")
    return to


class DueEvent(NamedTuple):
    """Something on an agenda. `place` is the message's among its call's; `at` is when it becomes, or became, true.

    `new`: it becomes true now. `told`: whoever asked is told now.
    """

    place: int
    what: str
    at: Instant
    new: bool
    told: bool


_NUMBER_OF = {what: number for number, what in enumerate(DELIVERY_EVENTS)}
_NEW, _TOLD = 1, 2


class DeliverySchedule:
    """What is still to become of the messages of one call, in order of time: columns, as there are many of them.

    Set one `timer`; when it rings, take `until(now)`, and set the next one. What is to be told before the call is
    answered is due before the call: take `until(now - 1)`. `clear` forgets all that is left.
    """

    __slots__ = ("_at", "_cursor", "_flags", "_order", "_places", "_since", "_what")

    def __init__(self) -> None:
        """Nothing will happen, until something is added."""
        self._at, self._places = array("q"), array("q")
        self._what, self._flags = bytearray(), bytearray()
        self._since: dict[int, Instant] = {}
        self._order: array[int] = array("q")
        self._cursor = 0

    def add(self, place: int, what: str, at: Instant, *, new: bool = True, told: bool = True) -> None:
        """One more event, before any was taken."""
        self._at.append(at)
        self._places.append(place)
        self._what.append(_NUMBER_OF[what])
        self._flags.append(_NEW * new + _TOLD * told)

    def add_event(self, place: int, event: DeliveryEvent, send_at: Instant, *, at_once: bool) -> None:
        """What becomes true once, and may be told at the same time, later, repeatedly or never.

        `at_once`: the message goes out with the call, so that something can be told before the reply.
        """
        true_at = send_at + max(event.after, 0)
        if event.after not in event.told:
            self.add(place, event.what, true_at, told=False)
        for told in event.told:
            self.add(place, event.what, send_at + (told if at_once else max(told, 0)), new=told == event.after)
            self._since[len(self._at) - 1] = true_at

    @property
    def next(self) -> Instant | None:
        """When the next event is due; None when nothing is left."""
        if len(self._order) < len(self._at):
            self._order = array("q", sorted(range(len(self._at)), key=self._at.__getitem__))
        return self._at[self._order[self._cursor]] if self._cursor < len(self._order) else None

    def until(self, now: Instant) -> list[DueEvent]:
        """Take every event that is due by now, in order."""
        found: list[DueEvent] = []
        while (due := self.next) is not None and due <= now:
            entry = self._order[self._cursor]
            self._cursor += 1
            flags, what = self._flags[entry], DELIVERY_EVENTS[self._what[entry]]
            at = self._since.get(entry, due)
            found.append(DueEvent(self._places[entry], what, at, bool(flags & _NEW), bool(flags & _TOLD)))
        return found

    def clear(self) -> None:
        """Nothing that is left will happen."""
        self._cursor = len(self._at)

    def timer(self, name: str, payload: object) -> tuple[Timer, ...]:
        """One timer for the next event, if there is one."""
        at = self.next
        return () if at is None else (Timer(at=at, name=name, payload=payload),)


def delivery_schedule(
    numbers: Sequence[str],
    draws: Sequence[float],
    now: Instant,
    send_at: Instant,
    *,
    validity: Instant | None = None,
    rates: Sequence[Rate] = RATES,
) -> DeliverySchedule:
    """What becomes of the messages to these numbers, which go out at `send_at`: dialled, or drawn at the given rates.

    `draws` are numbers from 0 up to but not including 1, one for each message. No message outlives its `validity`. A
    number that dials a refusal is here because the provider took it all the same: it ends as any other.
    """
    schedule = DeliverySchedule()
    for place, (number, draw) in enumerate(zip(numbers, draws, strict=True)):
        outcome = outcome_for_number(number)
        if outcome is not None and outcome.refusal is None:
            _add_outcome(schedule, place, outcome, (now, send_at), validity)
            continue
        at, what = drawn(draw, send_at, rates)
        if validity is not None and at > validity:
            at, what = max(validity, send_at), EXPIRED
        schedule.add(place, what, at)
    return schedule


def _add_outcome(
    schedule: DeliverySchedule,
    place: int,
    outcome: DeliveryOutcome,
    times: tuple[Instant, Instant],
    validity: Instant | None,
) -> None:
    now, send_at = times
    for event in outcome.events:
        if validity is not None and event.what in STATES and send_at + event.after > validity:
            schedule.add(place, EXPIRED, max(validity, send_at))
            return
        schedule.add_event(place, event, send_at, at_once=send_at <= now)
