"""The history of a run, version 1: all that a judge may look at.

A history is a file of JSON lines. The first line says what was run (`Header`), then come the *truth* (campaigns,
and per customer what was owed) and the *events* in the order they happened, and last how many lines there are (`End`).
`reading` makes these records of a file.
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sendproof_harness.history.header import Header
from sendproof_harness.history.timestamps import Instant

VERSION = 1

TemplateId = int | str


# Decoded lines hold no cycles, so the garbage collector need not walk a million of them (`gc=False`).
class Record(msgspec.Struct, frozen=True, gc=False, tag_field="kind"):
    """One line. `at` is virtual time; a line of the truth says when it became true."""

    n: int
    at: Instant


class Split(msgspec.Struct, frozen=True):
    """One share of a campaign: its template as the channel knows it, and its send time."""

    template: TemplateId
    title: str
    body: str
    send_at: Instant
    share: float


class Campaign(Record, frozen=True, gc=False, tag="campaign"):
    """Truth: one scheduled campaign on one channel. `rows` is how many of its `customers` it was announced for."""

    campaign: int
    channel: int
    provider: str
    customers: int
    announced_at: Instant | None
    splits: tuple[Split, ...]
    rows: int | None = None
    cancelled_at: Instant | None = None


class Obligation(Record, frozen=True, gc=False, tag="obligation"):
    """Truth: what must reach one customer, or (`owed` false) must not; by a `trigger` if it names one.

    `reason` why nothing is owed: opted_out, unusable_number, not_cleared (conditional execution) or cancelled.
    """

    campaign: int
    channel: int
    customer: str
    template: TemplateId
    number: str | None
    text: str | None
    due: Instant
    owed: bool
    reason: str | None = None
    trigger: str | None = None


class Violation(msgspec.Struct, frozen=True, gc=False):
    """One rule of the contract that a request broke.

    Of a body: `pointer` is the JSON pointer of the smallest wrong part, `value` that part alone, and `wanted` in words
    what belongs there.
    """

    where: str
    rule: str
    message: str
    pointer: str = ""
    wanted: str = ""
    value: str | None = None


class Fault(Record, frozen=True, gc=False, tag="fault"):
    """A fault of the header struck a call or a webhook, the `nth` that matched; the line of that is the next.

    It is `missed` when nobody did to the bridge what it asks for: then the call or webhook went on as any other.
    """

    id: str
    fault: str
    target: Literal["call", "webhook"]
    service: str
    name: str
    nth: int
    when: Literal["before", "after"]
    missed: bool = False


class Struck(msgspec.Struct, frozen=True, gc=False):
    """What a fault did to a call. `effect`: the service did what was asked; `reply`: what arrived of its reply."""

    id: str
    fault: str
    effect: bool
    reply: Literal["lost", "changed", "whole"]


class Request(Record, frozen=True, gc=False, tag="request"):
    """One call of the bridge. `note` is the operation's own summary, when it has one.

    `status` is 0 when a fault kept the call from the service, and nothing was answered. `key` is what the credential is
    called that was shown (`api_key`), `answer` how the answer begins that refused the call.
    """

    service: str
    operation: str | None
    method: str
    path: str
    credential: str
    status: int
    violations: tuple[Violation, ...] = ()
    note: dict[str, Any] | None = None
    fault: Struck | None = None
    key: str = ""
    answer: str | None = None


class Examination(Record, frozen=True, gc=False, tag="examination"):
    """One call of `sendproof doctor` or of the like before a run. It changed nothing and says nothing of the bridge."""

    service: str
    operation: str | None
    status: int


class Listener(Record, frozen=True, gc=False, tag="listener"):
    """An event listener was registered or unregistered."""

    action: Literal["registered", "unregistered"]
    event_type: int
    channel: int | None
    url: str


class ChannelTemplate(msgspec.Struct, frozen=True, gc=False):
    """A template as the channel knows it; a deletion may leave the name out."""

    id: TemplateId
    name: str | None = None


class ChannelTemplates(Record, frozen=True, gc=False, tag="channel_templates"):
    """The bridge told the platform about templates."""

    channel: int
    action: Literal["added", "renamed", "unchanged", "deleted"]
    templates: tuple[ChannelTemplate, ...]


class ProviderTemplate(Record, frozen=True, gc=False, tag="provider_template"):
    """Somebody changed a template at the message provider."""

    service: str
    action: Literal["created", "renamed", "changed", "deleted"]
    id: TemplateId
    title: str | None = None
    body: str | None = None


class Delivery(Record, frozen=True, gc=False, tag="delivery"):
    """A provider accepted one message, to go out at `send_at`. `given` is a number spelled as it should not be.

    `request` is the line (`n`) of the request that it came with, where there was one.
    """

    service: str
    message: str
    number: str
    text: str
    send_at: Instant
    test: bool = False
    given: str | None = None
    request: int | None = None


class Withdrawal(Record, frozen=True, gc=False, tag="withdrawal"):
    """The bridge took back an accepted message before it went out."""

    service: str
    message: str


class Rejection(Record, frozen=True, gc=False, tag="rejection"):
    """A provider refused one message."""

    service: str
    number: str
    text: str
    code: int | str | None = None
    reason: str | None = None


class DeliveryStatus(Record, frozen=True, gc=False, tag="outcome"):
    """The final state of a delivery at the provider."""

    service: str
    message: str
    status: Literal["delivered", "undelivered", "expired", "invalid", "unknown"]


class Webhook(Record, frozen=True, gc=False, tag="webhook"):
    """One attempt to hand a notification to the bridge; attempts of one notification share `key`.

    `retry_at` is when it is tried again, if at all. `copy` counts how often it was sent anew. An attempt that was
    `lost` never left the sandbox. `fault` is the id of the fault that struck it. The answer took `took_ms` real
    milliseconds.
    """

    service: str
    event: str
    key: str
    url: str
    attempt: int
    status: int | None
    error: str | None
    retry_at: Instant | None = None
    copy: int = 0
    lost: bool = False
    fault: str | None = None
    took_ms: float | None = None


class CustomerEvent(Record, frozen=True, gc=False, tag="customer_event"):
    """A customer did something that a trigger may count."""

    customer: str
    event: str
    parameters: dict[str, Any] = {}


class Trigger(Record, frozen=True, gc=False, tag="trigger"):
    """A customer met the criteria of a trigger: event 11 is due to the listener of its channel."""

    trigger: str
    campaign: int
    channel: int
    customer: str
    template: TemplateId
    request_id: str


class Cancelled(Record, frozen=True, gc=False, tag="cancelled"):
    """A campaign was cancelled. `was` is its state before: planned, on_hold or announced."""

    campaign: int
    channels: tuple[int, ...]
    was: str
    customers: int


class Clearance(Record, frozen=True, gc=False, tag="clearance"):
    """A campaign waits for word of who may be sent to, was given some, or waits no more."""

    campaign: int
    action: Literal["required", "given", "closed"]
    required_by: Instant
    named: int
    cleared: int


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One total that the bridge reported."""

    channel: int = msgspec.field(name="ChannelID")
    campaign: int = msgspec.field(name="CampaignID")
    template: TemplateId = msgspec.field(name="TemplateID")
    metric: int = msgspec.field(name="MetricID")
    value: int = msgspec.field(name="MetricValue")


