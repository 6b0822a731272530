"""What the bridge needs of a message provider, in no provider's words. One module here teaches it one provider.

A module of this package has `SETTINGS`, its own settings of a channel, and a function
`open_channel(config: ChannelConfig, wire: Wire) -> MessageProvider`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from sendproof_bridge.clock import Instant
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.config_fields import Settings
from sendproof_bridge.outbound.http import Wire

# What a receipt can tell beside the states of a message.
CLICKED, UNSUBSCRIBED = "clicked", "unsubscribed"


class NotGenuineError(Exception):
    """What was posted does not prove that it comes from the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the provider holds, with placeholders in the provider's own syntax."""

    id: int
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who is to get which template. `event` is what Optimove posted, when it was a trigger."""

    customer: str
    template: Template
    values: Mapping[str, str | None]
    event: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message before it is known whether its phone number is one.

    `content` is what the provider will be sent of it, in the provider's own form. `recipient` is the name by which the
    provider knows the recipient; without one it is the number. Messages of different `group` share no call.
    """

    phone: str | None
    content: str
    recipient: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to send: digits with country code, and what was composed."""

    recipient: str
    number: str
    template: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReply:
    """What a provider said of a batch, by recipient.

    `accepted` holds the provider's ids, empty where it gave none, `rejected` reasons for good, `postponed` reasons that
    will pass, `opted_out` those of the rejected who will have no more messages. Of a recipient in none of them nothing
    is known.
    """

    accepted: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    postponed: Mapping[str, str] = field(default_factory=dict)
    opted_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A message of which the end is not known. `message` is the provider's id of it, empty when it gave none."""

    recipient: str
    message: str
    template: int
    sent_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider reports of one message: recipient, status in its own letters, time as it wrote it.

    `batch` is the bridge's name of the send, empty when the address of the receipt tells it; `message` is the
    provider's id, when it tells one, and `template` what was sent, which counts when the reply to the send had no id.
    """

    recipient: str
    letter: str
    stamp: str
    batch: str = ""
    message: str = ""
    template: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Whoever has this number, in digits, wants no more messages. `how` says in a word how that came."""

    number: str
    how: str


class MessageProvider(Protocol):
    """One account at a provider."""

    batch_size: int
    letters: Mapping[str, str]
    """What a receipt's status means: a state of a message, or `CLICKED` or `UNSUBSCRIBED`."""
    attributes: Sequence[str]
    """Names of attributes that every message needs, whatever its template asks for."""
    posts_receipts: bool
    """Whether receipts are asked for with each send; else they come only if somebody has set the account up so."""
    rejects_later: bool
    """Whether what was accepted may still be rejected, so that it is not known yet to be sent."""
    remembers: bool
    """Whether `find` tells what became of a send whose reply was lost."""
    settle_ms: int
    """How long the provider may be at work on a call whose caller has gone."""

    def templates(self) -> list[Template]:
        """All templates of the account."""

    def placeholders(self, body: str) -> list[str]:
        """The names of the attributes that a template's body asks for."""

    def compose(self, order: Order) -> Composed:
        """Personalise; an attribute without a value becomes nothing. `ValueError` when that cannot be done."""

    def send(self, messages: Sequence[Outgoing], *, batch: str, receipt_url: str) -> SendReply:
        """Send a batch, no recipient twice. `UnknownOutcomeError`: some or all may have been sent."""

    def find(self, messages: Sequence[Outgoing], since: Instant) -> Mapping[str, list[str]]:
        """What the provider's record from `since` on may hold of these messages: its ids by recipient."""

    def read(self, body: bytes, headers: Mapping[str, str], batch: str) -> Sequence[Receipt | OptOut]:
        """Read what was posted, to the address of a batch or to the account's own (`batch` is empty).

        `ValueError` says what was expected, `NotGenuineError` that somebody else posted it.
        """

    def outcomes(self, messages: Sequence[Open]) -> Iterator[Receipt]:
        """What became of those of these messages that have ended."""

    def opt_outs(self) -> Iterable[str]:
        """The numbers, in digits, of those who want no messages, as far as the provider lists them."""


def _modules() -> dict[str, ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}") for name in sorted(names)}


def providers() -> dict[str, Settings]:
    """The providers that the bridge can use, and the settings that each adds to those of every channel."""
    return {name: module.SETTINGS for name, module in _modules().items()}


def open_channel(config: ChannelConfig, wire: Wire) -> MessageProvider:
    """The account that a channel's configuration names."""
    module = importlib.import_module(f"{__name__}.{config.provider}")
    opener: Callable[[ChannelConfig, Wire], MessageProvider] = module.open_channel
    return opener(config, wire)
