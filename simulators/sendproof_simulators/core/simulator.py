"""What a simulator is: a record. A folder of this package that defines `SIMULATOR` is one; `discover()` finds it.

So is a folder elsewhere: the environment variable SENDPROOF_SIMULATORS names the folders that hold more of them, each
with its contract beside it. Their code is imported as if it lay in here, so it can be moved in here as it is.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.dialects import Dialect, Options
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.http import Problem, Request, Response
from sendproof_simulators.core.plans import CampaignPlan, CustomerEvent, TriggerPlan
from sendproof_simulators.core.randomness import KeyedRandom


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One Optimove channel and the provider whose messages it carries. `kind`: scheduled or triggered.

    `testing`: its messages are to be tests. No service looks at that; it is for whoever judges the history.
    """

    id: int
    provider: str
    kind: str
    testing: bool = False

    def view(self) -> dict[str, object]:
        """As the control API and the history show it."""
        testing = {"testing": True} if self.testing else {}
        return {"id": self.id, "provider": self.provider, "kind": self.kind, **testing}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxContext:
    """One service's view of its sandbox. `dialects` are the service's own options, by name without the service.

    `nightly_at` is the time of the nightly process, in milliseconds after midnight UTC; None without one.
    """

    random: KeyedRandom
    audience: Audience
    channels: tuple[Channel, ...]
    allow_remote_webhooks: bool = False
    dialects: Options = field(default_factory=dict)
    nightly_at: int | None = None
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One valid request to one operation. `params` are typed and spelled as in the contract.

    `credential` is what the request shows of who sends it, as the service's `extract_credential` told it.
    """

    context: SandboxContext
    state: Any
    params: Mapping[str, Any]
    body: Any
    now: Instant
    operation: str
    credential: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `requests` in any window of `window_ms` of the sandbox's clock, for one credential.

    `when` (a dialect of the service, an option): only in sandboxes with that option.
    """

    requests: int
    window_ms: int
    when: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One message text that a provider holds. `body` is in the provider's own placeholder syntax."""

    id: int | str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """How the control API reaches the templates of a message provider, and what a template's text becomes.

    `add(state, now, title, body, id)`; `change(state, now, id, title, body)` with None for "as it was";
    `delete(state, now, id)`. Each raises `ValueError` or `KeyError` with a clear message.
    """

    all: Callable[[Any], tuple[Template, ...]]
    add: Callable[[Any, Instant, str, str, int | None], tuple[Template, Effects]]
    change: Callable[[Any, Instant, str, str | None, str | None], tuple[Template, Effects]]
    delete: Callable[[Any, Instant, str], Effects]
    render: Callable[[str, Mapping[str, str | None]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user of a real service sets on its website; here, JSON through the control API.

    `read(state)` is all of it as it stands. `replace(context, state, now, given)` puts `given` in its place, with the
    defaults for what it leaves out; it raises `ValueError` with a clear message, and then changes nothing.
    """

    read: Callable[[Any], Mapping[str, object]]
    replace: Callable[[SandboxContext, Any, Instant, Mapping[str, object]], Effects]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """How the control API reaches the keys of a service that has more than one in a sandbox.

    `all(state, now)` lists them; each has its `name` and its value as `key`. `make(context, state, now, wanted)` makes
    one, `change(context, state, now, name, wanted)` disables, enables or rotates one; both answer it as it is then, and
    raise `ValueError` or `KeyError` with a clear message.
    """

    all: Callable[[Any, Instant], list[dict[str, object]]]
    make: Callable[[SandboxContext, Any, Instant, Mapping[str, Any]], tuple[dict[str, object], Effects]]
    change: Callable[[SandboxContext, Any, Instant, str, Mapping[str, Any]], tuple[dict[str, object], Effects]]


# `preview(context, state, now, asked)`: what a service would do, without doing it. `ValueError` says what is wrong with
# the question.
Preview = Callable[[SandboxContext, Any, Instant, Mapping[str, Any]], Awaitable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """How the control API reaches the campaigns of a marketing platform.

    `plan` and `cancel` refuse with `ValueError`; `get` answers the control API's JSON view; `all` lists campaigns,
    triggered ones too, in a few words, and `report(context, state, campaign, now)` tells all that is known of one, and
    what came back. `get`, `report` and `cancel` raise `KeyError` for a campaign that is not known.
    `channel_templates(state, channel)` lists (id, name); `overview` is the JSON of listeners and channel templates;
    `expectations` yields (since when, entry): each campaign that a bridge can know of, channel by channel, and then
    the obligation to each of its customers.
    """

    plan: Callable[[SandboxContext, Any, Instant, CampaignPlan], Effects]
    cancel: Callable[[SandboxContext, Any, Instant, int], Effects]
    get: Callable[[Any, int], dict[str, object]]
    all: Callable[[Any], list[dict[str, object]]]
    report: Callable[[SandboxContext, Any, int, Instant], dict[str, object]]
    channel_templates: Callable[[Any, int], tuple[tuple[int, str], ...]]
    overview: Callable[[Any], dict[str, object]]
    expectations: Callable[[SandboxContext, Any], Iterator[tuple[Instant, JournalEntry]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """How the control API reaches the triggers of a marketing platform. `add` and `report` refuse with `ValueError`."""

    add: Callable[[SandboxContext, Any, Instant, TriggerPlan], Effects]
    all: Callable[[Any], list[dict[str, object]]]
    report: Callable[[SandboxContext, Any, Instant, Sequence[CustomerEvent]], Effects]


def _unchanged(request: Request) -> Request:
    return request


def _nothing_more(credentials: Mapping[str, str]) -> tuple[str, ...]:
    del credentials
    return ()


def _no_path(context: SandboxContext) -> str:
    del context
    return ""


def _everybody(state: Any, request: Request, credential: str, now: Instant) -> Problem | None:
    del state, request, credential, now
    return None


def _nothing(context: SandboxContext, state: Any, now: Instant) -> Effects:
    del context, state, now
    return Effects()


def _no_timers(context: SandboxContext, state: Any, timer: Timer, now: Instant) -> Effects:
    """Services without timers never get here: only they themselves set any."""
    del context, state, now
    raise LookupError(f"no timer named {timer.name!r} is known here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """One simulated service: these fields; nothing else about it is known elsewhere.

    `post_back_only` are Optimove channels through which the service reports to Optimove, and sends nothing.
    `public` are the credentials that say who somebody is, and do not prove it; `extra_credentials` names what else
    `extract_credential` may find in a request of theirs. `authorize` says why a request may not be served although its
    credential is of this sandbox: a key that was disabled, a token that has expired. `overview` is, as JSON, what the
    service was told by its users; `base_path` is what a sandbox's address of the service ends in, where that has to
    tell whose it is; `batch` takes an uploaded file, and raises `ValueError` for a wrong one; `engagement(state,
    campaign)` counts, by event, what the service was told of a campaign's customers. `events` are the names of all
    webhooks that the service sends.
    """

    name: str
    contract: str
    handlers: ModuleType
    new_state: Callable[[SandboxContext], Any]
    credentials: Callable[[KeyedRandom, str], dict[str, str]]
    default_credentials: Mapping[str, str]
    extract_credential: Callable[[Request], str | None]
    error: Callable[[Problem], Response]
    begin: Callable[[SandboxContext, Any, Instant], Effects] = _nothing
    on_timer: Callable[[SandboxContext, Any, Timer, Instant], Effects] = _no_timers
    events: tuple[str, ...] = ()
    normalise: Callable[[Request], Request] = _unchanged
    case_insensitive: bool = False
    optional_prefix: str = ""
    rate_limit: RateLimit | tuple[RateLimit, ...] | None = None
    body_limit: int = 8 * 1024 * 1024
    dialects: tuple[Dialect, ...] = ()
    templates: Templates | None = None
    settings: Settings | None = None
    preview: Preview | None = None
    post_back_only: frozenset[int] = frozenset()
    public: frozenset[str] = frozenset()
    extra_credentials: Callable[[Mapping[str, str]], tuple[str, ...]] = _nothing_more
    authorize: Callable[[Any, Request, str, Instant], Problem | None] = _everybody
    base_path: Callable[[SandboxContext], str] = _no_path
    keys: Keys | None = None
    overview: Callable[[Any, Instant], dict[str, object]] | None = None
    batch: Callable[[SandboxContext, Any, Instant, str], tuple[dict[str, object], Effects]] | None = None
    engagement: Callable[[Any, int], dict[str, int]] | None = None
    campaigns: Campaigns | None = None
    triggers: Triggers | None = None