class Metrics(Record, frozen=True, gc=False, tag="metrics"):
    """One accepted call of UpdateCampaignMetrics."""

    items: tuple[Metric, ...]
    channel: int | None = None


class Interactions(Record, frozen=True, gc=False, tag="interactions"):
    """One accepted call of UpdateCampaignInteractions."""

    campaign: int
    channel: int
    template: TemplateId
    event_id: int
    customers: tuple[str, ...]
    date: str | None = None


class Clock(Record, frozen=True, gc=False, tag="clock"):
    """Time was advanced, or somebody joined or left the clock."""

    action: Literal["advance", "joined", "left"]
    participant: str | None = None
    to: Instant | None = None


class OptOut(Record, frozen=True, gc=False, tag="opt_out"):
    """A number opted out at the provider."""

    service: str
    number: str
    how: str | None = None


class Click(Record, frozen=True, gc=False, tag="click"):
    """Somebody followed the link of a message."""

    service: str
    message: str
    number: str


class Inbound(Record, frozen=True, gc=False, tag="inbound"):
    """Somebody wrote back to the provider."""

    service: str
    number: str
    text: str


class AttributeSync(Record, frozen=True, gc=False, tag="attribute_sync"):
    """A provider fetched an attribute of its profiles from the platform, or (`error`) could not."""

    service: str
    attribute: str
    profiles: int
    error: str | None = None


