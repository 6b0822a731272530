"""Campaigns: planned by the control API, processed, announced on their channels, and what each customer is owed."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.clock.wall_clock import HOUR, Instant, iso
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Split
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.campaigns.clearance import Clearance
from sendproof_simulators.services.optimove.customers.records import Customers

PLANNED = "planned"
PROCESSED = "processed"
ON_HOLD = "on_hold"
CLEARED = "cleared"
ANNOUNCED = "announced"
CANCELLED = "cancelled"
STEPS: Mapping[tuple[str, str], str] = {
    (PLANNED, "process"): PROCESSED,
    (PROCESSED, "hold"): ON_HOLD,
    (ON_HOLD, "clear"): CLEARED,
    (PROCESSED, "announce"): ANNOUNCED,
    (CLEARED, "announce"): ANNOUNCED,
    (PLANNED, "cancel"): CANCELLED,
    (ON_HOLD, "cancel"): CANCELLED,
    (ANNOUNCED, "cancel"): CANCELLED,
}
"""The life of a campaign: (state, step) -> next state. Any other step is refused.

`processed` and `cleared` last no time: the next step follows at the same instant.
"""

# documented: https://developer.optimove.com/reference/get_customers-getcanceledcampaigncustomers
CANCELLED_READABLE_MS = 2 * HOUR

_BLOCK = 10_000


@dataclass(slots=True, eq=False)
class Execution:
    """One campaign on one channel. `campaign` is left out of the text form, because it holds this in turn."""

    campaign: "Campaign" = field(repr=False)
    part: ChannelPlan
    _bounds: list[float] = field(init=False)
    # By how many customers there are: a clearance only ever leaves some out.
    _sizes: dict[int, list[int]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Add the shares up; they need not make 1."""
        sums = list(accumulate(split.share for split in self.part.splits))
        self._bounds = [bound / sums[-1] for bound in sums[:-1]]

    def splits(self, customers: Sequence[int]) -> list[Split]:
        """The split of each of these customers (by index in the audience): a draw for campaign and customer.

        The draw does not know the channel: whoever is in the first half of one is in the first half of each.
        """
        splits = self.part.splits
        return [splits[place] for place in self._places(customers)]

    def sizes(self) -> list[int]:
        """How many customers each split has."""
        everybody = self.campaign.customers
        if len(everybody) not in self._sizes:
            starts = range(0, len(everybody), _BLOCK)
            counts = Counter(place for start in starts for place in self._places(everybody[start : start + _BLOCK]))
            self._sizes[len(everybody)] = [counts[place] for place in range(len(self.part.splits))]
        return self._sizes[len(everybody)]

    def _places(self, customers: Sequence[int]) -> list[int]:
        if not self._bounds:
            return [0] * len(customers)
        draws = self.campaign.random.fractions(customers, "split", self.campaign.plan.campaign)
        return [bisect_right(self._bounds, draw) for draw in draws]


@dataclass(slots=True, eq=False)
class Campaign:
    """One campaign and how far it has come. `customers` are those who are in it, by index in the audience."""

    plan: CampaignPlan
    random: KeyedRandom = field(repr=False)
    state: str = PLANNED
    processed_at: Instant | None = None
    announced_at: Instant | None = None
    cancelled_at: Instant | None = None
    clearance: Clearance | None = field(init=False)
    customers: Sequence[int] = field(init=False)
    executions: dict[int, Execution] = field(init=False)

    def __post_init__(self) -> None:
        """Open the channels, and the list of those who are cleared if there has to be one."""
        plan = self.plan
        self.customers = range(plan.first_customer, plan.first_customer + plan.customers)
        self.executions = {part.channel: Execution(self, part) for part in plan.parts}
        self.clearance = None if plan.clearance_by is None else Clearance(plan.clearance_by)

    def step(self, name: str) -> None:
        """Go on in life; `ValueError` when the table has no such step from here."""
        if (self.state, name) not in STEPS:
            expected = " or ".join(state for state, step in STEPS if step == name).replace("_", " ")
            actual = self.state.replace("_", " ")
            raise ValueError(f"expected campaign {self.plan.campaign} to be {expected}, it is {actual}")
        self.state = STEPS[self.state, name]

    @property
    def known(self) -> bool:
        """Whether a bridge can have heard of it."""
        return self.announced_at is not None or (self.state == CANCELLED and self.processed_at is not None)

    def view(self) -> dict[str, object]:
        """The control API's JSON view."""
        plan = self.plan
        return {
            "campaign": plan.campaign,
            "channel": plan.parts[0].channel,
            "channels": [part.channel for part in plan.parts],
            "customers": plan.customers,
            "state": self.state,
            "announced_at": _text(self.announced_at),
            "clearance_by": _text(plan.clearance_by),
            "cancelled_at": _text(self.cancelled_at),
        }


