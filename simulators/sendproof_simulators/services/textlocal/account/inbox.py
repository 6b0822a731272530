"""The inbox of an account: the messages that recipients write back."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import Instant

# assumed: the number that replies go to is not published; any number will do.
REPLY_NUMBER = "447860033333"
INBOX = 10


class InboundMessage(NamedTuple):
    """One received message."""

    id: int
    number: str
    text: str
    at: Instant


@dataclass(slots=True)
class Inbox:
    """The only inbox of an account: that of its reply number. `read_count` is how many messages were read."""

    messages: list[InboundMessage] = field(default_factory=list)
    read_count: int = 0

    def receive(self, number: str, text: str, at: Instant) -> InboundMessage:
        """Store one more message."""
        message = InboundMessage(len(self.messages) + 1, number, text, at)
        self.messages.append(message)
        return message
