"""Campaigns, triggers and customer events as the control API asks for them, for the marketing platform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a campaign's customers: their template (as the channel knows it), its text, and their send time."""

    share: float
    template: int
    title: str
    body: str
    send_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """A campaign's part on one channel. `render` makes the text that must arrive of a split's body and attributes."""

    channel: int
    provider: str
    splits: tuple[Split, ...]
    render: Callable[[str, Mapping[str, str | None]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """One scheduled campaign on one or more channels, as a recipe over the audience.

    Its customers are `customers` neighbours in the audience from `first_customer` on, the same on every channel.
    Where there is a nightly process, that of `day` (the midnight it begins with; None: that of the first sending)
    processes it, else it is processed at `announce_at`. `clearance_by` makes it wait until then for word of who may be
    sent to.
    """

    campaign: int
    name: str
    customers: int
    first_customer: int
    parts: tuple[ChannelPlan, ...]
    announce_at: Instant
    day: Instant | None = None
    clearance_by: Instant | None = None
    cancel_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A part of a trigger's criteria: `count` events of one name, the oldest at most `within_ms` before the newest.

    Only those count whose parameters equal what `where` says of them.
    """

    event: str
    count: int = 1
    within_ms: int | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPlan:
    """One trigger: who meets all `conditions` is sent a template at once. `action` is the id of Optimove's action.

    `exclude` names attributes and parameters that are not sent along; `repeat` lets it fire again for a customer.
    """

    name: str
    campaign: int
    channel: int
    provider: str
    template: int
    template_name: str
    title: str
    body: str
    render: Callable[[str, Mapping[str, str | None]], str]
    conditions: tuple[Condition, ...]
    exclude: frozenset[str] = frozenset()
    repeat: bool = False
    action: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent:
    """Something that a customer does, now (`at` None) or at an instant to come."""

    customer: str
    event: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    at: Instant | None = None
