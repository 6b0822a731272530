"""The record of one message provider: everything that the harness knows about it, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


class ProbeResponse(Protocol):
    """The response to a preflight request. `status` is None without a response; `json` is None for other content."""

    @property
    def status(self) -> int | None: ...

    @property
    def json(self) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """One harmless HTTP request; `path` is relative to the provider's base URL."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightProbe:
    """Two requests that change nothing: `anonymous` recognizes the service, `authenticated` tries credentials.

    `credential_sets` are the names of credentials that suffice together. `operation` names the second request in the
    documentation, `expected_refusal` describes the response to the first one in messages.
    """

    operation: str
    expected_refusal: str
    anonymous: ProbeRequest
    is_refusal: Callable[[ProbeResponse], bool]
    credential_sets: tuple[tuple[str, ...], ...]
    authenticated: Callable[[Mapping[str, str]], ProbeRequest]
    credential_status: Callable[[ProbeResponse], Literal["ok", "wrong", "unknown"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One message provider. The defaults mean: nothing is known about it."""

    name: str
    title: str = ""

    # -- operations and events of its contract -------------------------------------------------------

    send_operation: str | None = None
    """The operation that most bridges use for a campaign. `any.send` of a scenario means all `send_operations`."""
    other_send_operations: frozenset[str] = frozenset()
    """More operations that send messages."""
    template_operation: str | None = None
    """The operation that `any.templates` means."""
    receipt_event: str | None = None
    """The webhook that `any.receipt` means: the first receipt of a delivered message."""
    failure_event: str | None = None
    """The webhook that `any.failure` means: one that reports that a message was not delivered."""
    opt_out_events: frozenset[str] = frozenset()
    """Webhooks that report an opt-out to the bridge."""

    open_events: frozenset[str] = frozenset()
    """Webhooks that report to the bridge that a message was opened."""
    click_events: frozenset[str] = frozenset()
    """Webhooks that report a click to the bridge, besides those whose name begins with `click`."""

    delay_status: str | None = None
    """The last part of the key of a webhook that reports that a message is still on its way."""

    # -- behaviour that the judge takes into account -------------------------------------------------

    permanent_rejections: frozenset[str] = frozenset()
    """Codes of rejections that are due to the number alone, or their reasons where a code is absent or ambiguous."""
    text_rejections: frozenset[str] = frozenset()
    """Codes of rejections that are due to the text alone. If it was the due text, no bridge can send it."""
    opt_out_rejections: frozenset[str] = frozenset()
    """Those of the permanent rejections that tell the bridge of an opt-out."""
    final_refusals: frozenset[str] = frozenset()
    """Codes by which the provider refuses a whole call for its content."""
    temporary_refusals: frozenset[str] = frozenset()
    """Codes by which the provider refuses a whole call for the moment, such as at night. The bridge tries again."""
    retry_interval: int = 0
    """How long a careful bridge may wait after a temporary refusal before it tries again, in milliseconds."""
    malformed_refusals: frozenset[str] = frozenset()
    """Codes that refuse the form of a request, with any status. No state of the account causes them."""
    learned_by_refusal: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By dialect option that contradicts the documents, such as `name=option`: operations with another form."""
    withdrawing_operations: frozenset[str] = frozenset()
    """The operations that withdraw waiting messages. They are refused once the messages are out, or withdrawn."""
    batch_limit_rejections: Mapping[str, str] = field(default_factory=dict)
    """By code of the rejection of a batch over the limit: the limit, in words."""
    unknown_customer_rejection: str | None = None
    """The reason of a rejection for a customer whom the provider does not know, if it knows customers by their ids."""
    import_operation: str | None = None
    """The operation that makes customers known to the provider."""
    rejections_look_undelivered: bool = False
    """The record of the provider shows a rejected message like one that could not be delivered."""
    refused_recipients_bounce: bool = False
    """If a call is accepted for some recipients only, a receipt shows the others as bounced."""
    rejects_late: bool = False
    """The provider may reject a message after it has accepted it."""
    has_record: bool = False
    """The provider can be asked for the messages that it accepted."""
    sends_one_message: bool = False
    """A call that sends has one message for one recipient."""
    record_operation: str | None = None
    """The operation that reads the record, if not every account has it: it counts once it responded successfully."""
    record_operations: frozenset[str] = frozenset()
    """All operations that list accepted messages: a bridge that has read one could see that a message is missing."""
    opt_out_operation: str | None = None
    """The operation that only lists the numbers that opted out."""
    opt_out_lists: frozenset[str] = frozenset()
    """All operations by which the provider can be asked for the numbers that opted out."""

    reports_each_click: bool = False
    """The provider documents one event of Optimove for each click, not for each customer who clicked."""
    subscription_channels: frozenset[int] = frozenset()
    """Channels of Optimove that only carry subscriptions back: no campaign, and no templates."""
    documents_credential_in_query: bool = False
    """The service documents credentials in the query of a request."""
    listed_template: Callable[[int | str], int | str] = lambda template: template
    """The id by which Optimove lists a template of the provider."""

    # -- scenarios -----------------------------------------------------------------------------------

    message_types: frozenset[str] = frozenset({"sms"})
    """The types of messages that it sends."""
    default_country: str = "GB"
    """Country of the customers in a scenario that names none."""
    has_testing_mode: bool = False
    customer_ids_option: str | None = None
    """The dialect option under which the provider knows customers by their ids; None if it never does."""
    has_overrides: bool = False
    """The bridge can change a request with JSONata (`overrides` of a channel)."""
    receipts_need_account_webhook: bool = True
    """The provider posts receipts only to the address in the account's settings, not to one in each request."""

    # -- set-up of an account and of the reference bridge --------------------------------------------

    account_settings: Callable[[str], dict[str, object]] = lambda url: {"webhooks": [{"url": url}]}
    """Settings of the simulated account, so that it posts its webhooks to a URL."""
    authenticated_settings: Callable[[str, Mapping[str, str]], dict[str, object]] | None = None
    """The same for webhooks with a proof of their origin: `kind` is signed, basic or bearer. None if it has none."""
    shared_settings: Mapping[str, object] = field(default_factory=dict)
    """Settings of the simulated account that other systems send through; empty if it posts no webhooks about them."""
    link_settings: Callable[[Mapping[str, str]], dict[str, object]] | None = None
    """Settings of the simulated account for the URLs of templates, by template id; None if templates have no URL."""
    import_settings: Callable[[str, Mapping[str, str]], dict[str, object]] | None = None
    """Settings of the simulated account for a daily import: its time of day, and the first days of new customers."""
    translation_settings: Callable[[Mapping[int, tuple[str, Mapping[str, int]]]], dict[str, object]] | None = None
    """Settings for translations: by template id, the attribute that chooses, and the template of each value."""
    segment_settings: Callable[[Mapping[str, object]], dict[str, object]] | None = None
    """Settings of the simulated account for the segments of templates, by template id; None without segments."""
    suppression_settings: Callable[[Mapping[str, object]], dict[str, object]] | None = None
    """Settings of the simulated account for its suppression attribute; None without one."""
    senders: Mapping[str, str] = field(default_factory=dict)
    """By dialect option (`textlocal.variant=india`): a sender that is approved there."""
    bridge_has_sender: bool = False
    """A channel of the reference bridge names the sender; otherwise the provider's templates do."""
    bridge_credentials: tuple[str, ...] | None = None
    """The credentials that the reference bridge uses; None for all of the account."""
    bridge_settings: Mapping[str, bool | str] = field(default_factory=dict)
    """Further settings of a channel of the reference bridge."""
    preflight: PreflightProbe | None = None

    @property
    def needs_account_webhooks(self) -> bool:
        """True if only webhooks of the account tell what became of a message."""
        return self.receipts_need_account_webhook and not self.has_record

    @property
    def lists_opt_outs(self) -> bool:
        """True if the provider can be asked for the numbers that opted out."""
        return bool(self.opt_out_lists)

    @property
    def send_operations(self) -> frozenset[str]:
        """Every operation that sends messages; empty if none is known."""
        return self.other_send_operations | ({self.send_operation} if self.send_operation else frozenset())
