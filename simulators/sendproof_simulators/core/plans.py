"""Requests of the control API to the marketing platform: plans of campaigns and triggers, and customer events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.message_types import SMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A share of a campaign's customers, with their template and send time.

    `template` is the id on the channel; `title` and `body` are those of the provider's template. `group` is the number
    of its group in an A/B test, Optimove's RecipientGroupID.
    """

    share: float
    template: int
    title: str
    body: str
    send_at: Instant
    group: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMessage:
    """The message that a customer is due, by the provider's own records. Without a number and a text: the reason."""

    number: str | None
    text: str | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """A campaign's part on one channel. `render(body, attributes)` makes the expected text of one customer.

    `app` is the id of one of the channel's apps, for channels that have apps. `message` is the type of its messages. If
    the provider knows the customers by their ids, `expected(split, customer)` returns what its records say.
    `values_may_be_html` is that of the provider's templates.
    """

    channel: int
    provider: str
    splits: tuple[Split, ...]
    render: Callable[[str, Mapping[str, str | None]], str]
    app: str | None = None
    message: str = SMS
    expected: Callable[[Split, str], ExpectedMessage] | None = None
    values_may_be_html: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """One scheduled campaign on one or more channels, as a recipe over the audience.

    It has `customers` consecutive customers of the audience from `first_customer`, the same on every channel. With a
    nightly process, that of `day` processes it: `day` is the midnight at its start; None is the day of the first
    sending. Without one it is processed at `announce_at`. With `clearance_by` it waits until then for the list of
    customers who may get messages. `control_group` is the share of its customers who get nothing, for comparison.
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
    control_group: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A part of a trigger's criteria: `count` events of one name, the oldest at most `within_ms` before the newest.

    Only events with the parameter values in `where` count.
    """

    event: str
    count: int = 1
    within_ms: int | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPlan:
    """One trigger: a customer who meets all `conditions` is sent a template at once.

    `action` is Optimove's action id. The attributes and parameters in `exclude` are not sent. With `repeat`, the
    trigger can fire again for a customer. `message` is the type of its messages. `values_may_be_html` is that of the
    provider's templates.
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
    message: str = SMS
    values_may_be_html: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvent:
    """An event of one customer, now (`at` None) or at a later instant.

    With `is_visitor`, `customer` is the id of a visitor of the client's site, who is no customer.
    """

    customer: str
    event: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    at: Instant | None = None
    is_visitor: bool = False
