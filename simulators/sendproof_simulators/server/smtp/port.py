"""The SMTP port of a service: it speaks SMTP with aiosmtpd, and makes a request to the service of each message.

Supported are AUTH PLAIN and LOGIN, SIZE, 8BITMIME, SMTPUTF8, and DSN (RFC 3461). There is no TLS: the port is for
programs on this machine.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sendproof_simulators.core.http import FaultyResponse, Request, Response
from sendproof_simulators.core.messaging.smtp import (
    SmtpAccess,
    SmtpLimits,
    SmtpLogin,
    SmtpRecipient,
    SmtpReply,
    SmtpSubmission,
)

#: Takes a request through the stages of the service.
Respond = Callable[[Request], Awaitable[Response]]

#: Each connection can hold a whole message. A bridge has one for each of its threads.
MOST_CONNECTIONS = 100
#: Real seconds until a silent connection is closed; documented: at least five minutes, RFC 5321, 4.5.3.2.7.
SILENCE_SECONDS = 300.0
_HOST_NAME = "relay.example"
_SOFTWARE = "ESMTP simulated by Sendproof"
# An ENVID has at most 100 characters, and an ORCPT 500 (RFC 3461, 4.2 and 4.4).
_DSN_CHARACTERS = 700
_PARAMETER = re.compile(r"\s+(RET|ENVID|NOTIFY|ORCPT)=(\S*)", re.IGNORECASE)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_RETURNED = frozenset({"FULL", "HDRS"})
_NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})

_BAD_PARAMETER = SmtpReply(code=501, text="5.5.4 The parameter has an invalid value")
_TOO_MANY_RECIPIENTS = SmtpReply(code=452, text="4.5.3 Too many recipients")
_NOT_AUTHENTICATED = SmtpReply(code=530, text="5.7.0 Authentication required")
_BAD_LOGIN = SmtpReply(code=501, text="5.5.2 The login cannot be read")
_TOO_MANY_CONNECTIONS = SmtpReply(code=421, text="4.7.0 Too many connections")


class SmtpPort:
    """The SMTP server of one service. `respond` takes its requests."""

    def __init__(self, access: SmtpAccess, limits: SmtpLimits, respond: Respond) -> None:
        """Serve nothing yet."""
        self.access = access
        self.limits = limits
        self._respond = respond
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self, bound: socket.socket) -> None:
        """Accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, loop), sock=bound)

    async def close(self) -> None:
        """Accept no more connections, and close those that exist."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

    def enter(self, connection: "_Connection") -> bool:
        """Add a connection; return False if there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= MOST_CONNECTIONS

    def leave(self, connection: "_Connection") -> None:
        """Remove a connection that has ended."""
        self._connections.discard(connection)

    async def ask(self, request: Request, ended: asyncio.Event) -> SmtpReply | None:
        """Return the service's reply to a request; None if the client gets none, as a fault wants it.

        `ended` is set once the client has closed the connection.
        """
        response = await self._respond(request)
        if not isinstance(response, FaultyResponse):
            return self.access.reply(response)
        transmission = response.transmission
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(transmission.wait_s + transmission.drip_s):
                    await ended.wait()
            return self.access.reply(response) if transmission.share == 1.0 and not ended.is_set() else None
        finally:
            response.on_written()


