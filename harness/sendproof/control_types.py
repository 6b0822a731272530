"""The values of the control API, named like their schemas in `openapi/control.yaml`.

`make docs` generates this file. Instants are texts such as 2026-03-02T09:00:00.000Z. A member that is `NotRequired` may
be absent.
"""

from typing import Any, Literal, NotRequired, TypedDict

NewSandboxClock = TypedDict(
    "NewSandboxClock",
    {
        "mode": Literal["virtual", "real", "shared"],
        "with": NotRequired[str],
        "start": NotRequired[str],
        "rate": NotRequired[float],
    },
)


class ClientAttribute(TypedDict):
    name: str
    type: str
    alias: NotRequired[str]
    default: NotRequired[str]
    values: NotRequired[dict[str, float]]
    registered: NotRequired[bool]


class Individual(TypedDict):
    customer: int
    id: NotRequired[str]
    protection: NotRequired[Literal["none", "no_consent", "provider_list", "unusable_number"]]
    attributes: NotRequired[dict[str, str | None]]
    number: NotRequired[str]
    spelling: NotRequired[Literal["plus", "national", "double_zero", "digits", "spaces", "punctuation"]]
    same_number_as: NotRequired[int]
    outcome: NotRequired[str]
    devices: NotRequired[Literal["one", "none", "several", "new_token", "unusable", "unsubscribed", "no_consent"]]
    address: NotRequired[Literal["one", "none", "unusable", "untidy", "unsubscribed", "no_consent", "unusual"]]
    browsers: NotRequired[Literal["one", "none", "several", "unusable", "unsubscribed", "no_consent"]]


class NewSandboxAudienceDevices(TypedDict):
    none: NotRequired[float]
    several: NotRequired[float]
    new_token: NotRequired[float]
    unusable: NotRequired[float]
    unsubscribed: NotRequired[float]
    no_consent: NotRequired[float]


class NewSandboxAudienceAddresses(TypedDict):
    none: NotRequired[float]
    unusable: NotRequired[float]
    untidy: NotRequired[float]
    unsubscribed: NotRequired[float]
    no_consent: NotRequired[float]
    unusual: NotRequired[float]


class NewSandboxAudienceBrowsers(TypedDict):
    none: NotRequired[float]
    several: NotRequired[float]
    unusable: NotRequired[float]
    unsubscribed: NotRequired[float]
    no_consent: NotRequired[float]


class NewSandboxAudience(TypedDict):
    customers: int
    opted_out: NotRequired[float]
    unusable_numbers: NotRequired[float]
    consent: NotRequired[Literal["provider", "attribute"]]
    country: NotRequired[Literal["GB", "US"]]
    outcomes: NotRequired[dict[str, float]]
    spellings: NotRequired[dict[str, float]]
    attributes: NotRequired[list[ClientAttribute]]
    attribute_names: NotRequired[dict[str, str]]
    individuals: NotRequired[list[Individual]]
    devices: NotRequired[NewSandboxAudienceDevices]
    addresses: NotRequired[NewSandboxAudienceAddresses]
    browsers: NotRequired[NewSandboxAudienceBrowsers]


class Channel(TypedDict):
    id: int
    provider: str
    kind: NotRequired[Literal["scheduled", "triggered"]]
    message: NotRequired[Literal["sms", "push", "web_push", "inbox", "email"]]
    testing: NotRequired[bool]
    recipients: NotRequired[Literal["numbers", "customer_ids"]]
    exclude: NotRequired[list[str]]
    variables: NotRequired[dict[str, str]]


class KeyScope(TypedDict):
    access: NotRequired[Literal["Integrations", "Admin", "Transactional"]]
    functions: NotRequired[list[str]]
    channels: NotRequired[list[int]]
    attributes: NotRequired[list[str]]


class NewSandboxKeys(TypedDict):
    bridge: NotRequired[KeyScope]
    login: NotRequired[KeyScope]


class NewSandboxNightly(TypedDict):
    at: str


class NewSandbox(TypedDict):
    name: NotRequired[str]
    seed: int
    clock: NotRequired[NewSandboxClock]
    audience: NotRequired[NewSandboxAudience]
    channels: NotRequired[list[Channel]]
    keys: NotRequired[NewSandboxKeys]
    rate_limits: NotRequired[bool]
    scenario: NotRequired[dict[str, Any] | None]
    strict: NotRequired[bool]
    nightly: NotRequired[NewSandboxNightly]
    allow_remote_webhooks: NotRequired[bool]
    dialects: NotRequired[dict[str, str]]


class Participant(TypedDict):
    name: str
    parked: bool
    until: str | None
    idle_wake_ups: int