def check_plan(plan: CampaignPlan, context: SandboxContext) -> None:
    """Refuse, with `ValueError`, what cannot be a campaign in this world."""
    _check_channels(plan, context)
    end, size = plan.first_customer + plan.customers, context.audience.recipe.customers
    if plan.campaign < 0:
        raise ValueError(f"expected a campaign id of 0 or more, got {plan.campaign}")
    if plan.customers < 0 or plan.first_customer < 0 or end > size:
        raise ValueError(
            f"expected customers within the audience of {size}, "
            f"got {plan.customers} from number {plan.first_customer} on"
        )
    for part in plan.parts:
        _check_splits(part.splits)


def _check_channels(plan: CampaignPlan, context: SandboxContext) -> None:
    scheduled = sorted(channel.id for channel in context.channels if channel.kind == "scheduled")
    channels = [part.channel for part in plan.parts]
    if not channels or len(set(channels)) < len(channels):
        raise ValueError(f"expected one or more different channels, got {channels}")
    for channel in channels:
        if channel not in scheduled:
            raise ValueError(f"expected one of the channels for scheduled campaigns {scheduled}, got {channel}")


def _check_splits(splits: Sequence[Split]) -> None:
    if not splits:
        raise ValueError("expected at least one split, got none")
    for split in splits:
        if not 0 < split.share < float("inf"):
            raise ValueError(f"expected a share above 0, got {split.share}")


def expectations(people: Customers, campaign: Campaign) -> Iterator[JournalEntry]:
    """For each channel: the campaign, and then what is owed to each of its customers, in the order of its pages."""
    for execution in campaign.executions.values():
        yield JournalEntry(kind="campaign", fields=_campaign_fields(execution))
        yield from _obligations(people, execution)


def _obligations(people: Customers, execution: Execution) -> Iterator[JournalEntry]:
    plan = execution.campaign.plan
    end = plan.first_customer + plan.customers
    for start in range(plan.first_customer, end, _BLOCK):
        block = range(start, min(start + _BLOCK, end))
        rows = zip(block, people.customers(block.start, block.stop), execution.splits(block), strict=True)
        for index, customer, split in rows:
            yield JournalEntry(kind="obligation", fields=_obligation(execution, index, customer, split))


def _campaign_fields(execution: Execution) -> dict[str, object]:
    campaign, part = execution.campaign, execution.part
    splits = [
        {"template": s.template, "title": s.title, "body": s.body, "send_at": iso(s.send_at), "share": s.share}
        for s in part.splits
    ]
    return {
        "campaign": campaign.plan.campaign,
        "channel": part.channel,
        "provider": part.provider,
        "customers": campaign.plan.customers,
        "rows": len(campaign.customers),
        "announced_at": _text(campaign.announced_at),
        "cancelled_at": _text(campaign.cancelled_at),
        "splits": splits,
    }


def _obligation(execution: Execution, index: int, customer: Customer, split: Split) -> dict[str, object]:
    part, reason = execution.part, _reason(execution.campaign, index, customer, split)
    return {
        "campaign": execution.campaign.plan.campaign,
        "channel": part.channel,
        "customer": customer.id,
        "template": split.template,
        "number": customer.number,
        "text": part.render(split.body, customer.attributes) if reason is None else None,
        "due": iso(split.send_at),
        "owed": reason is None,
        "reason": reason,
    }


def _reason(campaign: Campaign, index: int, customer: Customer, split: Split) -> str | None:
    """Why nothing is owed, if so. What was due by the instant of a cancellation had to be sent."""
    if campaign.clearance is not None and campaign.clearance.leaves_out(index):
        return "not_cleared"
    if customer.opted_out:
        return "opted_out"
    if customer.number is None:
        return "unusable_number"
    in_time = campaign.announced_at is not None and split.send_at <= (campaign.cancelled_at or split.send_at)
    return None if in_time else "cancelled"


def _text(instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant)
