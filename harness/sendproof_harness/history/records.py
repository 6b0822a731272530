"""The history of a run, version 1: the only input of the judge.

A history is a file of JSON lines. The first line is the `Header`: what was run, and where. The *expectations* follow
(campaigns, and the obligation to each customer), then the *events* in chronological order. The last line
is the `End` with the number of lines. `history.reader` reads a file into these records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args, get_type_hints

import msgspec

from sendproof_harness.history.alike import Alike
from sendproof_harness.history.customer_records import Click, Inbound, LinkScan, Open, OptIn, OptOut
from sendproof_harness.history.header import Fault, Header
from sendproof_harness.history.parts import (
    SMS,
    Alternative,
    AttributeChange,
    ChannelTemplate,
    Device,
    EarlierUrl,
    InjectedCall,
    Metric,
    Split,
    Summary,
    TemplateId,
    Violation,
)
from sendproof_harness.history.record import Record
from sendproof_harness.history.run_records import (
    BridgeLog,
    OtherClient,
    Probe,
    RunAborted,
    RunIdentity,
    RunningSandbox,
    Scenario,
    UnauthenticatedRequest,
)
from sendproof_harness.history.timestamps import Instant

VERSION = 1
# The request that reads the rows of a campaign, and the statuses of one that was served.
_PAGES, _SUCCESS = "GetCustomerSendDetailsByChannel", range(200, 300)
_OF_A_PAGE = frozenset({"campaign", "channel"})


class Campaign(Record, frozen=True, gc=False, tag="campaign"):
    """Expectation: one scheduled campaign on one channel.

    `rows` is the number of its `customers` that the announcement counted, `control_group` of those who get nothing.
    `app` is the id of the app that the marketer chose, `message` the type of its messages.
    """

    campaign: int
    channel: int
    provider: str
    customers: int
    announced_at: Instant | None
    splits: tuple[Split, ...]
    rows: int | None = None
    cancelled_at: Instant | None = None
    control_group: int = 0
    app: str | None = None
    message: str = SMS


class Obligation(Record, frozen=True, gc=False, tag="obligation"):
    """Expectation: the message that one customer is due or, if `owed` is false, must not get.

    `number` is the address: the phone number, the e-mail address, or the user at the provider for a push notification.
    `text` is what the recipient reads: it begins with the title or subject, and has the HTML of an e-mail as a mail
    client shows it.

    `trigger` names the trigger that caused it, if any. `reason` is why nothing is due: opted_out, unusable_number,
    unknown_customer (not in the provider's last import), not_cleared (conditional campaign), cancelled,
    control_group, visitor (who is no customer), unusable_address, or what only the provider decides:
    outside_segment, suppressed, no_device and unsubscribed (from messages of this type). `devices` and `browsers` name
    what is unusual about those of the customer. `opted_out_by` is where an opt-out was kept when the campaign was
    announced: attribute or provider. `raw_number` is the number as the client's records spell it, if that is not +
    and the digits, or the e-mail address if that is not the address. `outcome` is the name of the customer's test
    number. `alternatives` are further right messages; a reader of the history replaces the obligation by the one
    that the bridge chose.
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
    opted_out_by: Literal["attribute", "provider"] | None = None
    raw_number: str | None = None
    outcome: str | None = None
    devices: str | None = None
    browsers: str | None = None
    alternatives: tuple[Alternative, ...] = ()


class Request(Record, frozen=True, gc=False, tag="request"):
    """One request of the bridge. `summary` is the operation's own summary, if it has one.

    `status` is 0 when a fault kept the request from the service and there was no response. `credential_name` is the
    name of the presented credential (`api_key`); `response_excerpt` is the beginning of an error, also of one with
    status 200. `retry_after` is the delay that a 429 response demands. `content` is a digest of query and body, of
    failed requests and of those after a 429 response or a fault. Of a request that was not served as intended, `meant`
    is the operation that it probably meant, of `meant_service` if that is another, and `differs` the difference. `real`
    is the real time of the response; both are in seconds. `stray_credential` is that of another company, at
    `stray_place`.
    """

    service: str
    operation: str | None
    method: str
    path: str
    credential: str
    status: int
    violations: tuple[Violation, ...] = ()
    summary: dict[str, Any] | None = None
    fault: InjectedCall | None = None
    credential_name: str = ""
    response_excerpt: str | None = None
    retry_after: int | None = None
    content: str | None = None
    meant: str | None = None
    meant_service: str | None = None
    differs: str | None = None
    real: float = 0.0

    def __post_init__(self) -> None:
        """Check the summary, which is of any operation; `ValueError` if the judge cannot read it."""
        if self.summary:
            msgspec.convert(self.summary, Summary)
            is_page = self.operation == _PAGES and self.status in _SUCCESS
            if is_page and not self.summary.keys() >= _OF_A_PAGE:
                raise ValueError("expected campaign and channel in the summary of a page, got one without them")

    credential_in_query: bool = False
    stray_credential: str | None = None
    stray_place: str = "header"


class PreflightCall(Record, frozen=True, gc=False, tag="preflight"):
    """One request of `sendproof doctor`, or of the preflight before a run. It is no request of the bridge."""

    service: str
    operation: str | None
    status: int


class Listener(Record, frozen=True, gc=False, tag="listener"):
    """An event listener was registered or unregistered."""

    action: Literal["registered", "unregistered"]
    event_type: int
    channel: int | None
    url: str


class ChannelTemplates(Record, frozen=True, gc=False, tag="channel_templates"):
    """The bridge changed the templates that are listed on a channel."""

    channel: int
    action: Literal["added", "renamed", "unchanged", "deleted"]
    templates: tuple[ChannelTemplate, ...]


class ProviderTemplate(Record, frozen=True, gc=False, tag="provider_template"):
    """A user changed a template at the message provider. `message` is the type of its messages."""

    service: str
    action: Literal["created", "renamed", "changed", "deleted"]
    id: TemplateId
    title: str | None = None
    body: str | None = None
    message: str = SMS


class Delivery(Record, frozen=True, gc=False, tag="delivery"):
    """A provider accepted one message, to go out at `send_at`.

    `raw_number` is the number as the bridge wrote it, if it was not in the form that the provider documents. `request`
    is the line (`n`) of the request that carried the message. `url` is the target of its link, and `template_url` that
    of the client's template; `earlier_template_urls` are those before it. `user` is the recipient's id there.

    A push notification has a `heading`, which its `text` begins with, a `payload` for the app, and the `devices` that
    it goes to; `number` is then the user. An e-mail has its subject as the `heading`, and its `html` as it was sent.
    `shown` are the other addresses that its header names as recipients. `plain` is its alternative in plain text, if
    that has other words than the HTML, and `message_id` its Message-ID.
    """

    service: str
    message: str
    number: str
    text: str
    send_at: Instant
    test: bool = False
    raw_number: str | None = None
    request: int | None = None
    url: str | None = None
    template_url: str | None = None
    earlier_template_urls: tuple[EarlierUrl, ...] = ()
    user: str | None = None
    message_type: str = SMS
    heading: str | None = None
    payload: dict[str, str] | None = None
    html: str | None = None
    shown: tuple[str, ...] = ()
    plain: str | None = None
    message_id: str = ""
    devices: tuple[Device, ...] = ()


class Withdrawal(Record, frozen=True, gc=False, tag="withdrawal"):
    """The bridge withdrew an accepted message before it went out."""

    service: str
    message: str


class Rejection(Record, frozen=True, gc=False, tag="rejection"):
    """A provider rejected one message, or, if `whole_call`, a whole request with this message.

    `customer` is the id by which the bridge named the customer, at a provider that knows customers by their ids.
    `message` is the id of a message that the provider accepted first. `request` is the line (`n`) of the request that
    carried the message, if there was one. `message_type` is its type: SMS without one, or any if the whole request was
    rejected, because its campaign may not exist.
    """

    service: str
    number: str
    text: str
    message_type: str | None = None
    code: int | str | None = None
    reason: str | None = None
    customer: str | None = None
    message: str | None = None
    whole_call: bool = False
    request: int | None = None


class DeliveryStatus(Record, frozen=True, gc=False, tag="delivery_status"):
    """The final state of a delivery at the provider."""

    service: str
    message: str
    status: Literal["delivered", "undelivered", "expired", "invalid", "unknown"]


class Webhook(Record, frozen=True, gc=False, tag="webhook"):
    """One attempt to deliver a webhook to the bridge; the attempts of one webhook share `key`.

    `retry_at` is the time of the next attempt, if there is one. `resend` counts how often the webhook was sent again. A
    `dropped` attempt never left the sandbox. `fault` is the id of the injected fault. `duration_ms` is the real time
    until the response, in milliseconds. `held_call` is the line of a call for this webhook that waited in vain until it
    was answered.
    """

    service: str
    event: str
    key: str
    url: str
    attempt: int
    status: int | None
    error: str | None
    retry_at: Instant | None = None
    resend: int = 0
    dropped: bool = False
    fault: str | None = None
    duration_ms: float | None = None
    held_call: int | None = None


class ForgedWebhook(Record, frozen=True, gc=False, tag="forged_webhook"):
    """A copy of the webhook `key` that a stranger posted, with another statement (docs/faults.md).

    `wrong` is the proof of origin that it lacks: the account's authentication, or the token of the URL.
    `of_other_client` means that it has the proof of another client instead. `status` is None without a response, for
    the reason in `error`.
    """

    service: str
    event: str
    key: str
    url: str
    wrong: Literal["authentication", "token"]
    status: int | None
    error: str | None
    of_other_client: bool = False


class CustomerEvent(Record, frozen=True, gc=False, tag="customer_event"):
    """A customer, or a `visitor` of the client's site who is no customer, did something that a trigger can count."""

    customer: str
    event: str
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    visitor: bool = False


class Trigger(Record, frozen=True, gc=False, tag="trigger"):
    """A customer met the criteria of a trigger: event 11 is due at the listener of its channel.

    `excluded` are the attributes and parameters that event 11 leaves out.
    """

    trigger: str
    campaign: int
    channel: int
    customer: str
    template: TemplateId
    request_id: str
    excluded: tuple[str, ...] = ()


class Cancelled(Record, frozen=True, gc=False, tag="cancelled"):
    """A campaign was cancelled. `previous_state` is planned, on_hold or announced."""

    campaign: int
    channels: tuple[int, ...]
    previous_state: str
    customers: int


class Clearance(Record, frozen=True, gc=False, tag="clearance"):
    """A conditional campaign requires clearance, was given clearance for some customers, or is closed.

    `time_stamp` is the TimeStamp of a call that gives clearance, as the bridge wrote it.
    """

    campaign: int
    action: Literal["required", "given", "closed"]
    required_by: Instant
    named: int
    cleared: int
    time_stamp: str | None = None


class Metrics(Record, frozen=True, gc=False, tag="metrics"):
    """One accepted call of UpdateCampaignMetrics."""

    items: tuple[Metric, ...]
    channel: int | None = None


class Interactions(Record, frozen=True, gc=False, tag="interactions"):
    """One accepted call of UpdateCampaignInteractions; `group` is the RecipientGroupID, `app` the AppID."""

    campaign: int
    channel: int
    template: TemplateId
    event_id: int
    customers: tuple[str, ...]
    date: str | None = None
    group: int = 1
    app: str | None = None


class Action(Record, frozen=True, gc=False, tag="action"):
    """Something that a user of the sandbox did over the control API: the operation, and the body of the request."""

    operation: Literal["addTemplates", "scheduleCampaign", "addTrigger"]
    body: Any
    service: str | None = None


class Clock(Record, frozen=True, gc=False, tag="clock"):
    """Virtual time was advanced or got a `rate`, or a participant joined or left the clock."""

    action: Literal["advance", "joined", "left", "rate"]
    participant: str | None = None
    to: Instant | None = None
    rate: float | None = None


class AttributeSync(Record, frozen=True, gc=False, tag="attribute_sync"):
    """A provider fetched an attribute of its profiles from Optimove; `error` is the reason for a failure."""

    service: str
    attribute: str
    profiles: int
    error: str | None = None


class Attribute(Record, frozen=True, gc=False, tag="attribute"):
    """A customer attribute was created or registered: by API, or by the client. Vendors may sync a registered one."""

    name: str
    type: str
    default: str | None = None
    source: Literal["api", "client"] = "api"
    registered: bool = False


class Attributes(Record, frozen=True, gc=False, tag="attributes"):
    """Customers got new attribute values: by API, or by a batch file of the client."""

    source: Literal["api", "batch_file"]
    changes: tuple[AttributeChange, ...]
    request: str | None = None


class Preference(Record, frozen=True, gc=False, tag="preference"):
    """Customers' preferences for a channel were set: by API, or by a batch file of the client."""

    source: Literal["api", "batch_file"]
    channel: int
    mode: int
    opted_out: bool
    customers: tuple[str, ...]
    app: str | None = None


class Promotions(Record, frozen=True, gc=False, tag="promotions"):
    """Promotions were added to Optimove or deleted."""

    action: Literal["added", "deleted"]
    promotions: tuple[dict[str, str], ...]


class ChannelApps(Record, frozen=True, gc=False, tag="channel_apps"):
    """Apps of a push channel were added to Optimove or deleted."""

    channel: int
    action: Literal["added", "deleted"]
    apps: tuple[dict[str, str], ...]


class Key(Record, frozen=True, gc=False, tag="key"):
    """A key of a service was created, disabled, enabled, rotated, or changed in its access type.

    After a rotation, the previous value is valid until `valid_until`.
    """

    service: str
    name: str
    action: Literal["created", "disabled", "enabled", "rotated", "changed"]
    valid_until: Instant | None = None


class Engagement(Record, frozen=True, gc=False, tag="engagement"):
    """One event that the bridge posted to the engagement metrics."""

    event: str
    customer: str | None
    visitor: str | None
    timestamp: str
    context: dict[str, Any]


class ContractViolation(Record, frozen=True, gc=False, tag="contract_violation"):
    """A response or webhook that the simulators sent in spite of its contract, in a strict run.

    A response has the `operation` and the line of the `request`, a webhook the `event` and the `key`.
    """

    service: str
    violations: tuple[Violation, ...]
    operation: str | None = None
    request: int | None = None
    event: str | None = None
    key: str | None = None


class End(Record, frozen=True, gc=False, tag="end"):
    """The last line. `lines` is the number of lines before it, the header included, for readers without seals."""

    lines: int


Line = (
    Campaign
    | Obligation
    | Request
    | Fault
    | UnauthenticatedRequest
    | PreflightCall
    | Listener
    | ChannelTemplates
    | ProviderTemplate
    | Delivery
    | Withdrawal
    | Rejection
    | DeliveryStatus
    | Webhook
    | ForgedWebhook
    | LinkScan
    | Metrics
    | Interactions
    | Clock
    | Action
    | OptOut
    | OptIn
    | Click
    | Open
    | Inbound
    | AttributeSync
    | Attribute
    | Attributes
    | Preference
    | Promotions
    | ChannelApps
    | Key
    | Engagement
    | ContractViolation
    | Probe
    | Scenario
    | RunIdentity
    | OtherClient
    | BridgeLog
    | RunAborted
    | RunningSandbox
    | CustomerEvent
    | Trigger
    | Cancelled
    | Clearance
)


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """One run. Each tuple is in order of occurrence. `seal` is that of the last line, which covers the whole file.

    `entries` is the number of the last event. In a condensed history, some customers represent others (`alike`), and
    `read_obligations` reads all obligations from the file again.
    """

    header: Header
    seal: str = ""
    entries: int = 0
    alike: Alike = field(default_factory=Alike)
    read_obligations: Callable[[], Iterator[Obligation]] | None = None
    campaigns: tuple[Campaign, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    requests: tuple[Request, ...] = ()
    faults: tuple[Fault, ...] = ()
    unauthenticated_requests: tuple[UnauthenticatedRequest, ...] = ()
    preflight_calls: tuple[PreflightCall, ...] = ()
    listeners: tuple[Listener, ...] = ()
    channel_templates: tuple[ChannelTemplates, ...] = ()
    provider_templates: tuple[ProviderTemplate, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    delivery_statuses: tuple[DeliveryStatus, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    forged_webhooks: tuple[ForgedWebhook, ...] = ()
    link_scans: tuple[LinkScan, ...] = ()
    metrics: tuple[Metrics, ...] = ()
    interactions: tuple[Interactions, ...] = ()
    clocks: tuple[Clock, ...] = ()
    actions: tuple[Action, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    opt_ins: tuple[OptIn, ...] = ()
    clicks: tuple[Click, ...] = ()
    opens: tuple[Open, ...] = ()
    inbounds: tuple[Inbound, ...] = ()
    attribute_syncs: tuple[AttributeSync, ...] = ()
    new_attributes: tuple[Attribute, ...] = ()
    attributes: tuple[Attributes, ...] = ()
    preferences: tuple[Preference, ...] = ()
    promotions: tuple[Promotions, ...] = ()
    channel_apps: tuple[ChannelApps, ...] = ()
    keys: tuple[Key, ...] = ()
    engagements: tuple[Engagement, ...] = ()
    contract_violations: tuple[ContractViolation, ...] = ()
    probes: tuple[Probe, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    runs: tuple[RunIdentity, ...] = ()
    other_clients: tuple[OtherClient, ...] = ()
    bridge_logs: tuple[BridgeLog, ...] = ()
    aborted: tuple[RunAborted, ...] = ()
    running: tuple[RunningSandbox, ...] = ()
    customer_events: tuple[CustomerEvent, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    cancellations: tuple[Cancelled, ...] = ()
    clearances: tuple[Clearance, ...] = ()

    @cached_property
    def derived(self) -> dict[Callable[["History"], Any], Any]:
        """What was derived from this history, by the function that derives it."""
        return {}


#: The field of `History` that holds each kind of record.
FIELD_OF: dict[type[Record], str] = {
    get_args(hint)[0]: name
    for name, hint in get_type_hints(History).items()
    if name not in {"header", "seal", "entries", "alike", "read_obligations"}
}
_RECORDS: tuple[type[Record], ...] = (*FIELD_OF, End)
KINDS = tuple(sorted(str(record.__struct_config__.tag) for record in _RECORDS))
