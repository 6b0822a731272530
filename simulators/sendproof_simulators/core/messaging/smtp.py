"""SMTP as values: what a client submits, and how a service maps it to the operations of its contract.

A service with an `SmtpAccess` has a second port, for SMTP. The server speaks the protocol there, and makes an ordinary
request of each authentication and of each submitted message. So faults, limits and the journal work as over HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpLogin:
    """The credentials of a session, and the name by which the client has introduced itself."""

    user: str
    password: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRecipient:
    """One RCPT command. `notify` are the keywords of its parameter NOTIFY, in upper case (RFC 3461)."""

    address: str
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSubmission:
    """One message: the envelope, and the content as the client sent it.

    `envid` is that of MAIL, "" without one. With `smtputf8`, the client announced a header in UTF-8 (RFC 6531).
    """

    login: SmtpLogin
    mail_from: str
    recipients: tuple[SmtpRecipient, ...]
    envid: str
    content: bytes
    smtputf8: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpReply:
    """The reply to a command: its code, and a text that begins with an enhanced status code."""

    code: int
    text: str

    @property
    def line(self) -> str:
        """The reply as it is sent, without its line end."""
        return f"{self.code} {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpLimits:
    """The limits that the server announces or enforces: bytes of a message, and recipients of one."""

    message_bytes: int
    recipients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccess:
    """The SMTP port of a service.

    `authenticate` and `submit` return the requests that stand for the commands, and `reply` the reply for a response;
    None if the response is no reply, after which the server closes the connection. `limits` selects them from what the
    service's `read_limits` returned. `sender_domain` is the only one whose addresses an account may send from.
    """

    authenticate: Callable[[SmtpLogin], Request]
    submit: Callable[[SmtpSubmission], Request]
    reply: Callable[[Response], SmtpReply | None]
    limits: Callable[[Any], SmtpLimits]
    sender_domain: str
