"""Triggers: criteria on customer events. A customer who meets them is announced at once with event 11.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (criteria are one or more real-time
events, such as the third visit to a page). Assumed: all conditions must be met; a condition considers the newest events
that match it; after a trigger fires for a customer, counting starts again from zero if the trigger may fire again.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.plans import Condition, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One customer met the criteria of one trigger, for the `number`th time. `events` has the newest parameters."""

    plan: TriggerPlan
    customer: int
    at: Instant
    number: int
    events: Mapping[str, Mapping[str, object]]


@dataclass(slots=True)
class Progress:
    """One customer's progress towards one trigger: for each condition, the instants of its newest matching events."""

    matches: list[deque[Instant]]
    newest: dict[str, Mapping[str, object]] = field(default_factory=dict)
    fired: int = 0

    @classmethod
    def start(cls, plan: TriggerPlan) -> "Progress":
        """Return the progress of a customer without events."""
        return cls([deque(maxlen=condition.count) for condition in plan.conditions])

    def reset(self) -> None:
        """Start counting again from zero."""
        for instants in self.matches:
            instants.clear()
        self.newest = {}


class TriggerState:
    """The triggers of a sandbox, the progress of each customer, and all firings in order."""

    def __init__(self) -> None:
        """Create the state without triggers."""
        self.plans: dict[str, TriggerPlan] = {}
        self.firings: list[Firing] = []
        self._plans_by_event: dict[str, list[TriggerPlan]] = {}
        self._progress: dict[tuple[str, int], Progress] = {}

    def add(self, plan: TriggerPlan) -> None:
        """Add a trigger. It considers later events only."""
        self.plans[plan.name] = plan
        for event in dict.fromkeys(condition.event for condition in plan.conditions):
            self._plans_by_event.setdefault(event, []).append(plan)

    def uses(self, campaign: int, channel: int | None = None) -> bool:
        """Return True if a trigger has this campaign (on this channel)."""
        return any(plan.campaign == campaign and channel in {None, plan.channel} for plan in self.plans.values())

    def record_event(self, customer: int, event: str, parameters: Mapping[str, object], now: Instant) -> list[Firing]:
        """Record a customer's event, and return the triggers that it fires."""
        firings = [
            firing
            for plan in self._plans_by_event.get(event, ())
            if (firing := self._record_progress(plan, customer, event, parameters, now)) is not None
        ]
        self.firings += firings
        return firings

    def _record_progress(
        self, plan: TriggerPlan, customer: int, event: str, parameters: Mapping[str, object], now: Instant
    ) -> Firing | None:
        progress = self._progress.setdefault((plan.name, customer), Progress.start(plan))
        if progress.fired and not plan.repeat:
            return None
        pairs = list(zip(plan.conditions, progress.matches, strict=True))
        matched = [instants for condition, instants in pairs if matches(condition, event, parameters)]
        for instants in matched:
            instants.append(now)
        if not matched:
            return None
        progress.newest[event] = parameters
        if not all(_is_met(condition, instants, now) for condition, instants in pairs):
            return None
        progress.fired += 1
        firing = Firing(plan=plan, customer=customer, at=now, number=progress.fired, events=progress.newest)
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


def _is_met(condition: Condition, instants: deque[Instant], now: Instant) -> bool:
    if len(instants) < condition.count:
        return False
    return condition.within_ms is None or now - instants[0] <= condition.within_ms


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