class Clock(TypedDict):
    now: str
    mode: Literal["virtual", "real"]
    rate: float | None
    advancing: bool
    delivered: int
    in_flight: int
    participants: list[Participant]
    next: str | None


class SandboxService(TypedDict):
    url: str
    mail_url: NotRequired[str]
    sender_domain: NotRequired[str]
    credentials: dict[str, str]


class Sandbox(TypedDict):
    sandbox: str
    seed: int
    country: str
    attributes: NotRequired[dict[str, str]]
    clock: Clock
    services: dict[str, SandboxService]
    channels: list[Channel]
    scenario: NotRequired[dict[str, Any] | None]


class State(TypedDict):
    listeners: list[dict[str, Any]]
    channel_templates: dict[str, Any]
    channel_apps: dict[str, Any]
    counts: dict[str, int]


class Snapshot(TypedDict):
    name: str
    at: str
    n: int


class Health(TypedDict):
    status: Literal["ok"]
    version: str
    pid: int
    real: float
    steady: float


class NewFault(TypedDict):
    fault: str
    call: NotRequired[str]
    webhook: NotRequired[str]
    where: NotRequired[dict[str, Any]]
    nth: NotRequired[int]
    times: NotRequired[int | Literal["all"]]
    when: NotRequired[Literal["before", "after"]]


class Fault(TypedDict):
    id: str
    fault: str
    call: NotRequired[str]
    webhook: NotRequired[str]
    where: dict[str, Any]
    nth: int
    times: int | Literal["all"]
    when: Literal["before", "after"]
    injected: int


class NewTemplate(TypedDict):
    id: NotRequired[int]
    title: str
    body: str
    message: NotRequired[Literal["sms", "push", "web_push", "inbox", "email"]]
    heading: NotRequired[str]


class Template(TypedDict):
    id: int | str
    title: str
    body: str
    message: NotRequired[str]
    heading: NotRequired[str]


ChannelID = int


class SplitsItem(TypedDict):
    share: float
    template: str
    send_at: str
    group: NotRequired[int]


Splits = list[SplitsItem]


AppOfCampaign = str


class NewCampaignChannelsItem(TypedDict):
    channel: ChannelID
    splits: Splits
    app: NotRequired[AppOfCampaign]


class NewCampaignConditional(TypedDict):
    clearance_by: str


class NewCampaign(TypedDict):
    campaign: int
    channel: NotRequired[ChannelID]
    splits: NotRequired[Splits]
    app: NotRequired[AppOfCampaign]
    channels: NotRequired[list[NewCampaignChannelsItem]]
    name: NotRequired[str]
    customers: int
    first_customer: NotRequired[int]
    announce_at: NotRequired[str]
    day: NotRequired[str]
    conditional: NotRequired[NewCampaignConditional]
    cancel_at: NotRequired[str]
    control_group: NotRequired[float]


class Campaign(TypedDict):
    campaign: int
    channel: int
    channels: list[int]
    customers: int
    state: Literal["planned", "on_hold", "announced", "cancelled"]
    announced_at: str | None
    clearance_by: str | None
    cancelled_at: str | None


class CampaignSummary(TypedDict):
    campaign: int
    name: str
    kind: Literal["scheduled", "triggered"]
    state: Literal["planned", "on_hold", "announced", "cancelled", "running"]
    channels: list[int]
    target_group: dict[str, Any] | None
    recipients: int
    control_group: int
    triggers: list[str]
    scheduled_times: list[str]
    announced_at: str | None
    cancelled_at: str | None
    metrics: dict[str, int]


EventName = str


Parameters = dict[str, str | float | bool]


class NewTriggerCriteriaItem(TypedDict):
    event: EventName
    count: NotRequired[int]
    within_ms: NotRequired[int]
    where: NotRequired[Parameters]


class NewTrigger(TypedDict):
    trigger: str
    campaign: int
    channel: ChannelID
    template: str
    action: NotRequired[int]
    criteria: list[NewTriggerCriteriaItem]
    exclude: NotRequired[list[str]]
    repeat: NotRequired[bool]


class Trigger(TypedDict):
    trigger: str
    campaign: int
    channel: int
    action: int
    template: dict[str, Any]
    criteria: list[dict[str, Any]]
    exclude: list[str]
    repeat: bool
    fired: int


class CustomerEvent(TypedDict):
    customer: NotRequired[str]
    visitor: NotRequired[str]
    event: EventName
    parameters: NotRequired[Parameters]
    at: NotRequired[str]


class RecordedEvents(TypedDict):
    events: int
    triggered: list[dict[str, Any]]


class Webhook(TypedDict):
    service: str
    event: str
    key: str
    url: str
    about: dict[str, Any]
    attempts: list[dict[str, Any]]
    content_type: NotRequired[str]
    body: NotRequired[str]


