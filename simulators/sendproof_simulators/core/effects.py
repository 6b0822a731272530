"""The effects of a call or a timer: the response, journal entries, timers and webhooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.http import EMPTY, Response


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry for the journal. Fields are JSON values and contain no secrets."""

    kind: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A request of a service to be called again at an instant of its sandbox's clock."""

    at: Instant
    name: str
    payload: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The delay of the next attempt after each failed one. Empty: one attempt only."""

    delays_ms: tuple[int, ...] = ()


#: Begins the message in the key of a webhook about a message that another system of the client sent.
OTHER_SYSTEM = "other-"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An outgoing call of a service to its user.

    `key` identifies it logically (`13:7001:505`, `receipt:<message>`); `about` is copied to the journal. `headers` are
    sent in addition to the content type. They may contain credentials, so they stay out of the journal. `subjects` are
    the words by which a call shows that it is work on this webhook: ids and numbers. `forged_body` is that of a forged
    copy, which states something else: that a failed message was delivered, that a customer who answers "thanks" wants
    no messages, or that a campaign is cancelled. `forged_headers` are those that a stranger can copy,
    `other_headers` returns those of another client from its secret, and `forged_url` is a guess of the URL for
    another recipient, where the URL itself is the proof. With the method GET, it is the request of a scanner that opens
    the links of a message: it has no body, and any response will do.
    """

    url: str
    key: str
    event: str
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    about: Mapping[str, object] = msgspec.field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    retry: RetryPolicy = RetryPolicy()
    forged_body: bytes | None = None
    forged_headers: tuple[tuple[str, str], ...] = ()
    other_headers: Callable[[str], tuple[tuple[str, str], ...]] | None = None
    forged_url: str | None = None
    method: Literal["POST", "GET"] = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Everything that a call or a timer causes.

    The webhooks of `before_response` are acknowledged or given up before the response of the call is sent. `summary`
    describes the response in the journal. `refused` marks a refusal without an HTTP error status.
    """

    response: Response = EMPTY
    entries: tuple[JournalEntry, ...] = ()
    timers: tuple[Timer, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    before_response: tuple[Webhook, ...] = ()
    summary: Mapping[str, object] | None = None
    refused: bool = False

    @property
    def changes_state(self) -> bool:
        """True if the effects are more than a response."""
        return bool(self.entries or self.timers or self.webhooks or self.before_response)
