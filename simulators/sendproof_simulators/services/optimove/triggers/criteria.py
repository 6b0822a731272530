"""Triggers: criteria on customer events. A customer who meets them is announced at once with event 11.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (criteria are one or more real-time
events, such as the third visit to a page; event 11 carries the parameter values of all of them). Assumed: all
conditions must be met; a condition considers the newest events that match it; after a trigger fires for a customer,
counting starts again from zero if the trigger may fire again.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.plans import Condition, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext

#: A customer, by index, or a visitor of the client's site who is no customer, by id.
Person = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneEvent:
    """An event that counts for a condition, the `number`th of its person for the trigger."""

    number: int
    at: Instant
    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One person met the criteria of one trigger, for the `number`th time, by these `events`, the newest last."""

    plan: TriggerPlan
    person: Person
    at: Instant
    number: int
    events: tuple[OneEvent, ...]

    def parameters(self, *, only_newest: bool) -> dict[str, dict[str, object]]:
        """Return the parameters by name of the event: those of all events, or of the newest with this name.

        Of several values of one parameter, the newest counts.
        """
        parameters: dict[str, dict[str, object]] = {}
        for event in self.events:
            earlier = {} if only_newest else parameters.get(event.name, {})
            parameters[event.name] = {**earlier, **event.parameters}
        return parameters


@dataclass(slots=True)
class Progress:
    """One person's progress towards one trigger: for each condition, the newest events that match it."""

    matches: list[deque[OneEvent]]
    recorded: int = 0
    fired: int = 0

    @classmethod
    def start(cls, plan: TriggerPlan) -> "Progress":
        """Return the progress of a person without events."""
        return cls([deque(maxlen=condition.count) for condition in plan.conditions])

    def reset(self) -> None:
        """Start counting again from zero."""
        for events in self.matches:
            events.clear()

    def events(self) -> Iterator[OneEvent]:
        """Yield the events that count, the newest last."""
        by_number = {event.number: event for events in self.matches for event in events}
        yield from (by_number[number] for number in sorted(by_number))


class TriggerState:
    """The triggers of a sandbox, the progress of each person, and all firings in order."""

    def __init__(self) -> None:
        """Create the state without triggers."""
        self.plans: dict[str, TriggerPlan] = {}
        self.firings: list[Firing] = []
        self._plans_by_event: dict[str, list[TriggerPlan]] = {}
        self._progress: dict[tuple[str, Person], Progress] = {}

    def add(self, plan: TriggerPlan) -> None:
        """Add a trigger. It considers later events only."""
        self.plans[plan.name] = plan
        for event in dict.fromkeys(condition.event for condition in plan.conditions):
            self._plans_by_event.setdefault(event, []).append(plan)

    def uses(self, campaign: int, channel: int | None = None) -> bool:
        """Return True if a trigger has this campaign (on this channel)."""
        return any(plan.campaign == campaign and channel in {None, plan.channel} for plan in self.plans.values())

    def record_event(self, person: Person, event: str, parameters: Mapping[str, object], now: Instant) -> list[Firing]:
        """Record a person's event, and return the triggers that it fires."""
        firings = [
            firing
            for plan in self._plans_by_event.get(event, ())
            if (firing := self._record_progress(plan, person, event, parameters, now)) is not None
        ]
        self.firings += firings
        return firings

    def _record_progress(
        self, plan: TriggerPlan, person: Person, event: str, parameters: Mapping[str, object], now: Instant
    ) -> Firing | None:
        progress = self._progress.setdefault((plan.name, person), Progress.start(plan))
        if progress.fired and not plan.repeat:
            return None
        pairs = list(zip(plan.conditions, progress.matches, strict=True))
        matched = [events for condition, events in pairs if matches(condition, event, parameters)]
        if not matched:
            return None
        progress.recorded += 1
        recorded = OneEvent(number=progress.recorded, at=now, name=event, parameters=parameters)
        for events in matched:
            events.append(recorded)
        if not all(_is_met(condition, events, now) for condition, events in pairs):
            return None
        progress.fired += 1
        firing = Firing(plan=plan, person=person, at=now, number=progress.fired, events=tuple(progress.events()))
        progress.reset()
        return firing


def matches(condition: Condition, event: str, parameters: Mapping[str, object]) -> bool:
    """Return True if an event counts for a condition: its name, and each parameter that the condition names."""
    return condition.event == event and all(
        name in parameters and _is_json_equal(parameters[name], expected) for name, expected in condition.where.items()
    )


def _is_json_equal(value: object, expected: object) -> bool:
    """Return True if two values are equal in JSON, where true is not 1."""
    return value == expected and isinstance(value, bool) == isinstance(expected, bool)


def _is_met(condition: Condition, events: deque[OneEvent], now: Instant) -> bool:
    if len(events) < condition.count:
        return False
    return condition.within_ms is None or now - events[0].at <= condition.within_ms


def check_trigger(
    plan: TriggerPlan, context: SandboxContext, taken_names: Iterable[str], *, campaign_taken: bool
) -> None:
    """Raise `ValueError` if the trigger is not possible in this sandbox."""
    triggered = sorted(channel.id for channel in context.channels if channel.kind == "triggered")
    if plan.name in taken_names:
        raise ValueError(f"expected a trigger name that is not taken, got {plan.name!r}")
    if plan.channel not in triggered:
        raise ValueError(f"expected one of the channels for triggered campaigns {triggered}, got {plan.channel}")
    if campaign_taken:
        raise ValueError(f"expected a campaign id that no scheduled campaign has, got {plan.campaign}")
    if not plan.conditions:
        raise ValueError("expected at least one condition, got none")
