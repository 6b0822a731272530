"""The lines of a history about what customers do at a provider: opt out and in again, click, open, and write.

Scanners of their mail servers open links, too.
"""

from sendproof_harness.history.parts import SMS
from sendproof_harness.history.record import Record


class OptOut(Record, frozen=True, gc=False, tag="opt_out"):
    """A number, or a user of push notifications, opted out of messages of this type at the provider."""

    service: str
    number: str
    source: str | None = None
    message_type: str = SMS


class OptIn(Record, frozen=True, gc=False, tag="opt_in"):
    """A number or user that had opted out at the provider opted in again."""

    service: str
    number: str
    source: str | None = None
    message_type: str = SMS


class Click(Record, frozen=True, gc=False, tag="click"):
    """A customer opened the link of a message."""

    service: str
    message: str
    number: str


class Open(Record, frozen=True, gc=False, tag="open"):
    """A customer opened a push notification for the first time."""

    service: str
    message: str
    number: str


class Inbound(Record, frozen=True, gc=False, tag="inbound"):
    """A customer sent a message to the provider."""

    service: str
    number: str
    text: str


class LinkScan(Record, frozen=True, gc=False, tag="link_scan"):
    """A scanner opened the URL by which the recipient of a message unsubscribes, with GET; `key` ends in the message.

    `status` is None without a response, for the reason in `error`.
    """

    service: str
    key: str
    url: str
    status: int | None
    error: str | None

    @property
    def message(self) -> str:
        """The provider's id of the message."""
        return self.key.partition(":")[2]
