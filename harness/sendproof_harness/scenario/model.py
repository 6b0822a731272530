"""The scenario model: frozen dataclasses for the content of a valid scenario file. `parse` builds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction

#: Stands for a provider: the scenario runs once for each provider in the `providers` list of the file.
ANY = "any"

#: The client names no sender, so the account's default counts.
NO_SENDER = "none"

#: The client keeps opt-outs in the consent attribute, too.
CONSENT_BY_ATTRIBUTE = "attribute"

#: The customers of one page; documented: openapi/optimove.yaml.
PAGE_SIZE = 10_000

Parameter = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Individual:
    """A customer that the scenario spells out, at the position `customer`. None leaves a property to the seed.

    `id` is the customer's own id; without it, the id follows from the position. `protection` is the one reason why the
    customer gets no message, or `none`. `number` is the text in the client's records. `same_number_as` is the
    position of another individual with the number. `devices` and `browsers` are what the customer has, as in the shares
    of the audience, and `address` what the records have as the e-mail address. `client` is the only client that has
    this individual; None means each client.
    """

    customer: int
    client: str | None = None
    id: str | None = None
    protection: str | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    spelling: str | None = None
    number: str | None = None
    same_number_as: int | None = None
    outcome: str | None = None
    devices: str | None = None
    address: str | None = None
    browsers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAttribute:
    """An attribute of the client's own. `name` is its real field name, `alias` the one on Optimove's screens.

    `values` maps values to shares of customers; all others have the `default`.
    """

    name: str
    type: str
    alias: str | None = None
    default: str | None = None
    values: Mapping[str, Fraction] = field(default_factory=dict)
    registered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A provider's daily sync of an attribute; customers with one of the `excluded` values get no message."""

    attribute: str
    excluded: tuple[str, ...] = ("true", "1")
    daily_at: str = "03:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment on the provider's side: it leaves out a share of the customers, and those at these positions."""

    excludes: Fraction = Fraction(0)
    customers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyScope:
    """The access type and the scopes of a credential for Optimove. None sets no limit."""

    access: str = "Integrations"
    functions: tuple[str, ...] | None = None
    channels: tuple[int, ...] | None = None
    attributes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that the run must contain to prove anything. A duration in `value` is in milliseconds."""

    kind: str
    value: str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The customers of a sandbox: their number, country and shares with special properties.

    `opted_out` and `unusable_numbers` are shares from 0 to 1. `outcomes` maps the name of a delivery outcome to the
    share of customers with a test number for it. `spellings` are shares of customers by the form of their number; None
    leaves them to the simulators. `attributes` are the client's own, `attribute_names` its names of usual ones.
    `individuals` are spelled out. `devices` are shares of customers by their devices; None if the client has no app.
    `browsers` are the same for browsers that subscribed to web push notifications, and `addresses` are those by their
    e-mail address; None if the client sends no e-mails.
    """

    customers: int
    opted_out: Fraction
    unusable_numbers: Fraction
    country: str = "GB"
    outcomes: Mapping[str, Fraction] = field(default_factory=dict)
    spellings: Mapping[str, Fraction] | None = None
    attributes: tuple[ClientAttribute, ...] = ()
    attribute_names: Mapping[str, str] = field(default_factory=dict)
    individuals: tuple[Individual, ...] = ()
    devices: Mapping[str, Fraction] | None = None
    addresses: Mapping[str, Fraction] | None = None
    browsers: Mapping[str, Fraction] | None = None

    def name_of(self, usual: str) -> str:
        """Return the client's real field name of a usual attribute."""
        return self.attribute_names.get(usual, usual)


#: How a bridge names the recipients of a channel to its provider.
NUMBERS, CUSTOMER_IDS = "numbers", "customer_ids"

