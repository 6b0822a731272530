"""Sending over SMTP, against a real server with scripted replies: which errors say that nothing went out."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, Session

from repository import ROOT
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound import smtp_session
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.smtp_session import SmtpClient, SmtpServer

ENVELOPE = smtp_session.Envelope(sender="bounces@client.example", recipient="ada@example.com", id="505-7001-0-0")
MAIL = b"Subject: Hello\r\n\r\nHello\r\n"
CLOSE = "close"


CERTIFICATE = ROOT / "tests" / "support" / "certificates" / "localhost.pem"


class ScriptedRelay:
    """Replies to RCPT and to the data as a test defines; `sessions` counts the logins, and `encrypted` those over TLS.

    With `starttls`, a client must begin TLS in the session; with `tls`, the connection begins with it.
    """

    def __init__(self, *, starttls: bool = False, tls: bool = False) -> None:
        context = None
        if starttls or tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERTIFICATE)
        self._starttls, self._tls = context if starttls else None, context if tls else None
        self.encrypted = 0
        self.recipient_reply = "250 OK"
        self.data_reply = "250 2.0.0 Ok"
        self.password = b"secret"
        self.sessions = 0
        self.port = 0
        self.contents: list[bytes | str | None] = []

    async def serve(self, is_open: threading.Event) -> None:
        """Serve until `ended` is set."""
        self.loop, self.ended = asyncio.get_running_loop(), asyncio.Event()
        server = await self.loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        is_open.set()
        await self.ended.wait()
        server.close()

    def _protocol(self) -> smtp.SMTP:
        return smtp.SMTP(
            self,
            authenticator=self.log_in,
            auth_require_tls=self._starttls is not None,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
        )

    def log_in(self, server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, data) -> AuthResult:
        self.sessions += 1
        self.encrypted += session.ssl is not None or self._tls is not None
        return AuthResult(success=data.password == self.password, handled=False, auth_data=data)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds hooks by their names
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options
    ) -> str:
        if self.recipient_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(  # noqa: N802 - as above
        self, server: smtp.SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.contents.append(envelope.content)
        if self.data_reply == CLOSE:
            server.transport.abort()
        return self.data_reply


@contextmanager
def serving(relay: ScriptedRelay) -> Iterator[ScriptedRelay]:
    """Serve a relay in a thread of its own."""
    is_open = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(relay.serve(is_open),))
    thread.start()
    is_open.wait()
    try:
        yield relay
    finally:
        relay.loop.call_soon_threadsafe(relay.ended.set)
        thread.join()


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    with serving(ScriptedRelay()) as relay:
        yield relay


@pytest.fixture
def client(relay: ScriptedRelay) -> Iterator[SmtpClient]:
    client = SmtpClient(SmtpServer(url=f"smtp://127.0.0.1:{relay.port}", user="client", password=Secret("secret")))
    yield client
    client.close()


def test_session_stays_open_for_the_next_message(relay, client):
    assert client.send(ENVELOPE, MAIL) == "2.0.0 Ok"
    client.send(ENVELOPE, MAIL)
    assert (relay.sessions, len(relay.contents)) == (1, 2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("450 4.2.0 Try again later", NotSentError),
        ("450 4.7.0 Too many messages", RateLimitedError),
        ("550 5.1.1 No such mailbox", RejectedError),
    ],
)
@pytest.mark.parametrize("place", ["recipient_reply", "data_reply"])
def test_reply_says_whether_to_try_again(relay, client, place, reply, error):
    """The session can be used for the next message."""
    setattr(relay, place, reply)
    with pytest.raises(error) as refused:
        client.send(ENVELOPE, MAIL)
    assert (type(refused.value), str(refused.value)) == (error, f"SMTP: {reply}")
    setattr(relay, place, "250 OK")
    client.send(ENVELOPE, MAIL)
    assert relay.sessions == 1


def test_end_of_connection_after_the_data_leaves_the_outcome_unknown(relay, client):
    relay.data_reply = CLOSE
    with pytest.raises(OutcomeUnknownError):
        client.send(ENVELOPE, MAIL)
    relay.data_reply = "250 OK"
    client.send(ENVELOPE, MAIL)
    assert relay.sessions == 2


def test_wrong_password_is_a_matter_for_an_operator(relay, client):
    relay.password = b"another"
    with pytest.raises(UnauthorizedError):
        client.send(ENVELOPE, MAIL)
    assert relay.contents == []


def test_server_that_is_away_got_nothing(relay):
    """Another host would need STARTTLS, so the password never crosses a network in plain text."""
    client = SmtpClient(SmtpServer(url="smtp://127.0.0.1:9", user="client", password=Secret("secret")))
    with pytest.raises(NotSentError, match="SMTP: no connection"):
        client.send(ENVELOPE, MAIL)


TLS = pytest.mark.parametrize(
    ("scheme", "options"), [("smtp", {"starttls": True}), ("smtps", {"tls": True})], ids=["STARTTLS", "TLS"]
)


@TLS
def test_login_and_mail_are_encrypted(monkeypatch, scheme, options):
    """The certificate is trusted as operators do it, with a variable of OpenSSL."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving(ScriptedRelay(**options)) as relay:
        client = SmtpClient(
            SmtpServer(url=f"{scheme}://localhost:{relay.port}", user="client", password=Secret("secret"))
        )
        client.send(ENVELOPE, MAIL)
        client.close()
    assert (relay.sessions, relay.encrypted, len(relay.contents)) == (1, 1, 1)


@TLS
def test_unknown_certificate_ends_the_session_before_the_login(scheme, options):
    with serving(ScriptedRelay(**options)) as relay:
        client = SmtpClient(
            SmtpServer(url=f"{scheme}://localhost:{relay.port}", user="client", password=Secret("secret"))
        )
        with pytest.raises(NotSentError, match="SMTP: no connection"):
            client.send(ENVELOPE, MAIL)
    assert (relay.sessions, relay.contents) == (0, [])
