"""The interface to message providers. Each module in this package implements it for one provider.

A provider module has `SETTINGS`, its own settings of a channel, and a function
`open_channel(config: ChannelConfig, http: HttpClient) -> MessageProvider`. `MESSAGE_TYPES` lists the types of messages
that it sends, if these are more than SMS. The environment variable
`SENDPROOF_BRIDGE_PROVIDERS` names more folders with such modules, separated as in `PATH`.
"""

import importlib
import os
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

import msgspec

from sendproof_bridge.clock import Instant
from sendproof_bridge.config import SMS, ChannelConfig
from sendproof_bridge.config_fields import SettingError, Settings
from sendproof_bridge.outbound.http import HttpClient

FOLDERS_VARIABLE = "SENDPROOF_BRIDGE_PROVIDERS"
__path__.extend(filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)))

# A receipt reports either a new state of the message or one of these.
CLICKED, OPENED, UNSUBSCRIBED = "clicked", "opened", "unsubscribed"


class UnauthenticatedWebhookError(Exception):
    """A webhook does not prove that the provider sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text stored at the provider, with placeholders in the provider's own syntax."""

    id: int
    title: str
    body: str


class ComposeRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer, a template and the customer's attributes. `event` is the body of event 11, for triggers only.

    `send_at` is only for providers that know customers by their ids.
    """

    customer: str
    template: Template
    values: Mapping[str, str | None]
    event: Mapping[str, Any] | None = None
    send_at: Instant = 0


class ComposedMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A personalized message with an unchecked phone number, which only an SMS needs.

    `content` is the part of the request to the provider that belongs to this message, in the provider's own form.
    `recipient` is the provider's name for the recipient; if empty, the phone number. Messages with a different `group`
    cannot share a call.
    """

    phone: str | None
    content: str
    recipient: str = ""
    group: str = ""


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message to send. `number` has the country code and only digits."""

    recipient: str
    number: str
    template: int
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """A provider's response to a batch, by recipient.

    `accepted` has the provider's message ids, empty if it returned none. `rejected` has reasons that are final,
    `postponed` has reasons that are temporary. `opted_out` names the rejected recipients that want no more messages.
    If a recipient is in none of them, the outcome is unknown.
    """

    accepted: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    postponed: Mapping[str, str] = field(default_factory=dict)
    opted_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMessage:
    """A sent message without a final status. `message` is the provider's id, empty if it returned none."""

    recipient: str
    message: str
    template: int
    sent_at: Instant


#: Returns those of the provider's ids that the bridge knows already: each belongs to one of its messages.
KnownIds = Callable[[Collection[str]], Collection[str]]


def no_ids(ids: Collection[str]) -> Collection[str]:
    """Return no ids: none is known."""
    del ids
    return ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A provider's report about one message. Status and time are as the provider wrote them.

    `batch` is the bridge's name of the send; empty if the URL of the receipt contains it. `message` is the provider's
    id, if known. `template` identifies the message when the response to the send had no id.
    """

    recipient: str
    status_code: str
    provider_time: str
    batch: str = ""
    message: str = ""
    template: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The owner of this number (only digits) wants no more messages. `source` is one word, such as `reply`."""

    number: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptIn:
    """The owner of this number (only digits) wants messages again."""

    number: str


@runtime_checkable
class Unsubscribable(Protocol):
    """A provider whose messages have a URL by which the recipient unsubscribes (outbound/unsubscription.py)."""

    def parse_unsubscription(self, body: bytes, batch: str, recipient: str) -> Sequence[Receipt | OptOut | OptIn]:
        """Parse the request to the URL of this message. Raises `ValueError` with the expected form."""


@runtime_checkable
class Withdrawable(Protocol):
    """A provider that gets messages before their send time, and takes them back until then."""

    def withdraw(self, messages: Sequence[OpenMessage]) -> Collection[str]:
        """Take these messages back; return the recipients whose message does not go out. Can be repeated."""


class MessageProvider(Protocol):
    """One account at a provider."""

    batch_size: int
    """The most messages in one call."""
    status_meanings: Mapping[str, str]
    """Meaning of each status code in a receipt: a state of a message, `CLICKED`, `OPENED` or `UNSUBSCRIBED`."""
    required_attributes: Sequence[str]
    """Names of attributes that every message needs, in addition to those in its template."""
    requests_receipts: bool
    """True if each send requests its receipts; else they only arrive if the account is set up for them."""
    may_reject_later: bool
    """True if an accepted message may still be rejected or withdrawn, so that it does not count as sent at once."""
    has_send_record: bool
    """True if `find_sent` can find out the outcome of a send after its response was lost."""
    knows_customers: bool
    """True if the provider knows customers by their ids: the bridge sends it no numbers and no texts."""
    lead_ms: int
    """How long before its send time a batch is given to the provider, which then sends it at that time."""
    settle_ms: int
    """How long the provider may continue to process a call after the caller has given up."""

    def list_templates(self) -> list[Template]:
        """Return all templates of the account."""

    def placeholders(self, body: str) -> list[str]:
        """Return the names of the attributes in a template's body."""

    def compose(self, request: ComposeRequest) -> ComposedMessage:
        """Personalize a message. Attributes without a value become empty. `ValueError` if this is impossible."""

    def send(self, messages: Sequence[OutgoingMessage], *, batch: str, receipt_url: str) -> SendResult:
        """Send a batch, with each recipient at most once. `OutcomeUnknownError`: any of them may have been sent."""

    def find_sent(self, messages: Sequence[OutgoingMessage], since: Instant) -> Mapping[str, list[str]]:
        """Return the ids in the provider's record since `since` that may belong to these messages, by recipient."""

    def parse_webhook(self, body: bytes, headers: Mapping[str, str], batch: str) -> Sequence[Receipt | OptOut | OptIn]:
        """Parse a webhook. It arrived at the URL of a batch, or, if `batch` is empty, of the account.

        Raises `ValueError` with the expected form, and `UnauthenticatedWebhookError` if the sender is not the provider.
        """

    def poll_statuses(self, messages: Sequence[OpenMessage], known_ids: KnownIds = no_ids) -> Iterator[Receipt]:
        """Request the status of these messages; yield a receipt for each with a final status.

        A message without an id is never taken for one whose id is known. If its status is not final, its receipt has
        no status code: it only has the id, so that no equal message is taken for this one.
        """

    def list_opt_outs(self) -> Sequence[str]:
        """Return the opted-out numbers that the provider lists, with the country code and only digits."""


def _modules() -> dict[str, ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}") for name in sorted(names)}


def providers() -> dict[str, Settings]:
    """Return the available providers, each with the settings that it adds to those of every channel."""
    return {name: module.SETTINGS for name, module in _modules().items()}


def open_channel(config: ChannelConfig, http: HttpClient) -> MessageProvider:
    """Return the account of a channel. `SettingError` if the settings of the channel contradict the provider."""
    module = importlib.import_module(f"{__name__}.{config.provider}")
    types = getattr(module, "MESSAGE_TYPES", (SMS,))
    if config.message not in types:
        raise SettingError(f"message: {config.provider} sends {' and '.join(types)}, not {config.message}")
    opener: Callable[[ChannelConfig, HttpClient], MessageProvider] = module.open_channel
    return opener(config, http)