class _Connection(SMTP):
    """One connection. The superclass knows the commands; this class adds DSN, and asks the service."""

    def __init__(self, port: SmtpPort, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            self,
            data_size_limit=port.limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=_HOST_NAME,
            ident=_SOFTWARE,
            timeout=SILENCE_SECONDS,
            auth_require_tls=False,
            authenticator=_accept_any,
            loop=loop,
        )
        self._port = port
        self._ended = asyncio.Event()
        self._envid = ""
        self._notify: list[tuple[str, ...]] = []

    # -- the connection ----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if not self._port.enter(self):
            transport.write(f"{_TOO_MANY_CONNECTIONS.line}\r\n".encode())
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._port.leave(self)
        self._ended.set()
        super().connection_lost(error)

    def abort(self) -> None:
        """Close the connection at once."""
        transport: Any = self.transport
        if transport is not None:
            transport.abort()

    async def _reply_line(self, request: Request) -> str | None:
        """Return the line that replies to a request; without a reply, close the connection and return None."""
        reply = await self._port.ask(request, self._ended)
        if reply is None:
            self.abort()
        return None if reply is None else reply.line

    # -- commands ----------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds hooks by their names
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del server, envelope
        session.host_name = hostname
        self.command_size_limits["MAIL"] += _DSN_CHARACTERS
        self.command_size_limits["RCPT"] += _DSN_CHARACTERS
        return [*responses[:-1], "250-ENHANCEDSTATUSCODES", "250-DSN", responses[-1]]

    async def handle_AUTH(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope, args: list[str]
    ) -> str | None:
        del server, envelope
        read = self.auth_PLAIN if args[0] == "PLAIN" else self.auth_LOGIN
        result = await read(self, args)
        if not isinstance(result.auth_data, LoginPassword):
            return None if result.handled else _BAD_LOGIN.line
        login = self._login(result.auth_data)
        line = await self._reply_line(self._port.access.authenticate(login))
        if line is not None and line.startswith("235"):
            session.authenticated = True
            session.auth_data = login  # type: ignore[assignment] # the session is typed by its initial None
        return line

    def _login(self, data: LoginPassword) -> SmtpLogin:
        user, password = (value.decode("utf-8", "replace") for value in (data.login, data.password))
        name = (self.session.host_name if self.session else None) or ""
        return SmtpLogin(user=user, password=password, client=name)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - as above
        if self.session is not None and not self.session.authenticated:
            await self.push(_NOT_AUTHENTICATED.line)
            return
        rest, parameters = _split_parameters(arg)
        if not parameters.keys() <= {"RET", "ENVID"} or parameters.get("RET", "HDRS").upper() not in _RETURNED:
            await self.push(_BAD_PARAMETER.line)
            return
        self._envid, self._notify = _decoded(parameters.get("ENVID", "")), []
        await super().smtp_MAIL(rest)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - as above
        rest, parameters = _split_parameters(arg)
        notify = tuple(filter(None, parameters.get("NOTIFY", "").upper().split(",")))
        if not parameters.keys() <= {"NOTIFY", "ORCPT"} or not _is_notify(notify):
            await self.push(_BAD_PARAMETER.line)
            return
        before = len(self.envelope.rcpt_tos) if self.envelope else 0
        if before == self._port.limits.recipients:
            await self.push(_TOO_MANY_RECIPIENTS.line)
            return
        await super().smtp_RCPT(rest)
        if self.envelope is not None and len(self.envelope.rcpt_tos) > before:
            self._notify.append(notify)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        del server
        pairs = zip(envelope.rcpt_tos, self._notify, strict=True)
        content, login = envelope.original_content, session.auth_data
        assert isinstance(login, SmtpLogin)  # noqa: S101 - MAIL needs a login
        submission = SmtpSubmission(
            login=login,
            # aiosmtpd keeps the brackets of an empty sender: `MAIL FROM:<>`.
            mail_from=(envelope.mail_from or "").removeprefix("<>"),
            recipients=tuple(SmtpRecipient(address=address, notify=notify) for address, notify in pairs),
            envid=self._envid,
            content=content if isinstance(content, bytes) else b"",
        )
        line = await self._reply_line(self._port.access.submit(submission))
        # Nothing that is written to a connection after its end arrives.
        return line or "421 4.3.0 Closed"


def _accept_any(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Pass credentials on to the service, which checks them."""
    del server, session, envelope, mechanism
    return AuthResult(success=True, auth_data=data)


def _split_parameters(arg: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the argument of a command without the parameters of DSN, and these by name."""
    if arg is None:
        return None, {}
    return _PARAMETER.sub("", arg), {name.upper(): value for name, value in _PARAMETER.findall(arg)}


def _is_notify(keywords: Sequence[str]) -> bool:
    return _NOTIFY.issuperset(keywords) and (len(keywords) == 1 or "NEVER" not in keywords)


def _decoded(xtext: str) -> str:
    """Return a text that is written as xtext (RFC 3461, 4)."""
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), xtext)
