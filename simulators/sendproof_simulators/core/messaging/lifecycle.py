"""The life cycle of messages, and the schedule of the coming events of one call's messages."""

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
    draw_outcome,
    outcome_for_number,
)

SCHEDULED, PENDING, CANCELLED = "scheduled", "pending", "cancelled"
#: States of messages that never go out: a provider rejected it after it was accepted, or it was a test only.
REJECTED, TEST = "rejected", "test"

# The allowed next states of a message by state.
STEPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        SCHEDULED: frozenset({PENDING, CANCELLED}),
        PENDING: frozenset(STATES),
        # A phone that is switched on again late: networks do revise a state.
        UNDELIVERED: frozenset({DELIVERED}),
        UNKNOWN: frozenset({DELIVERED, UNDELIVERED}),
        DELIVERED: frozenset(),
        EXPIRED: frozenset(),
        INVALID: frozenset(),
        CANCELLED: frozenset(),
    }
)


def delivery_status(service: str, message: str, status: str, **more: object) -> JournalEntry:
    """Return the journal entry for a state that the provider knows. `more` has the provider's own code."""
    return JournalEntry(
        kind="delivery_status", fields={"service": service, "message": message, "status": status, **more}
    )


def click(service: str, message: str, number: str) -> JournalEntry:
    """Return the journal entry for a click on the link of a message."""
    return JournalEntry(kind="click", fields={"service": service, "message": message, "number": number})


def advance(state: str, to: str) -> str:
    """Return the next state of a message; `ValueError` for a step that is not allowed."""
    if to not in STEPS[state]:
        allowed = ", ".join(sorted(STEPS[state])) or "nothing: this is its last state"
        raise ValueError(f"a message that is {state} cannot become {to!r}; expected {allowed}")
    return to


class DueEvent(NamedTuple):
    """One due event. `place` is the index of the message in its call; `at` is the instant at which the event happens.

    `new`: it happens now. `reported`: the provider reports it now.
    """

    place: int
    what: str
    at: Instant
    new: bool
    reported: bool


_NUMBERS = {what: number for number, what in enumerate(DELIVERY_EVENTS)}
_NEW, _REPORTED = 1, 2


class DeliverySchedule:
    """The coming events of one call's messages, in order of time. They are stored in columns, because they are many.

    Set one `timer`; when it fires, take `until(now)`, and set the next one. Events that are reported before the
    response are due before the call: take `until(now - 1)`. `clear` removes all events.
    """

    __slots__ = ("_at", "_cursor", "_flags", "_happened_at", "_order", "_places", "_what")

    def __init__(self) -> None:
        """Create an empty schedule."""
        self._at, self._places = array("q"), array("I")
        self._what, self._flags = bytearray(), bytearray()
        self._happened_at: dict[int, Instant] = {}
        self._order: array[int] = array("I")
        self._cursor = 0

    def add(self, place: int, what: str, at: Instant, *, new: bool = True, reported: bool = True) -> None:
        """Add one event; call this before the first `until`."""
        self._at.append(at)
        self._places.append(place)
        self._what.append(_NUMBERS[what])
        self._flags.append(_NEW * new + _REPORTED * reported)

    def add_event(self, place: int, event: DeliveryEvent, send_at: Instant, *, at_once: bool) -> None:
        """Add an event that happens once, and is reported at the same time, later, repeatedly or never.

        `at_once`: the message goes out with the call, so that an event can be reported before the response.
        """
        happened_at = send_at + max(event.after, 0)
        if event.after not in event.reported:
            self.add(place, event.what, happened_at, reported=False)
        for delay in event.reported:
            report_at = send_at + (delay if at_once else max(delay, 0))
            self.add(place, event.what, report_at, new=delay == event.after)
            self._happened_at[len(self._at) - 1] = happened_at

    @property
    def next(self) -> Instant | None:
        """The instant of the next event, or None."""
        if len(self._order) < len(self._at):
            self._order = array("I", sorted(range(len(self._at)), key=self._at.__getitem__))
        return self._at[self._order[self._cursor]] if self._cursor < len(self._order) else None

    def until(self, now: Instant) -> list[DueEvent]:
        """Take all events that are due by now, in order."""
        events: list[DueEvent] = []
        while (due := self.next) is not None and due <= now:
            entry = self._order[self._cursor]
            self._cursor += 1
            flags, what = self._flags[entry], DELIVERY_EVENTS[self._what[entry]]
            at = self._happened_at.get(entry, due)
            events.append(DueEvent(self._places[entry], what, at, bool(flags & _NEW), bool(flags & _REPORTED)))
        return events

    def clear(self) -> None:
        """Remove all events."""
        self._cursor = len(self._at)

    def timer(self, name: str, payload: object) -> tuple[Timer, ...]:
        """Return a timer for the next event, if there is one."""
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
    """Return the coming events of messages to these numbers: the outcomes of test numbers, and drawn ones.

    The messages go out at `send_at`, and expire at `validity`. `draws` are numbers from 0 up to but not including 1,
    one per message. A test number with a refusal that the provider accepted anyway gets a drawn outcome.
    """
    schedule = DeliverySchedule()
    for place, (number, draw) in enumerate(zip(numbers, draws, strict=True)):
        outcome = outcome_for_number(number)
        if outcome is not None and outcome.refusal is None:
            _add_outcome(schedule, place, outcome, (now, send_at), validity)
            continue
        at, what = draw_outcome(draw, send_at, rates)
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
