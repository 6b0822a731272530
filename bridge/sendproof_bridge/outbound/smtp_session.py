"""Sending over SMTP: one session per thread, which stays open. Each error states whether the message may have gone out.

A server takes responsibility for a message only with its reply to the end of the data (RFC 5321, 4.2.5). If the
connection ends after the data and before this reply, the outcome is unknown: servers have accepted such messages (RFC
1047).
"""

import smtplib
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.http import READ_SECONDS
from sendproof_bridge.outbound.smtp_replies import BoundedSession, BoundedTlsSession

_TLS, _PLAIN_PORT, _TLS_PORT = "smtps", 587, 465
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PERMANENT = range(500, 600)
_AUTHENTICATION = frozenset({530, 534, 535, 538})
# documented: 4.7.0 and 4.7.1 are policies, RFC 3463; many servers limit rates with 421 or 450 and one of them
_RATE_LIMITS = (b"4.7.0", b"4.7.1", b"4.7.28")
_NO_SUCH_CODE = -1
_MAX_SHOWN_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The address of a relay, `smtp://host:port` or `smtps://host:port`, and the login."""

    url: str
    user: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The sender, which gets the notifications, and the recipient. `id` comes back in notifications."""

    sender: str
    recipient: str
    id: str


class SmtpClient:
    """Sends messages to one relay."""

    def __init__(self, server: SmtpServer, *, read_seconds: float = READ_SECONDS) -> None:
        """Connect at the first message.

        `read_seconds` is the longest silence within a reply, in real time; the whole reply may take twice as long.
        """
        self._server = server
        self._timeout = read_seconds
        self._local = threading.local()

    def send(self, envelope: Envelope, content: bytes) -> str:
        """Send one message; return the server's reply."""
        session = self._session()
        try:
            options = _options(session, envelope)
            _expect(session.mail(envelope.sender, options.sender))
            _expect(session.rcpt(envelope.recipient, options.recipient))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self.close()
            raise NotSentError(f"SMTP: the connection ended before the data ({_reason(error)})") from error
        except (RejectedError, NotSentError):
            self._reset(session)
            raise
        return self._data(session, content)

    def _data(self, session: smtplib.SMTP, content: bytes) -> str:
        try:
            code, reply = session.data(content)
        except smtplib.SMTPDataError as error:
            # The reply to DATA itself: nothing was sent yet.
            self._reset(session)
            raise _error(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise OutcomeUnknownError(f"SMTP: no reply to the data ({_reason(error)})") from error
        if code == _NO_SUCH_CODE:
            self.close()
            raise OutcomeUnknownError("SMTP: the reply to the data has no code")
        _expect((code, reply))
        return _shown(reply)

    def _session(self) -> smtplib.SMTP:
        """Return the thread's session, if the server still keeps it; else a new one."""
        session: smtplib.SMTP | None = getattr(self._local, "session", None)
        if session is not None and _is_alive(session):
            return session
        self.close()
        with _connecting():
            session = self._local.session = self._connect()
        return session

    def _connect(self) -> smtplib.SMTP:
        parts, context = urlsplit(self._server.url), ssl.create_default_context()
        host = parts.hostname or ""
        if parts.scheme == _TLS:
            session: smtplib.SMTP = BoundedTlsSession(
                host, parts.port or _TLS_PORT, timeout=self._timeout, context=context
            )
        else:
            session = BoundedSession(host, parts.port or _PLAIN_PORT, timeout=self._timeout)
        try:
            session.ehlo()
            if parts.scheme != _TLS and (session.has_extn("starttls") or host not in _LOOPBACK):
                session.starttls(context=context)
                session.ehlo()
            session.login(self._server.user, self._server.password.reveal())
        except BaseException:
            session.close()
            raise
        return session

    def _reset(self, session: smtplib.SMTP) -> None:
        """End a refused transaction, so that the session can be used again."""
        try:
            session.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """Close the session of this thread. The next message opens another one."""
        session: smtplib.SMTP | None = getattr(self._local, "session", None)
        self._local.session = None
        if session is not None:
            session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    sender: Sequence[str]
    recipient: Sequence[str]


def _options(session: smtplib.SMTP, envelope: Envelope) -> _Options:
    """Return the parameters by which the relay also reports what it has delivered (RFC 3461)."""
    if not session.has_extn("dsn"):
        return _Options(sender=(), recipient=())
    recipient = ("NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{_xtext(envelope.recipient)}")
    return _Options(sender=("RET=HDRS", f"ENVID={_xtext(envelope.id)}"), recipient=recipient)


def _xtext(text: str) -> str:
    return "".join(sign if "!" <= sign <= "~" and sign not in "+=" else f"+{ord(sign):02X}" for sign in text)


def _is_alive(session: smtplib.SMTP) -> bool:
    try:
        return session.noop()[0] not in {_NO_SUCH_CODE, 421}
    except (smtplib.SMTPException, OSError):
        return False


@contextmanager
def _connecting() -> Iterator[None]:
    """Raise what a failure to connect or to log in means: nothing was sent."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code in _AUTHENTICATION:
            raise UnauthorizedError(f"SMTP: credentials refused ({error.smtp_code})") from error
        raise _error(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        raise NotSentError(f"SMTP: {error.smtp_code} {_shown(error.smtp_error)}") from error
    except (OSError, ValueError) as error:
        # A challenge of the relay that is not Base64 is a `ValueError`.
        raise NotSentError(f"SMTP: no connection ({_reason(error)})") from error


def _expect(result: tuple[int, bytes]) -> None:
    """Raise the error that a reply means, unless it is a success."""
    code, reply = result
    if code not in range(200, 300):
        raise _error(code, reply)


def _error(code: int, reply: bytes | str) -> NotSentError:
    text = f"SMTP: {code} {_shown(reply)}"
    if code in _AUTHENTICATION:
        return UnauthorizedError(text)
    if code in _PERMANENT:
        return RejectedError(text)
    raw = reply if isinstance(reply, bytes) else reply.encode()
    return RateLimitedError(text) if raw.startswith(_RATE_LIMITS) else NotSentError(text)


def _reason(error: Exception) -> str:
    """Return the type of an error, and what an end of the connection was for. Other texts may contain the password."""
    name = type(error).__name__
    return f"{name}: {_shown(str(error))}" if isinstance(error, smtplib.SMTPServerDisconnected) else name


def _shown(reply: bytes | str) -> str:
    text = reply if isinstance(reply, str) else reply[:_MAX_SHOWN_BYTES].decode("utf-8", "replace")
    return " ".join(text.split())
