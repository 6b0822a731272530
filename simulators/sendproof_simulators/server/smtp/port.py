"""The SMTP port of a service: it speaks SMTP with aiosmtpd, and makes a request to the service of each message.

Supported are AUTH PLAIN and LOGIN, SIZE, 8BITMIME, SMTPUTF8, and DSN (RFC 3461). There is no TLS: the port is for
programs on this machine.
"""

import asyncio
import logging
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
from sendproof_simulators.server.smtp.message_reading import HeldCount, MessageReading

log = logging.getLogger(__name__)

#: Takes a request through the stages of the service.
Respond = Callable[[Request], Awaitable[Response]]

#: Each connection can hold a whole message. A bridge has one for each of its threads.
MOST_CONNECTIONS = 100
#: Real seconds until a silent connection is closed; documented: at least five minutes, RFC 5321, 4.5.3.2.7.
SILENCE_SECONDS = 300.0
#: Commands that cannot be read, or not at their place, until a connection is closed. A message starts the count anew.
#: Postfix has the same limit (`smtpd_hard_error_limit`). Without one, a message of empty lines after a refused DATA is
#: three million commands.
MOST_ERRORS = 20
_HOST_NAME = "relay.example"
_GO_AHEAD = "354 End data with <CR><LF>.<CR><LF>"
# More than asyncio reads before it pauses a client: each read takes everything that has arrived.
_READ_BYTES = 1_000_000
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
_BAD_COMMAND = SmtpReply(code=500, text="5.5.2 The command cannot be read")
_TOO_MANY_ERRORS = SmtpReply(code=421, text="4.7.0 Too many errors")
_SYNTAX_ERRORS = (b"500 ", b"501 ", b"502 ", b"503 ", b"504 ")
_BUSY = SmtpReply(code=421, text="4.7.0 Too many connections")


class SmtpPort:
    """The SMTP server of one service. `respond` takes its requests."""

    def __init__(self, access: SmtpAccess, limits: SmtpLimits, respond: Respond) -> None:
        """Serve nothing yet."""
        self.access = access
        self.limits = limits
        self._respond = respond
        self.content = HeldCount()
        self._connections: set[_Connection] = set()
        # Without a login, the one that has waited longest for its client first.
        self._strangers: dict[_Connection, None] = {}
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
        """Add a connection, instead of the oldest one without a login; return False if all of them have one."""
        if len(self._connections) >= MOST_CONNECTIONS:
            oldest = next(iter(self._strangers), None)
            if oldest is None:
                return False
            oldest.refuse()
        self._connections.add(connection)
        return True

    def note_command(self, connection: "_Connection", *, has_login: bool) -> None:
        """Note that a connection has sent a command."""
        self._strangers.pop(connection, None)
        if not has_login and connection in self._connections:
            self._strangers[connection] = None

    def leave(self, connection: "_Connection") -> None:
        """Remove a connection that has ended."""
        self._connections.discard(connection)
        self._strangers.pop(connection, None)

    async def ask(self, request: Request, ended: asyncio.Event) -> SmtpReply | None:
        """Return the service's reply to a request; None if the client gets none, as a fault wants it.

        `ended` is set once the client has closed its side of the connection.
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


class _ClientBytes:
    """What a client sends. Its end ends the conversation, once all that came before has been read."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readuntil(self) -> bytes:
        """Return the next line; `ConnectionResetError` at the end, which aiosmtpd takes for the end of the client."""
        try:
            return await self._reader.readuntil()
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error

    async def readline(self) -> bytes:
        """Return the next line, or the rest at the end; aiosmtpd reads the answers to AUTH with it."""
        return await self._reader.readline()

    async def read(self, size: int) -> bytes:
        """Return what has arrived, or at least one byte; nothing at the end."""
        return await self._reader.read(size)

    def put_back(self, data: bytes) -> None:
        """Return the last bytes that were read."""
        # Not by `feed_data`, which refuses them after the end.
        self._reader._buffer[:0] = data  # type: ignore[attr-defined] # noqa: SLF001


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
        self._errors = 0

    # -- the connection ----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self._port.enter(self):
            self._port.note_command(self, has_login=False)
        else:
            self.refuse()

    def eof_received(self) -> bool | None:
        """Let a client that has ended its side have the replies. aiosmtpd would end the conversation at once."""
        self._ended.set()
        return asyncio.StreamReaderProtocol.eof_received(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._port.leave(self)
        self._ended.set()
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        self._reader: Any = _ClientBytes(self._reader)
        with suppress(ConnectionResetError):
            await super()._handle_client()

    def abort(self) -> None:
        """Close the connection at once."""
        transport: Any = self.transport
        if transport is not None:
            transport.abort()

    def refuse(self) -> None:
        """Close the connection in favour of others, and say so."""
        self._port.leave(self)
        self._close_with(_BUSY)

    def _close_with(self, reply: SmtpReply) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.write(f"{reply.line}\r\n".encode())
            transport.close()

    def _timeout_cb(self) -> None:
        """Close a silent connection. aiosmtpd calls it, and would wait for a client that reads no replies."""
        self.abort()

    async def push(self, status: Any) -> None:
        """Send a reply, then give other clients their turn: thousands of commands can be in one read."""
        await super().push(status)
        self._errors += (status.encode() if isinstance(status, str) else status).startswith(_SYNTAX_ERRORS)
        if self._errors > MOST_ERRORS:
            self._close_with(_TOO_MANY_ERRORS)
            # aiosmtpd would go on with what has arrived.
            raise ConnectionResetError
        self._port.note_command(self, has_login=bool(self.session and self.session.authenticated))
        await asyncio.sleep(0)  # noqa: TID251 - not a pause

    async def handle_exception(self, error: Exception) -> str:
        """Return the reply to a command that aiosmtpd, or the parser of addresses, cannot read."""
        log.info("a command of an SMTP client cannot be read: %r", error)
        return _BAD_COMMAND.line

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

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - as above
        """Read a message. aiosmtpd would keep a line without an end, and an object for each line."""
        if not self.envelope or not self.envelope.rcpt_tos or arg:
            await super().smtp_DATA(arg or "")
            return
        await self.push(_GO_AHEAD)
        reading = MessageReading(self._port.content, self._port.limits.message_bytes, self.line_length_limit)
        try:
            while not reading.is_complete:
                reading.add(await self._reader.read(_READ_BYTES))
            # What follows belongs to the next command.
            self._reader.put_back(reading.rest)
            self.envelope.original_content = reading.content
            refusal = reading.refusal
        finally:
            reading.release()
        reply = refusal.line if refusal else await self._submission_reply()
        self.envelope, self._errors = Envelope(), 0
        await self.push(reply)

    async def _submission_reply(self) -> str:
        envelope, session = self.envelope, self.session
        assert envelope is not None  # noqa: S101 - DATA needs a recipient
        assert session is not None  # noqa: S101 - it begins with the connection
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
            smtputf8=envelope.smtp_utf8,
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