#: The types of messages.
SMS, PUSH, WEB_PUSH, INBOX, EMAIL = "sms", "push", "web_push", "inbox", "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One Optimove channel and the provider that carries its messages.

    With `testing` the bridge must use the provider's testing mode, which sends nothing. `overrides` is a JSONata
    expression over event 11. `exclude` lists the attributes and parameters that event 11 leaves out. With `recipients`
    customer_ids, the provider knows the customers and fills in the texts. `apps` maps the id of each app that marketers
    may choose to its name. `message` is the type of all of its messages. With `shared_account`, other systems of the
    client send through the account, too.
    """

    id: int
    provider: str
    kind: str = "scheduled"
    testing: bool = False
    preference_channel: int | None = None
    overrides: str | None = None
    recipients: str = NUMBERS
    exclude: tuple[str, ...] = ()
    apps: Mapping[str, str] = field(default_factory=dict)
    message: str = SMS
    shared_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """The translations of a template: a body for each value of the attribute that chooses the language."""

    attribute: str
    bodies: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message template at a provider. Placeholders in `body` have the form `{{FIRST_NAME}}`.

    `url` is the target of its link, for a provider whose templates have one; the others ignore it. `segment` is a
    further selection on the provider's side. `message` is the type of its messages; all but an SMS can have a
    `heading`. For an e-mail that is the `subject` in the file, and the body is HTML.
    """

    provider: str
    title: str
    body: str
    url: str | None = None
    translations: Translations | None = None
    segment: Segment | None = None
    message: str = SMS
    heading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerImport:
    """The client's daily import of its customers into the providers that know them, `at` a time of day in UTC.

    `new_customers` has the day of the first import of customers who joined later, by position.
    """

    at: time
    new_customers: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A share (0 to 1) of a campaign's customers, with the template and the due time of their message.

    `group` is the number of their group in an A/B test: 1 is group A.
    """

    share: Fraction
    template: str
    send_at: datetime
    group: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The splits of a campaign on one channel, and the app of the channel that the marketer chose, if any."""

    channel: int
    splits: tuple[Split, ...]
    app: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A scheduled campaign. Each of its parts addresses `customers` consecutive customers from `first_customer` on.

    Optimove announces it at `announced`. With a nightly process, it announces it in the nightly process of `day`; None
    means the day of the first message. A campaign with `clearance_by` is conditional. At `cancel_at` the campaign
    cancels itself. `control_group` is the share (0 to 1) of the customers who get nothing, for comparison.
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
    control_group: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A condition of a trigger: `count` events with these parameters, at most `within` between oldest and newest."""

    event: str
    count: int = 1
    within: timedelta | None = None
    where: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger: Optimove sends event 11 for each customer who meets all criteria, and the message is due at once.

    `exclude` lists the attributes and parameters that event 11 leaves out, in addition to those of the channel.
    """

    trigger: str
    campaign: int
    channel: int
    template: str
    criteria: tuple[Criterion, ...]
    exclude: tuple[str, ...] = ()
    repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeRequirements:
    """The configuration that a client requires of the bridge. None leaves the choice to the bridge.

    With `consent` attribute the client keeps opt-outs in the consent attribute, too; None means only at the provider.
    """

    consent: str | None = None
    reports: str | None = None
    reports_a_day: int | None = None
    opt_outs: str | None = None
    clears_campaigns: bool = False
    account_webhooks: bool = False
    signed_webhooks: bool = False
    webhook_login: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """What one of several clients has of its own. None, and a name that is absent, leave it as for all clients."""

    sender: str | None = None
    country: str | None = None
    attribute_names: Mapping[str, str] = field(default_factory=dict)
    reports_a_day: int | None = None
    opt_outs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSelection:
    """The customers of a step: consecutive ones from `first_customer` on, or a share chosen by the seed."""

    customers: int | None = None
    first_customer: int = 0
    share: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Step: wait until the bridge has registered `listeners` and added `templates` in Optimove.

    With `synchronised`, wait until Optimove lists exactly the templates of each channel's provider.
    """

    listeners: int = 0
    templates: int = 0
    synchronised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCampaign:
    """Step: schedule a campaign in Optimove."""

    campaign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCampaign:
    """Step: a client cancels its campaign; without a `client`, each client does."""

    campaign: int
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineTrigger:
    """Step: define a trigger in Optimove."""

    trigger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEvents:
    """Step: each selected customer has the event `times` times, with `every` between two of them.

    The customers start evenly distributed over `spread`. With `visitors`, this number of visitors, who are no
    customers, have the event instead.
    """

    event: str
    selection: CustomerSelection
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    times: int = 1
    every: timedelta = timedelta()
    spread: timedelta = timedelta()
    visitors: int = 0
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTemplate:
    """Step: add a template at the provider."""

    template: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTemplate:
    """Step: rename a template at the provider."""

    provider: str
    title: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTemplate:
    """Step: change the text of a template at the provider."""

    provider: str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemplate:
    """Step: delete a template at the provider."""

    provider: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Step: customers opt out in a file of the client's daily batch, `by` attribute or preference."""

    by: str
    selection: CustomerSelection
    channel: int | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """Step: customers opt in again in a file of the client's daily batch, `by` attribute or preference."""

    by: str
    selection: CustomerSelection
    channel: int | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAttributes:
    """Step: a file of the client's daily batch changes attributes of customers."""

    selection: CustomerSelection
    values: Mapping[str, str | None]
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAttribute:
    """Step: the client adds an attribute to all customers in Optimove."""

    name: str
    type: str
    default: str | None = None
    registered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAttribute:
    """Step: Optimove lets vendors sync an attribute."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKey:
    """Step: the client's administrator rotates, disables or enables the bridge's key for Optimove.

    The previous key stays valid for `overlap`.
    """

    action: str
    overlap: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendWebhooks:
    """Step: send `count` past webhooks of an event again, starting with the `nth`; the oldest is 1."""

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
    """Step: post valid and invalid events to every listener, `examples` of each kind generated from the contract.

    Scenario files cannot contain this step; `sendproof contract` inserts it. A listener that does not respond within
    `within_s` real seconds counts as not responding.
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
    | OptIn
    | ChangeAttributes
    | AddAttribute
    | RegisterAttribute
    | ChangeKey
    | ResendWebhooks
    | Advance
    | ProbeListeners
)

