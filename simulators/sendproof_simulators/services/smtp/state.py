"""The state of one account of the simulated mail relay."""

from dataclasses import dataclass, field

from sendproof_simulators.core.audience.addresses import UNSUBSCRIBED
from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.delivery_outcomes import BY_CODE, DeliveryOutcome, number_for_code
from sendproof_simulators.core.messaging.lifecycle import PENDING, DeliverySchedule
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.smtp.limits import RelayLimits

NAME = "smtp"
USER, PASSWORD = "smtp_user", "smtp_password"
#: The domain that the client has verified: its messages come from it, or from a domain below it.
SENDER_DOMAIN = "client.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The content of a notification: the action, the enhanced status code, and the words of the recipient's server."""

    action: str
    status: str
    diagnostic: str


@dataclass(slots=True, kw_only=True)
class Mail:
    """One message to one recipient.

    `sender` is the envelope sender, `notify` when it wants a notification, and `header` the message's header for it.
    `unsubscribe_url` is that of a one-click unsubscription, None without one. `state` is one of
    `core/messaging/lifecycle.py`.
    """

    id: str
    address: str
    sender: str
    notify: frozenset[str]
    envid: str
    message_id: str
    header: str
    unsubscribe_url: str | None
    accepted_at: Instant
    state: str = PENDING


@dataclass(slots=True, kw_only=True)
class State:
    """One account.

    `mails` are by id, and `schedules` their coming events. `refused` are the refused recipients of accepted messages,
    with the content of the notification. `submissions` count equal ones. `greylisted` are the addresses that were
    refused once, and `unsubscribed` those that unsubscribed by one click. `inbound_url` gets the mail to envelope
    senders.
    """

    random: KeyedRandom
    audience: Audience
    limits: RelayLimits
    templates: dict[int, Template] = field(default_factory=dict)
    mails: dict[str, Mail] = field(default_factory=dict)
    schedules: dict[str, DeliverySchedule] = field(default_factory=dict)
    submissions: dict[str, int] = field(default_factory=dict)
    refused: dict[str, tuple[Mail, Notice]] = field(default_factory=dict)
    greylisted: set[str] = field(default_factory=set)
    unsubscribed: set[str] = field(default_factory=set)
    inbound_url: str | None = None

    def is_suppressed(self, address: str) -> bool:
        """Return True if the account sends nothing to an address."""
        index, addresses = self.audience.index_of_address(address), self.audience.addresses
        return index is not None and addresses is not None and addresses.group(index) == UNSUBSCRIBED

    def outcome_number(self, address: str) -> str:
        """Return the test number with the outcome of messages to an address, "" for a drawn outcome."""
        index = self.audience.index_of_address(address)
        code = None if index is None else self.audience.outcome_code(index)
        return "" if code is None else number_for_code("GB", code)

    def outcome(self, address: str) -> DeliveryOutcome | None:
        """Return the given outcome of messages to an address, or None."""
        number = self.outcome_number(address)
        return BY_CODE[number[-2:]].outcome if number else None


def new_state(context: SandboxContext) -> State:
    """Return a new account without templates and settings."""
    return State(
        random=context.random,
        audience=context.audience,
        limits=context.limits,
    )