class Violation(TypedDict):
    where: NotRequired[str]
    rule: str
    message: str
    pointer: NotRequired[str]
    expected: NotRequired[str]
    value: NotRequired[str]


class RequestEntry(TypedDict):
    n: int
    at: str
    real: float
    service: str
    method: str
    path: str
    operation: str | None
    status: int
    refused: bool
    ms: float | None
    client: str | None
    violations: list[Violation]
    near_miss: str | None
    nearest: str | None
    error: str | None
    fault: str | None


class Request(TypedDict):
    n: int
    at: str
    real: float
    service: str
    method: str
    path: str
    operation: str | None
    status: int
    refused: bool
    ms: float | None
    client: str | None
    violations: list[Violation]
    near_miss: str | None
    nearest: str | None
    error: str | None
    fault: str | None
    kept: bool
    query: list[list[str]]
    request_headers: dict[str, str]
    request_body: str | None
    request_bytes: int | None
    response_headers: dict[str, str]
    response_body: str | None
    response_bytes: int | None
    truncated: bool
    messages: list[str]
    messages_total: int


MessageState = Literal[
    "scheduled", "pending", "delivered", "undelivered", "expired", "invalid", "unknown", "cancelled", "rejected", "test"
]


class Message(TypedDict):
    provider: str
    id: str
    n: int
    at: str
    number: str
    message_type: Literal["sms", "push", "web_push", "inbox", "email"]
    heading: str | None
    text: str
    sender: str | None
    parts: int
    encoding: Literal["gsm", "ucs2"] | None
    state: MessageState | None
    campaign: int | None
    channel: int | None
    customer: str | None
    test_number: str | None


class MessageDetailsStatesItem(TypedDict):
    at: str
    state: MessageState


class MessageDetailsReceiptsItemAttemptsItem(TypedDict):
    at: str
    attempt: int
    status: int | None
    error: str | None
    retry_at: str | None
    duration_ms: float | None
    resend: int | None
    fault: str | None


class MessageDetailsReceiptsItem(TypedDict):
    key: str
    event: str
    at: str
    attempts: list[MessageDetailsReceiptsItemAttemptsItem]


class MessageDetails(TypedDict):
    provider: str
    id: str
    n: int
    at: str
    number: str
    message_type: Literal["sms", "push", "web_push", "inbox", "email"]
    heading: str | None
    text: str
    sender: str | None
    parts: int
    encoding: Literal["gsm", "ucs2"] | None
    state: MessageState | None
    campaign: int | None
    channel: int | None
    customer: str | None
    test_number: str | None
    states: list[MessageDetailsStatesItem]
    receipts: list[MessageDetailsReceiptsItem]
    request: int | None


class CustomerSummary(TypedDict):
    customer: str
    name: str
    phone: str | None
    number: str | None
    email: str | None
    opted_out: bool
    opted_out_of: list[Literal["sms", "push", "web_push", "inbox", "email"]]


class CustomerConsentItem(TypedDict):
    channel: int
    provider: str
    message: Literal["sms", "push", "web_push", "inbox", "email"]
    consents: bool
    by: str | None
    reported_opted_out: bool | None


class CustomerObligationsItem(TypedDict):
    campaign: int
    channel: int
    provider: str | None
    trigger: str | None
    template: int
    due: str
    number: str | None
    text: str | None
    owed: bool
    reason: str | None
    state: Literal["none", "due", "sent", "delivered", "failed", "missing"]
    message: str | None


class CustomerEventsItem(TypedDict):
    at: str
    event: str
    parameters: dict[str, Any]


class CustomerStoryItem(TypedDict):
    n: int
    at: str
    kind: str
    text: str


class Customer(TypedDict):
    customer: str
    name: str
    phone: str | None
    number: str | None
    email: str | None
    opted_out: bool
    opted_out_of: list[Literal["sms", "push", "web_push", "inbox", "email"]]
    opted_out_by: Literal["provider", "attribute"] | None
    attributes: dict[str, str | None]
    consent: list[CustomerConsentItem]
    obligations: list[CustomerObligationsItem]
    events: list[CustomerEventsItem]
    messages: list[Message]
    story: list[CustomerStoryItem]
    story_truncated: bool


class Key(TypedDict):
    name: str
    client: str
    host: str
    access: str
    enabled: bool
    functions: list[str] | None
    channels: list[int] | None
    attributes: list[str] | None
    key: NotRequired[str]


class KeyChange(TypedDict):
    enabled: NotRequired[bool]
    rotate: NotRequired[Literal[True]]
    access: NotRequired[Literal["Admin", "Integrations", "Transactional"]]
    at: NotRequired[str]


class ComputedVerdict(TypedDict):
    computed_at: str | None
    n: int | None
    verdict: dict[str, Any] | None