class Attribute(Record, frozen=True, gc=False, tag="attribute"):
    """An attribute of customers was made by the API."""

    name: str
    type: str
    default: str | None = None


class AttributeChange(msgspec.Struct, frozen=True, gc=False):
    """One customer's new value."""

    customer: str
    field: str
    value: str | None


class Attributes(Record, frozen=True, gc=False, tag="attributes"):
    """Customers got new values: by API, or by a file of the client's batch."""

    how: Literal["api", "batch_file"]
    changes: tuple[AttributeChange, ...]
    request: str | None = None


class Preference(Record, frozen=True, gc=False, tag="preference"):
    """How customers may be reached on a channel was told: by API, or by a file of the client's batch."""

    how: Literal["api", "batch_file"]
    channel: int
    mode: int
    opted_out: bool
    customers: tuple[str, ...]
    app: str | None = None


class Promotions(Record, frozen=True, gc=False, tag="promotions"):
    """The platform was told of promotions."""

    action: Literal["added", "deleted"]
    promotions: tuple[dict[str, str], ...]


class ChannelApps(Record, frozen=True, gc=False, tag="channel_apps"):
    """The platform was told of a push channel's apps."""

    channel: int
    action: Literal["added", "deleted"]
    apps: tuple[dict[str, str], ...]


class Key(Record, frozen=True, gc=False, tag="key"):
    """A key of a service was made, disabled, enabled or rotated; `ends` is when the value before ceases to be good."""

    service: str
    name: str
    action: Literal["made", "disabled", "enabled", "rotated"]
    ends: Instant | None = None


class Engagement(Record, frozen=True, gc=False, tag="engagement"):
    """One event that was posted to the engagement metrics."""

    event: str
    customer: str | None
    visitor: str | None
    timestamp: str
    context: dict[str, Any]


class Probe(Record, frozen=True, gc=False, tag="probe"):
    """One call that the harness made at a listener, as Optimove might or would not; noted by whoever ran it.

    `event` is what the listener was registered for, `what` in words what was sent, `wrong` what of it no contract
    allows, and `sent` how its body begins. It had to be `taken` (2xx), `answered` (without a failure of the bridge's
    own), or `survived` (it may even be cut off). `number` is one that nobody but this probe named; nothing may be
    sent there, as `forbids` says. `status` is None when nothing was answered, for the reason of `error`.
    """

    url: str
    event: int
    what: str
    asks: Literal["taken", "answered", "survived"]
    method: str
    sent: str
    within_s: float
    status: int | None = None
    error: str | None = None
    timed_out: bool = False
    wrong: str | None = None
    number: str | None = None
    forbids: str = ""


class Scenario(Record, frozen=True, gc=False, tag="scenario"):
    """What was played, noted by whoever ran it. `file` is the name of its file without folder and ending.

    With `asks` only the contract is judged: the listeners, and the calls of the bridge.
    """

    name: str
    file: str
    asks: Literal["everything", "contract"] = "everything"


class OtherClient(Record, frozen=True, gc=False, tag="neighbour"):
    """Another client of the same bridge, noted by whoever ran it: `templates` are those that its provider holds."""

    client: str
    templates: tuple[TemplateId, ...]


