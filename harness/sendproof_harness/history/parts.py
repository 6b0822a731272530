"""The parts of history lines: values that several lines hold, or that a line holds several of."""

from typing import Literal, TypedDict

import msgspec

from sendproof_harness.history.timestamps import Instant

TemplateId = int | str

#: The type of messages that is meant where a line names none.
SMS = "sms"


class Device(msgspec.Struct, frozen=True, gc=False):
    """A device that a push notification goes to. `token` is its address at the operating system's push service."""

    platform: str
    token: str


class EarlierUrl(msgspec.Struct, frozen=True, gc=False):
    """The target of the link of a template until an instant, when it changed."""

    url: str
    until: Instant


class Split(msgspec.Struct, frozen=True):
    """One split of a campaign: its template as listed on the channel, its send time, and its group in an A/B test."""

    template: TemplateId
    title: str
    body: str
    send_at: Instant
    share: float
    group: int = 1


class ClientOptOut(msgspec.Struct, frozen=True, gc=False):
    """A customer of a client opted out, at the provider or at Optimove; before the run, `at` is its beginning."""

    at: Instant
    customer: str
    number: str | None = None


class Alternative(msgspec.Struct, frozen=True, gc=False):
    """Another right message to a customer with a record that changes between the announcement and the due time."""

    number: str | None
    text: str | None
    owed: bool
    reason: str | None = None
    raw_number: str | None = None
    opted_out_by: Literal["attribute", "provider"] | None = None


class Violation(msgspec.Struct, frozen=True, gc=False):
    """One rule of the contract that a request broke.

    For a body, `pointer` is the JSON pointer of the smallest wrong part, `value` is that part alone, and `expected`
    describes the correct value in words.
    """

    where: str
    rule: str
    message: str
    pointer: str = ""
    expected: str = ""
    value: str | None = None


class Subject(msgspec.Struct, frozen=True, gc=False):
    """One thing that the run must contain; the scenario file explains the kinds. Durations are in milliseconds."""

    kind: str
    value: str | int | bool


class InjectedCall(msgspec.Struct, frozen=True, gc=False):
    """The consequence of a fault for a call.

    `effect` is true if the service carried the call out, `response` how its response reached the bridge.
    """

    id: str
    fault: str
    effect: bool
    response: Literal["lost", "altered", "intact"]


class LeakedSecret(msgspec.Struct, frozen=True, gc=False):
    """A credential of the handover in the bridge's log: in `count` lines, first in `line`."""

    service: str
    name: str
    count: int
    line: int


class ChannelTemplate(msgspec.Struct, frozen=True, gc=False):
    """A template as listed on a channel; a deletion may leave the name out."""

    id: TemplateId
    name: str | None = None


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One total that the bridge reported."""

    channel: int = msgspec.field(name="ChannelID")
    campaign: int = msgspec.field(name="CampaignID")
    template: TemplateId = msgspec.field(name="TemplateID")
    metric: int = msgspec.field(name="MetricID")
    value: int = msgspec.field(name="MetricValue")


class AttributeChange(msgspec.Struct, frozen=True, gc=False):
    """One customer's new value."""

    customer: str
    field: str
    value: str | None


class RefusedPreference(TypedDict):
    """A preference that Optimove refused for its channel."""

    channel: int
    opted_out: bool
    customers: list[str]


class Summary(TypedDict, total=False):
    """What the journal adds to a request, as far as it is read: a page, a send, or the reason of a refusal."""

    campaign: int | str | None
    channel: int | None
    skip: int | None
    top: int | None
    most: int | None
    rows: int | None
    first: str | None
    accepted: int | None
    targets: int | None
    undeclared_unicode: int | None
    sender: str | None
    default_sender: str | None
    expired: list[int | str]
    outside_scope: list[str]
    refused_event: str | None
    late_clearance: int | None
    general_only: int | None
    unknown_channel: RefusedPreference | None
