"""Everything that a call or a timer of a simulator leads to: journal entries, timers, webhooks and a response."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.http import EMPTY, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """Something that became true and belongs in the journal. Fields are JSON values, never secrets."""

    kind: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something a service wants to be told of at an instant of its sandbox's clock."""

    at: Instant
    name: str
    payload: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long after each failed attempt the next one is made. Empty: one attempt only."""

    delays_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A call that a service makes to its user.

    `key` names it logically (`13:7001:505`, `receipt:<message>`); `about` goes into the journal. `headers` come on top
    of the content type, and stay out of the journal: they may prove who calls.
    """

    url: str
    key: str
    event: str
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    about: Mapping[str, object] = field(default_factory=dict)
    retry: RetryPolicy = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a call or a timer leads to: the answer, and everything that follows from it.

    `before_response` are webhooks that are sent, and answered or given up, before a call's own answer leaves. A service
    that refuses with a status that is none of an error says that it `refused`.
    """

    response: Response = EMPTY
    entries: tuple[JournalEntry, ...] = ()
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_response: tuple[Webhook, ...] = ()
    summary: Mapping[str, object] | None = None
    refused: bool = False
