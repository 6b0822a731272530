"""What the bridge needs of a message provider, in no provider's words. One module here teaches it one provider.

A module of this package has a function `open_channel(config: ChannelConfig, wire: Wire) -> MessageProvider`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sendproof_bridge.clock import Instant
from sendproof_bridge.config import ChannelConfig
from sendproof_bridge.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text that the provider holds, with placeholders in the provider's own syntax."""

    id: int
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to send: digits with country code, and the final text."""

    number: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReply:
    """What a provider said of a batch, by number.

    `accepted` holds the provider's ids, `rejected` reasons for good, `postponed` reasons that will pass. Of a number
    in none of them nothing is known.
    """

    accepted: Mapping[str, str]
    rejected: Mapping[str, str]
    postponed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message in the provider's own record."""

    id: str
    number: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider reports of one message: number in digits, status in its own letters, time as it wrote it."""

    number: str
    letter: str
    stamp: str


class MessageProvider(Protocol):
    """One account at a provider."""

    batch_size: int
    letters: Mapping[str, str]
    """What a receipt's status means, as a state of a message."""

    def templates(self) -> list[Template]:
        """All templates of the account."""

    def placeholders(self, body: str) -> list[str]:
        """The names of the attributes that a template's body asks for."""

    def fill(self, body: str, values: Mapping[str, str | None]) -> str:
        """The final text; an attribute without a value becomes nothing."""

    def send(self, messages: Sequence[Outgoing], *, receipt_url: str, unicode: bool) -> SendReply:
        """Send a batch in one call, no number twice. `UnknownOutcomeError`: some or all may have been sent."""

    def sent(self, since: Instant) -> Iterator[Sent]:
        """The provider's record of what this account has sent from `since` on."""

    def receipt(self, body: bytes) -> Receipt:
        """Read what was posted; `ValueError` says what was expected."""

    def status(self, message: str) -> Receipt:
        """What became of the message with this id of the provider; a letter outside `letters`: nothing yet."""

    def same_text(self, one: str, other: str) -> bool:
        """Whether a recorded text may be that of a message."""


def names() -> list[str]:
    """The providers that the bridge can use."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def open_channel(config: ChannelConfig, wire: Wire) -> MessageProvider:
    """The account that a channel's configuration names."""
    module = importlib.import_module(f"{__name__}.{config.provider}")
    opener: Callable[[ChannelConfig, Wire], MessageProvider] = module.open_channel
    return opener(config, wire)
