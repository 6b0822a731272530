"""The record that defines a simulator. `discover()` finds it as `SIMULATOR` in a folder of `services`.

The environment variable SENDPROOF_SIMULATORS names further folders with simulators, each with its contract next to it.
Their modules are imported as parts of `services`, so such a folder can be moved there unchanged.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.dialects import Dialect, Options
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.http import Problem, Request, Response
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.messaging.message_types import SMS, whole_text
from sendproof_simulators.core.messaging.smtp import SmtpAccess
from sendproof_simulators.core.plans import CampaignPlan, CustomerEvent, ExpectedMessage, TriggerPlan
from sendproof_simulators.core.randomness import KeyedRandom

# How a bridge names the recipients of a channel to its provider.
NUMBERS, CUSTOMER_IDS = "numbers", "customer_ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One Optimove channel and the provider of its messages. `kind`: scheduled or triggered.

    `testing`: its messages must be test messages. Services ignore this; it is for the judge of the history. `exclude`:
    attributes and parameters that events about triggers leave out. `variables`: values that the texts of triggers have
    in place of the customer's, because the client overrides them at the provider. `recipients`: numbers, or
    customer_ids if the provider knows the customers and fills in the texts itself. `message` is the type of all of its
    messages.
    """

    id: int
    provider: str
    kind: str
    testing: bool = False
    recipients: str = NUMBERS
    exclude: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    message: str = SMS

    def view(self) -> dict[str, object]:
        """Return the channel as JSON for the control API and the history."""
        testing = {"testing": True} if self.testing else {}
        recipients = {"recipients": self.recipients} if self.recipients != NUMBERS else {}
        message = {"message": self.message} if self.message != SMS else {}
        return {"id": self.id, "provider": self.provider, "kind": self.kind, **testing, **recipients, **message}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxContext:
    """One service's view of its sandbox. All services share the `customers`, with their records as they are now.

    `dialects` are the service's own options, by name without the service. `limits` is what the service's `read_limits`
    returned. `nightly_at` is the time of the nightly process, in milliseconds after midnight UTC; None without one.
    `key_scopes` are access types and scopes of the platform's credentials, by the name of the credential: bridge or
    login.
    """

    random: KeyedRandom
    customers: CustomerRecords
    channels: tuple[Channel, ...]
    allow_remote_webhooks: bool = False
    dialects: Options = field(default_factory=dict)
    nightly_at: int | None = None
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key_scopes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Any = None

    @property
    def audience(self) -> Audience:
        """The facts about customers that never change, such as their ids."""
        return self.customers.audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One valid request to one operation. `params` are typed and spelled as in the contract.

    `credential` is the credential in the request, as the service's `extract_credential` returned it, and `key` is what
    the service's `authorize` returned for it. `defaults` are those of the contract for parameters and members of the
    body, by name.
    """

    context: SandboxContext
    state: Any
    params: Mapping[str, Any]
    body: Any
    now: Instant
    operation: str
    credential: str = ""
    key: Any = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> Mapping[str, Any]:
        """The parameters and the members of the body that the request has, by name."""
        return {**self.params, **self.body} if isinstance(self.body, Mapping) else self.params

    @property
    def with_defaults(self) -> Mapping[str, Any]:
        """The parameters and the members of the body, with the contract's default for each that the request lacks."""
        return {**self.defaults, **self.given}

    def value(self, name: str) -> Any:
        """Return a parameter or a member of the body; if the request lacks it, the default in the contract."""
        if name in self.params:
            return self.params[name]
        if isinstance(self.body, Mapping) and name in self.body:
            return self.body[name]
        return self.defaults[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template of a provider. `body` has the provider's own placeholder syntax, and so has a `heading`.

    `message` is the type of the messages that it makes.
    """

    id: int | str
    title: str
    body: str
    message: str = SMS
    heading: str = ""

    @property
    def whole_body(self) -> str:
        """The heading and the body, from which `render` makes the text that a recipient reads."""
        return whole_text(self.heading, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The control API's access to the templates of a message provider.

    `add(state, now, title, body, id)`; `change(state, now, id, title, body)` with None for an unchanged value;
    `delete(state, now, id)`. Each raises `ValueError` or `KeyError` with a clear message. `render(body, attributes)`
    returns the text that must arrive.

    A provider of more than SMS lists its `message_types`, and has `add_typed(state, now, template)` for templates of
    other types; the new template keeps the id, if that is not 0. `values_may_be_html` states that it is an open
    question whether a value in HTML is text or HTML, so both are right.
    """

    all: Callable[[Any], tuple[Template, ...]]
    add: Callable[[Any, Instant, str, str, int | None], tuple[Template, Effects]]
    change: Callable[[Any, Instant, str, str | None, str | None], tuple[Template, Effects]]
    delete: Callable[[Any, Instant, str], Effects]
    render: Callable[[str, Mapping[str, str | None]], str]
    add_typed: Callable[[Any, Instant, Template], tuple[Template, Effects]] | None = None
    message_types: frozenset[str] = frozenset({SMS})
    values_may_be_html: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """What a provider knows about one message now.

    `state` is one of those of `core/messaging/lifecycle.py`. `parts` are those of the SMS, in the `encoding` gsm
    or ucs2. `customer` is the customer's id if the provider knows it.
    """

    state: str
    parts: int
    encoding: str
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that users of the real service enter on its website; here, JSON through the control API.

    `read(state)` returns all settings. `replace(context, state, now, settings)` replaces them, with defaults for
    missing ones; it raises `ValueError` with a clear message, and then changes nothing.
    """

    read: Callable[[Any], Mapping[str, object]]
    replace: Callable[[SandboxContext, Any, Instant, Mapping[str, object]], Effects]


#: Returns the reason why a service sends nothing for an obligation of a customer, or None.
Exclusion = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The control API's access to the keys of a service that can have several in a sandbox.

    `all(state, now)` lists them, each with its `name` and, if it is a key and no login, its value as `key`.
    `create(context, state, now, fields)` adds one; `change(context, state, now, name, fields)` disables, enables or
    rotates one, or changes its access type. Both return the key as JSON, and raise `ValueError` or `KeyError` with a
    clear message.
    """

    all: Callable[[Any, Instant], list[dict[str, object]]]
    create: Callable[[SandboxContext, Any, Instant, Mapping[str, Any]], tuple[dict[str, object], Effects]]
    change: Callable[[SandboxContext, Any, Instant, str, Mapping[str, Any]], tuple[dict[str, object], Effects]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A second part of a request that must belong to the same client as its credential, such as a signature.

    `matches(credentials, request)` returns True if that part belongs to the client with these credentials. If it is the
    header `name` with the HMAC-SHA256 of the body in hex, `signed_with` is the credential that is its key.
    """

    name: str
    matches: Callable[[Mapping[str, str], Request], bool]
    signed_with: str = ""


#: `preview(context, state, now, body)` returns what the service would do, and does nothing. It raises `ValueError`.
Preview = Callable[[SandboxContext, Any, Instant, Mapping[str, Any]], Awaitable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """The control API's access to the campaigns of a marketing platform.

    `schedule` and `cancel` raise `ValueError` for a refusal. `get` returns the control API's JSON of one campaign,
    `all` summaries of all campaigns, triggered ones included, and `report(context, state, campaign, now)` one campaign
    with everything that was reported for it. `get`, `report` and `cancel` raise `KeyError` for an unknown campaign.
    `channel_templates(state, channel)` lists (id, name); `overview` is the JSON of listeners, and of templates and
    apps by channel.
    `states(state)` lists the scheduled campaigns with their states: cheap, to notice changes.
    `obligations_of_customers(context, state, now)` returns a function from the index of a customer to the fields of the
    customer's obligations, those of planned campaigns included.
    `expectations` yields (valid since, entry): each campaign that a bridge can know, channel by channel, and then the
    obligation to each of its customers.
    """

    schedule: Callable[[SandboxContext, Any, Instant, CampaignPlan], Effects]
    cancel: Callable[[SandboxContext, Any, Instant, int], Effects]
    get: Callable[[Any, int], dict[str, object]]
    all: Callable[[Any], list[dict[str, object]]]
    report: Callable[[SandboxContext, Any, int, Instant], dict[str, object]]
    channel_templates: Callable[[Any, int], tuple[tuple[int, str], ...]]
    overview: Callable[[Any], dict[str, object]]
    states: Callable[[Any], list[tuple[int, str]]]
    obligations_of_customers: Callable[[SandboxContext, Any, Instant], Callable[[int], list[Mapping[str, Any]]]]
    expectations: Callable[[SandboxContext, Any], Iterator[tuple[Instant, JournalEntry]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """The control API's access to the triggers of a marketing platform. `add` and `record` raise `ValueError`.

    `count(state)` is the number of triggers.
    """

    add: Callable[[SandboxContext, Any, Instant, TriggerPlan], Effects]
    all: Callable[[Any], list[dict[str, object]]]
    count: Callable[[Any], int]
    record: Callable[[SandboxContext, Any, Instant, Sequence[CustomerEvent]], Effects]


def _no_limits(limits: Limits) -> None:
    del limits


def _unchanged(request: Request) -> Request:
    return request


def _no_credentials(credentials: Mapping[str, str]) -> tuple[str, ...]:
    del credentials
    return ()


def _none_refused(state: Any, now: Instant) -> frozenset[str]:
    del state, now
    return frozenset()


def _no_path(context: SandboxContext) -> str:
    del context
    return ""


def _allow_all(state: Any, request: Request, credential: str, now: Instant) -> object:
    del state, request, credential, now
    return None


def _no_exclusion(context: SandboxContext, state: Any) -> Exclusion | None:
    del context, state
    return None


def _no_effects(context: SandboxContext, state: Any, now: Instant) -> Effects:
    del context, state, now
    return Effects()


def _no_timers(context: SandboxContext, state: Any, timer: Timer, now: Instant) -> Effects:
    """Raise `LookupError`: only a service itself sets its timers."""
    del context, state, now
    raise LookupError(f"expected no timers of this service, got {timer.name!r}; define `on_timer`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """One simulated service. Other modules know a service only through this record.

    Requests: `normalise` brings equivalent requests into the form of the contract, `extract_credential` returns the
    credential in a request, and `error` returns a problem in the service's own form. `authorize(state, request,
    credential, now)` returns the caller's key, which becomes `Call.key`, or a `Problem`: a disabled key, an expired
    token. `case_insensitive` concerns paths and parameter names; `optional_prefix` is a part of paths that clients may
    leave out. `base_path` is the end of a sandbox's URL of the service, for services that identify the client by it.

    Credentials: `public` names the credentials that identify a client without proving it. `extra_credentials` lists
    further values that `extract_credential` can return for a client with these credentials. `credential_place` says
    where a request has its credential, its name first, if the contract has no security scheme for it. `proof` is a
    second part that must belong to the same client. `refused_credentials(state, now)` names those that the service does
    not accept, such as a password after the end of logins.

    Control API: `batch(context, state, now, text)` takes an uploaded file, and raises `ValueError` for an invalid one.
    `overview(state, now)` returns what users reported to the service, as JSON. `engagement(state, campaign)` counts the
    events about a campaign's customers by event name.

    Limits: `read_limits(limits)` reads all limits of the contract that the service enforces itself, and becomes
    `SandboxContext.limits`. Rate limit and size of a body need nothing: the server enforces them.

    `begin` returns the effects of the start of a sandbox. `events` lists the events of all webhooks that the service
    sends, and `webhook_contract` is the file that describes them, next to the contract; empty if none does.
    `exclusion(context, state)` returns a function from an obligation, as JSON, to the reason why the service
    itself sends nothing to that customer; None without one. `post_back_only` are Optimove channels that only carry the
    service's reports to Optimove, and no messages. `expected_message(context, state, template, customer, at)` is for a
    provider that can know customers by their ids, and returns the message that the customer is due at an instant.
    `message_status(state, message, now)` returns what a message provider knows about a message by its id in the
    journal, None if it does not know it: a test, for example. `smtp` gives the service a second port, for SMTP.
    """

    name: str
    contract: str
    handlers: ModuleType
    new_state: Callable[[SandboxContext], Any]
    credentials: Callable[[KeyedRandom, str], dict[str, str]]
    default_credentials: Mapping[str, str]
    extract_credential: Callable[[Request], str | None]
    error: Callable[[Problem], Response]
    begin: Callable[[SandboxContext, Any, Instant], Effects] = _no_effects
    on_timer: Callable[[SandboxContext, Any, Timer, Instant], Effects] = _no_timers
    events: tuple[str, ...] = ()
    webhook_contract: str = ""
    normalise: Callable[[Request], Request] = _unchanged
    case_insensitive: bool = False
    optional_prefix: str = ""
    read_limits: Callable[[Limits], Any] = _no_limits
    dialects: tuple[Dialect, ...] = ()
    templates: Templates | None = None
    settings: Settings | None = None
    expected_message: Callable[[SandboxContext, Any, Template, str, Instant], ExpectedMessage] | None = None
    preview: Preview | None = None
    message_status: Callable[[Any, str, Instant], MessageStatus | None] | None = None
    exclusion: Callable[[SandboxContext, Any], Exclusion | None] = _no_exclusion
    post_back_only: frozenset[int] = frozenset()
    public: frozenset[str] = frozenset()
    extra_credentials: Callable[[Mapping[str, str]], tuple[str, ...]] = _no_credentials
    credential_place: str = ""
    proof: Proof | None = None
    refused_credentials: Callable[[Any, Instant], frozenset[str]] = _none_refused
    authorize: Callable[[Any, Request, str, Instant], object] = _allow_all
    base_path: Callable[[SandboxContext], str] = _no_path
    keys: Keys | None = None
    overview: Callable[[Any, Instant], dict[str, object]] | None = None
    batch: Callable[[SandboxContext, Any, Instant, str], tuple[dict[str, object], Effects]] | None = None
    engagement: Callable[[Any, int], dict[str, int]] | None = None
    campaigns: Campaigns | None = None
    triggers: Triggers | None = None
    smtp: SmtpAccess | None = None
