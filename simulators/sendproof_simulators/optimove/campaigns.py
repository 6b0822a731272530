"""Campaigns: planned by the control API, announced at their instant, and what each of their customers is owed."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from sendproof_simulators.core.audience import Audience, Customer
from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.clock import Instant, iso
from sendproof_simulators.core.exchange import Fact
from sendproof_simulators.provider import CampaignPlan, Split

PLANNED = "planned"
ANNOUNCED = "announced"
STEPS: Mapping[tuple[str, str], str] = {(PLANNED, "announce"): ANNOUNCED}
"""The life of a campaign: (state, step) -> next state. Any other step is refused."""

_BLOCK = 10_000


@dataclass(slots=True)
class Campaign:
    """One campaign and how far it has come."""

    plan: CampaignPlan
    chance: Chance
    state: str = PLANNED
    announced_at: Instant | None = None
    _bounds: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """Add the shares up; they need not make 1."""
        sums = list(accumulate(split.share for split in self.plan.splits))
        self._bounds = [bound / sums[-1] for bound in sums[:-1]]

    def announce(self, now: Instant) -> None:
        """Let the world know of it; `ValueError` when that has already happened."""
        if (self.state, "announce") not in STEPS:
            raise ValueError(f"expected campaign {self.plan.campaign} to be planned, it is {self.state}")
        self.state = STEPS[self.state, "announce"]
        self.announced_at = now

    def splits(self, start: int, stop: int) -> list[Split]:
        """The split of each row from `start` up to but not including `stop`: a draw for campaign and customer."""
        splits = self.plan.splits
        if not self._bounds:
            return [splits[0]] * (stop - start)
        customers = range(self.plan.first_customer + start, self.plan.first_customer + stop)
        draws = self.chance.fractions(customers, "split", self.plan.campaign)
        return [splits[bisect_right(self._bounds, draw)] for draw in draws]

    def view(self) -> dict[str, object]:
        """The control API's JSON view."""
        return {
            "campaign": self.plan.campaign,
            "channel": self.plan.channel,
            "customers": self.plan.customers,
            "state": self.state,
            "announced_at": None if self.announced_at is None else iso(self.announced_at),
        }


def check_plan(plan: CampaignPlan, audience: Audience) -> None:
    """Refuse, with `ValueError`, what cannot be a campaign for this audience."""
    end = plan.first_customer + plan.customers
    if plan.campaign < 0:
        raise ValueError(f"expected a campaign id of 0 or more, got {plan.campaign}")
    if plan.customers < 0 or plan.first_customer < 0 or end > audience.recipe.customers:
        raise ValueError(
            f"expected customers within the audience of {audience.recipe.customers}, "
            f"got {plan.customers} from number {plan.first_customer} on"
        )
    if not plan.splits:
        raise ValueError("expected at least one split, got none")
    for split in plan.splits:
        if not 0 < split.share < float("inf"):
            raise ValueError(f"expected a share above 0, got {split.share}")


def truth(audience: Audience, campaign: Campaign) -> Iterator[Fact]:
    """The campaign, and then what is owed to each of its customers, in the order of its pages."""
    yield Fact(kind="campaign", fields=_campaign_fields(campaign))
    plan = campaign.plan
    for start in range(0, plan.customers, _BLOCK):
        stop = min(start + _BLOCK, plan.customers)
        customers = audience.customers(plan.first_customer + start, plan.first_customer + stop)
        for customer, split in zip(customers, campaign.splits(start, stop), strict=True):
            yield Fact(kind="obligation", fields=_obligation(plan, customer, split))


def _campaign_fields(campaign: Campaign) -> dict[str, object]:
    plan = campaign.plan
    splits = [
        {"template": s.template, "title": s.title, "body": s.body, "send_at": iso(s.send_at), "share": s.share}
        for s in plan.splits
    ]
    return {
        "campaign": plan.campaign,
        "channel": plan.channel,
        "provider": plan.provider,
        "customers": plan.customers,
        "announced_at": campaign.view()["announced_at"],
        "splits": splits,
    }


def _obligation(plan: CampaignPlan, customer: Customer, split: Split) -> dict[str, object]:
    reason = "opted_out" if customer.opted_out else "unusable_number" if customer.number is None else None
    return {
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": customer.id,
        "template": split.template,
        "number": customer.number,
        "text": plan.render(split.body, customer.attributes) if reason is None else None,
        "due": iso(split.send_at),
        "owed": reason is None,
        "reason": reason,
    }
