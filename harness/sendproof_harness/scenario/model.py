"""A scenario as values: what a checked scenario file says. `building` makes them of a file's content."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

#: In place of a provider's name: the file is played once for each of its `providers`.
ANY = "any"

Parameter = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """How many customers exist, which part of them opted out or has no usable number (0 to 1), and where they live.

    `outcomes`: the share of the customers with the test number of each outcome, by its name.
    """

    customers: int
    opted_out: Fraction
    unusable_numbers: Fraction
    country: str = "GB"
    outcomes: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One Optimove channel and the provider that carries its messages.

    With `testing` the bridge lets the provider send nothing. `overrides` is JSONata over event 11, of Delivyr alone.
    """

    id: int
    provider: str
    kind: str = "scheduled"
    testing: bool = False
    preference_channel: int | None = None
    overrides: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One message text at a provider. `body` marks attributes as `{{FIRST_NAME}}`."""

    provider: str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a campaign's customers (0 to 1), the template they get, and when."""

    share: Fraction
    template: str
    send_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a campaign sends on one channel."""

    channel: int
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One scheduled campaign: `customers` neighbours in the audience from `first_customer` on, in each of its parts.

    It is announced at `announced`, or by the night of `day` where there is a nightly process (None: that of the first
    sending). With `clearance_by` it is conditional; at `cancel_at` it is cancelled by itself.
    """

    campaign: int
    name: str
    customers: int
    first_customer: int
    announced: datetime | None
    parts: tuple[Part, ...]
    day: date | None = None
    clearance_by: datetime | None = None
    cancel_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """So many events of one name, with these parameters, from the oldest that counts to the newest within a time."""

    event: str
    count: int = 1
    within: timedelta | None = None
    where: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Who meets all criteria gets the template at once. `exclude`: attributes and parameters that are not told."""

    trigger: str
    campaign: int
    channel: int
    template: str
    criteria: tuple[Criterion, ...]
    exclude: tuple[str, ...] = ()
    repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRequirements:
    """What a client asks of the bridge. None: the bridge's own way."""

    reports: str | None = None
    opt_outs: str | None = None
    clears_campaigns: bool = False
    account_webhooks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSelection:
    """Some customers: neighbours from `first_customer` on, or a share of all that the seed draws."""

    customers: int | None = None
    first_customer: int = 0
    share: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Step: until so many listeners are registered and templates known, or all templates are (`synchronised`)."""

    listeners: int = 0
    templates: int = 0
    synchronised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCampaign:
    """Step: give a campaign to Optimove."""

    campaign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCampaign:
    """Step: cancel a campaign."""

    campaign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineTrigger:
    """Step: define a trigger in Optimove."""

    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvents:
    """Step: customers do something, each `times` times with `every` between; spread evenly over `spread`."""

    event: str
    selection: CustomerSelection
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    times: int = 1
    every: timedelta = timedelta()
    spread: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTemplate:
    """Step: somebody writes a template at the provider."""

    template: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTemplate:
    """Step: somebody gives a template another title."""

    provider: str
    title: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTemplate:
    """Step: somebody gives a template another text."""

    provider: str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemplate:
    """Step: somebody deletes a template."""

    provider: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Step: a file of the client's daily batch says that customers want no messages: `by` attribute or preference."""

    by: str
    selection: CustomerSelection
    channel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKey:
    """Step: the client's admin rotates, disables or enables the bridge's key. What was good ends after `overlap`."""

    action: str
    overlap: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendWebhooks:
    """Step: notifications of the past come once more: the `nth` of an event and, with `count`, those after it."""

    service: str
    event: str
    nth: int = 1
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Step: let virtual time pass."""

    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeListeners:
    """Step: post to every listener what its contract allows, and what it does not; so many `examples` are made up.

    A scenario file cannot ask for it; `sendproof contract` puts it among the steps. Whoever does not answer within
    `within_s` real seconds does not answer.
    """

    examples: int
    within_s: float


Step = (
    WaitFor
    | PlanCampaign
    | CancelCampaign
    | DefineTrigger
    | CustomerEvents
    | AddTemplate
    | RenameTemplate
    | ChangeTemplate
    | DeleteTemplate
    | OptOut
    | ChangeKey
    | ResendWebhooks
    | Advance
    | ProbeListeners
)

#: A fault as the file says it, its lengths of virtual time in milliseconds: what the control API takes.
Fault = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that one scenario file says, for one provider if it is to be played for several. Times are aware, in UTC."""

    name: str
    about: str
    seed: int
    starts: datetime
    audience: Audience
    channels: tuple[Channel, ...]
    templates: tuple[Template, ...]
    campaigns: tuple[Campaign, ...]
    steps: tuple[Step, ...]
    triggers: tuple[Trigger, ...] = ()
    bridge: BridgeRequirements = BridgeRequirements()
    nightly: str | None = None
    rate_limits: bool = True
    dialects: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    clients: tuple[str, ...] = ()
    provider: str | None = None


def virtual_duration(scenario: Scenario) -> timedelta:
    """How much virtual time the steps let pass."""
    return sum((step.by for step in scenario.steps if isinstance(step, Advance)), timedelta())


def shifted(scenario: Scenario, by: timedelta) -> Scenario:
    """The same scenario so much later: every time in it."""
    return replace(
        scenario,
        starts=scenario.starts + by,
        campaigns=tuple(_moved_campaign(campaign, by) for campaign in scenario.campaigns),
    )


def _moved_campaign(campaign: Campaign, by: timedelta) -> Campaign:
    parts = [
        replace(part, splits=tuple(replace(split, send_at=split.send_at + by) for split in part.splits))
        for part in campaign.parts
    ]
    return replace(
        campaign,
        announced=_later(campaign.announced, by),
        parts=tuple(parts),
        clearance_by=_later(campaign.clearance_by, by),
        cancel_at=_later(campaign.cancel_at, by),
    )


def _later(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment + by