#: A fault in the form of the control API: virtual durations are in milliseconds.
Fault = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The content of a scenario file, for one of its `providers` if it lists some. Times are aware, in UTC.

    `sender` is the client's sender, or `none` if the client keeps the default of its account; None leaves it to us.
    `source` is the file below the working folder, empty for a scenario of the library.
    """

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
    customer_import: CustomerImport | None = None
    rate_limits: bool = True
    sender: str | None = None
    dialects: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    clients: tuple[str, ...] = ()
    client_settings: Mapping[str, ClientSettings] = field(default_factory=dict)
    provider: str | None = None
    subjects: tuple[Subject, ...] = ()
    keys: Mapping[str, KeyScope] = field(default_factory=dict)
    suppression: Suppression | None = None
    source: str = ""


def scenario_of_client(scenario: Scenario, client: str) -> Scenario:
    """Return the scenario as one of its clients lives it: with its settings, and without what only others have."""
    own = with_own_settings(scenario, client)
    steps = tuple(step for step in scenario.steps if getattr(step, "client", None) in {None, client})
    individuals = tuple(i for i in scenario.audience.individuals if i.client in {None, client})
    return replace(own, steps=steps, audience=replace(own.audience, individuals=individuals))


def with_own_settings(scenario: Scenario, client: str) -> Scenario:
    """Return the scenario with the settings of a client in place of those for all clients."""
    own, audience, bridge = scenario.client_settings.get(client, ClientSettings()), scenario.audience, scenario.bridge
    return replace(
        scenario,
        sender=own.sender or scenario.sender,
        audience=replace(
            audience,
            country=own.country or audience.country,
            attribute_names={**audience.attribute_names, **own.attribute_names},
        ),
        bridge=replace(
            bridge,
            reports_a_day=own.reports_a_day or bridge.reports_a_day,
            opt_outs=own.opt_outs or bridge.opt_outs,
        ),
    )


def virtual_duration(scenario: Scenario) -> timedelta:
    """Return the virtual time that passes in all steps together."""
    return sum((step.by for step in scenario.steps if isinstance(step, Advance)), timedelta())


def shifted(scenario: Scenario, by: timedelta) -> Scenario:
    """Return the scenario with every time moved by `by`."""
    return replace(
        scenario,
        starts=scenario.starts + by,
        campaigns=tuple(_shifted_campaign(campaign, by) for campaign in scenario.campaigns),
    )


def _shifted_campaign(campaign: Campaign, by: timedelta) -> Campaign:
    parts = [
        replace(part, splits=tuple(replace(split, send_at=split.send_at + by) for split in part.splits))
        for part in campaign.parts
    ]
    return replace(
        campaign,
        announced=_shifted_time(campaign.announced, by),
        parts=tuple(parts),
        # A day counts only in scenarios with a nightly run, which move by whole days.
        day=None if campaign.day is None else campaign.day + by,
        clearance_by=_shifted_time(campaign.clearance_by, by),
        cancel_at=_shifted_time(campaign.cancel_at, by),
    )


def _shifted_time(time: datetime | None, by: timedelta) -> datetime | None:
    return None if time is None else time + by
