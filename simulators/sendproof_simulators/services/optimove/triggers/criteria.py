"""Triggers: criteria on what customers do; who meets them is announced at once with event 11.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (criteria are one or more real-time
events, such as the third visit to a page). Assumed: several conditions must all be met; a condition looks at the newest
events that match it; after a trigger has fired for a customer everything is counted anew if it may fire again.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.plans import Condition, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """One customer met the criteria of one trigger, for the `number`th time. `events` hold the newest parameters."""

    plan: TriggerPlan
    customer: int
    at: Instant
    number: int
    events: Mapping[str, Mapping[str, object]]


@dataclass(slots=True)
class Progress:
    """How far one customer has come with one trigger: when the newest matching events of each condition were."""

    seen: list[deque[Instant]]
    newest: dict[str, Mapping[str, object]] = field(default_factory=dict)
    fired: int = 0

    @classmethod
    def of(cls, plan: TriggerPlan) -> "Progress":
        """At the start."""
        return cls([deque(maxlen=condition.count) for condition in plan.conditions])

    def forget(self) -> None:
        """Count everything anew."""
        for instants in self.seen:
            instants.clear()
        self.newest = {}


class Triggers:
    """The triggers of a sandbox, how far each customer has come with each, and who has met one."""

    def __init__(self) -> None:
        self.plans: dict[str, TriggerPlan] = {}
        self.met: list[Met] = []
        self._of_event: dict[str, list[TriggerPlan]] = {}
        self._progress: dict[tuple[str, int], Progress] = {}

    def add(self, plan: TriggerPlan) -> None:
        """Look out for one more trigger from now on."""
        self.plans[plan.name] = plan
        for event in dict.fromkeys(condition.event for condition in plan.conditions):
            self._of_event.setdefault(event, []).append(plan)

    def uses(self, campaign: int, channel: int | None = None) -> bool:
        """Whether a trigger has this campaign (on this channel)."""
        return any(p.campaign == campaign and channel in {None, p.channel} for p in self.plans.values())

    def take(self, customer: int, event: str, parameters: Mapping[str, object], now: Instant) -> list[Met]:
        """A customer did something; answers whose criteria that completes."""
        met = [self._advance(plan, customer, event, parameters, now) for plan in self._of_event.get(event, ())]
        fired = [one for one in met if one is not None]
        self.met += fired
        return fired

    def _advance(
        self, plan: TriggerPlan, customer: int, event: str, parameters: Mapping[str, object], now: Instant
    ) -> Met | None:
        progress = self._progress.setdefault((plan.name, customer), Progress.of(plan))
        if progress.fired and not plan.repeat:
            return None
        pairs = list(zip(plan.conditions, progress.seen, strict=True))
        matched = [instants for condition, instants in pairs if matches(condition, event, parameters)]
        for instants in matched:
            instants.append(now)
        if not matched:
            return None
        progress.newest[event] = parameters
        if not all(_is_met(condition, instants, now) for condition, instants in pairs):
            return None
        progress.fired += 1
        met = Met(plan=plan, customer=customer, at=now, number=progress.fired, events=progress.newest)
        progress.forget()
        return met


def matches(condition: Condition, event: str, parameters: Mapping[str, object]) -> bool:
    """Whether one event counts for a condition: its name, and every parameter that the condition names."""
    return condition.event == event and all(
        name in parameters and _equal(parameters[name], wanted) for name, wanted in condition.where.items()
    )


def _equal(value: object, wanted: object) -> bool:
    """JSON's equality: true is not 1."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _is_met(condition: Condition, instants: deque[Instant], now: Instant) -> bool:
    if len(instants) < condition.count:
        return False
    return condition.within_ms is None or now - instants[0] <= condition.within_ms


def check_trigger(plan: TriggerPlan, context: SandboxContext, taken: Iterable[str], *, campaign_taken: bool) -> None:
    """Refuse, with `ValueError`, what cannot be a trigger in this world."""
    triggered = sorted(channel.id for channel in context.channels if channel.kind == "triggered")
    if plan.name in taken:
        raise ValueError(f"expected a trigger name that is not taken, got {plan.name!r}")
    if plan.channel not in triggered:
        raise ValueError(f"expected one of the channels for triggered campaigns {triggered}, got {plan.channel}")
    if campaign_taken:
        raise ValueError(f"expected a campaign id that no scheduled campaign has, got {plan.campaign}")
    if not plan.conditions:
        raise ValueError("expected at least one condition, got none")
