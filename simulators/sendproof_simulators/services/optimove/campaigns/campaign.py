"""Scheduled campaigns: their states, their executions on channels, and the split of each customer."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Split
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.campaigns.clearance import Clearance

PLANNED = "planned"
PROCESSED = "processed"
ON_HOLD = "on_hold"
CLEARED = "cleared"
ANNOUNCED = "announced"
CANCELLED = "cancelled"
TRANSITIONS: Mapping[tuple[str, str], str] = {
    (PLANNED, "process"): PROCESSED,
    (PROCESSED, "hold"): ON_HOLD,
    (ON_HOLD, "clear"): CLEARED,
    (PROCESSED, "announce"): ANNOUNCED,
    (CLEARED, "announce"): ANNOUNCED,
    (PLANNED, "cancel"): CANCELLED,
    (ON_HOLD, "cancel"): CANCELLED,
    (ANNOUNCED, "cancel"): CANCELLED,
}
"""The life cycle of a campaign: (state, transition) -> next state. Any other transition is an error.

`processed` and `cleared` have no duration: the next transition follows at the same instant.
"""

# documented: 1 is the test group, or group A, https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions;
# assumed: the further groups of an A/B test are 2 and so on, and the control group is none of them.
TEST_GROUP = 1
CONTROL_GROUP = 0

_COUNTING_BLOCK = 10_000


@dataclass(slots=True, eq=False)
class Execution:
    """One campaign on one channel. `repr` omits `campaign`, because the campaign contains its executions."""

    campaign: "Campaign" = field(repr=False)
    plan: ChannelPlan
    #: The upper bound of each split except the last, as a fraction of all customers.
    split_bounds: list[float] = field(init=False)
    # Cached by the number of customers, because a clearance can only remove customers.
    _split_sizes: dict[int, list[int]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Compute the bounds of the splits. Shares are relative, so their sum need not be 1."""
        sums = list(accumulate(split.share for split in self.plan.splits))
        self.split_bounds = [bound / sums[-1] for bound in sums[:-1]]

    def splits(self, customers: Sequence[int]) -> list[Split]:
        """Return the split of each of these customers (by index in the audience): a draw for campaign and customer.

        The draw does not depend on the channel: a customer in the first half on one channel is in it on every channel.
        """
        splits = self.plan.splits
        return [splits[index] for index in self._split_indexes(customers)]

    @property
    def split_path(self) -> tuple[str, int]:
        """The path of the draw of a customer's split, without the customer."""
        return "split", self.campaign.plan.campaign

    def split_sizes(self) -> list[int]:
        """Return the number of customers in each split."""
        customers = self.campaign.customers
        if len(customers) not in self._split_sizes:
            starts = range(0, len(customers), _COUNTING_BLOCK)
            blocks = (customers[start : start + _COUNTING_BLOCK] for start in starts)
            counts = Counter(index for block in blocks for index in self._split_indexes(block))
            self._split_sizes[len(customers)] = [counts[index] for index in range(len(self.plan.splits))]
        return self._split_sizes[len(customers)]

    def _split_indexes(self, customers: Sequence[int]) -> list[int]:
        if not self.split_bounds:
            return [0] * len(customers)
        draws = self.campaign.random.fractions(customers, *self.split_path)
        return [bisect_right(self.split_bounds, draw) for draw in draws]


@dataclass(slots=True, eq=False)
class Campaign:
    """One campaign and its state. `customers` are its recipients, by index in the audience.

    `control` are the customers of its control group, on every channel: they get nothing. The draw leaves out `decided`
    customers, whose protection the scenario spells out. `changed_before` are customers whose records changed at the
    instant of the announcement, and before it.
    """

    plan: CampaignPlan
    random: KeyedRandom = field(repr=False)
    decided: frozenset[int] = field(repr=False, default=frozenset())
    state: str = PLANNED
    processed_at: Instant | None = None
    announced_at: Instant | None = None
    changed_before: frozenset[int] = frozenset()
    cancelled_at: Instant | None = None
    clearance: Clearance | None = field(init=False)
    customers: Sequence[int] = field(init=False)
    control: frozenset[int] = field(init=False, repr=False)
    executions: dict[int, Execution] = field(init=False)

    def __post_init__(self) -> None:
        """Create the execution on each channel, and the clearance of a conditional campaign."""
        plan = self.plan
        self.control = frozenset(self._draw_control_group())
        everyone = self.target_group
        self.customers = array("L", (i for i in everyone if i not in self.control)) if self.control else everyone
        self.executions = {part.channel: Execution(self, part) for part in plan.parts}
        self.clearance = None if plan.clearance_by is None else Clearance(plan.clearance_by)

    @property
    def target_group(self) -> range:
        """All customers of the campaign, with its control group, by index in the audience."""
        return range(self.plan.first_customer, self.plan.first_customer + self.plan.customers)

    def _draw_control_group(self) -> Iterator[int]:
        """Yield the customers of the control group. Optimove selects it before the campaign (documented)."""
        share, target_group = self.plan.control_group, self.target_group
        for start in range(0, len(target_group) if share else 0, _COUNTING_BLOCK):
            block = target_group[start : start + _COUNTING_BLOCK]
            draws = self.random.fractions(block, "control_group", self.plan.campaign)
            drawn = (customer for customer, draw in zip(block, draws, strict=True) if draw < share)
            yield from (customer for customer in drawn if customer not in self.decided)

    def change_state(self, transition: str) -> None:
        """Go to the next state; raise `ValueError` if the table has no such transition from this state."""
        if (self.state, transition) not in TRANSITIONS:
            expected = " or ".join(state for state, name in TRANSITIONS if name == transition).replace("_", " ")
            actual = self.state.replace("_", " ")
            raise ValueError(f"expected campaign {self.plan.campaign} to be {expected}, it is {actual}")
        self.state = TRANSITIONS[self.state, transition]

    @property
    def is_known_to_bridge(self) -> bool:
        """Return True if an event about the campaign can have been sent."""
        return self.announced_at is not None or (self.state == CANCELLED and self.processed_at is not None)

    def json_view(self) -> dict[str, object]:
        """Return the control API's JSON of the campaign."""
        plan = self.plan
        return {
            "campaign": plan.campaign,
            "channel": plan.parts[0].channel,
            "channels": [part.channel for part in plan.parts],
            "customers": plan.customers,
            "state": self.state,
            "announced_at": iso_or_none(self.announced_at),
            "clearance_by": iso_or_none(plan.clearance_by),
            "cancelled_at": iso_or_none(self.cancelled_at),
        }


def check_plan(plan: CampaignPlan, context: SandboxContext) -> None:
    """Raise `ValueError` if the plan is not possible in this sandbox."""
    _check_channels(plan, context)
    end, size = plan.first_customer + plan.customers, context.audience.recipe.customers
    if plan.campaign < 0:
        raise ValueError(f"expected a campaign id of 0 or more, got {plan.campaign}")
    if plan.customers < 0 or plan.first_customer < 0 or end > size:
        raise ValueError(
            f"expected customers within the audience of {size}, "
            f"got {plan.customers} from number {plan.first_customer} on"
        )
    if not 0 <= plan.control_group < 1:
        raise ValueError(f"expected a control group from 0 to below 1, got {plan.control_group}")
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


def iso_or_none(instant: Instant | None) -> str | None:
    """Return an instant in ISO 8601, or None."""
    return None if instant is None else iso(instant)