class RunAborted(Record, frozen=True, gc=False, tag="trouble"):
    """The run ended early, noted by whoever ran it: a bridge that ended, hung, or never became ready."""

    blame: Literal["bridge", "config", "harness", "network"]
    cause: str
    expected: str
    got: str


class End(Record, frozen=True, gc=False, tag="end"):
    """The last line. `lines` stand before it, the first included; with fewer, some are missing."""

    lines: int


Line = (
    Campaign
    | Obligation
    | Request
    | Fault
    | Examination
    | Listener
    | ChannelTemplates
    | ProviderTemplate
    | Delivery
    | Withdrawal
    | Rejection
    | DeliveryStatus
    | Webhook
    | Metrics
    | Interactions
    | Clock
    | OptOut
    | Click
    | Inbound
    | AttributeSync
    | Attribute
    | Attributes
    | Preference
    | Promotions
    | ChannelApps
    | Key
    | Engagement
    | Probe
    | Scenario
    | OtherClient
    | RunAborted
    | CustomerEvent
    | Trigger
    | Cancelled
    | Clearance
)


#: Where each kind of line is kept.
FIELD_OF: dict[type[Record], str] = {
    Campaign: "campaigns",
    Obligation: "obligations",
    Request: "requests",
    Fault: "faults",
    Examination: "examinations",
    Listener: "listeners",
    ChannelTemplates: "channel_templates",
    ProviderTemplate: "provider_templates",
    Delivery: "deliveries",
    Withdrawal: "withdrawals",
    Rejection: "rejections",
    DeliveryStatus: "outcomes",
    Webhook: "webhooks",
    Metrics: "metrics",
    Interactions: "interactions",
    Clock: "clocks",
    OptOut: "opt_outs",
    Click: "clicks",
    Inbound: "inbounds",
    AttributeSync: "attribute_syncs",
    Attribute: "new_attributes",
    Attributes: "attributes",
    Preference: "preferences",
    Promotions: "promotions",
    ChannelApps: "channel_apps",
    Key: "keys",
    Engagement: "engagements",
    Probe: "probes",
    Scenario: "scenarios",
    OtherClient: "neighbours",
    RunAborted: "troubles",
    CustomerEvent: "customer_events",
    Trigger: "triggers",
    Cancelled: "cancellations",
    Clearance: "clearances",
}
_RECORDS: tuple[type[Record], ...] = (*FIELD_OF, End)
KINDS = tuple(sorted(str(record.__struct_config__.tag) for record in _RECORDS))


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """One run. Each tuple is in the order in which things happened."""

    header: Header
    campaigns: tuple[Campaign, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    requests: tuple[Request, ...] = ()
    faults: tuple[Fault, ...] = ()
    examinations: tuple[Examination, ...] = ()
    listeners: tuple[Listener, ...] = ()
    channel_templates: tuple[ChannelTemplates, ...] = ()
    provider_templates: tuple[ProviderTemplate, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    outcomes: tuple[DeliveryStatus, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    metrics: tuple[Metrics, ...] = ()
    interactions: tuple[Interactions, ...] = ()
    clocks: tuple[Clock, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    clicks: tuple[Click, ...] = ()
    inbounds: tuple[Inbound, ...] = ()
    attribute_syncs: tuple[AttributeSync, ...] = ()
    new_attributes: tuple[Attribute, ...] = ()
    attributes: tuple[Attributes, ...] = ()
    preferences: tuple[Preference, ...] = ()
    promotions: tuple[Promotions, ...] = ()
    channel_apps: tuple[ChannelApps, ...] = ()
    keys: tuple[Key, ...] = ()
    engagements: tuple[Engagement, ...] = ()
    probes: tuple[Probe, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    neighbours: tuple[OtherClient, ...] = ()
    troubles: tuple[RunAborted, ...] = ()
    customer_events: tuple[CustomerEvent, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    cancellations: tuple[Cancelled, ...] = ()
    clearances: tuple[Clearance, ...] = ()
