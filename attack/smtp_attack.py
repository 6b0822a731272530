"""Hostile conversations with the SMTP port: raw bytes, at once or in two pieces, and then the end of the client.

A conversation is determined by the seed and its number. It must end in time, each reply must be one of SMTP, another
client must be served, and a conversation without a complete message must change nothing.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit

from attack_report import ACCEPTED, CLOSED, LEFT, REFUSED, Finding, PortFigures
from hostile_requests import DISCONNECT, HALF_CLOSE, Draw, HostileRequest
from ports import AttackError, Control, SandboxData, fetch
from process_watch import ProcessWatch
from wire import Exchange, exchange

#: The name of the port in options and tables.
SMTP_PORT = "smtp conversations"
_ENDED_S = 60.0
_REPLY = re.compile(rb"[2-5][0-9]{2}[ -][^\r\n]*\r\n")
_TAKEN = b"\r\n354 "
_SENDER = b"MAIL FROM:<bounces@client.example>\r\n"
_RECIPIENT = b"RCPT TO:<nobody@example.com>\r\n"
_MAIL = b"From: a@client.example\r\nMessage-ID: <1@client.example>\r\nSubject: S\r\n\r\nHello\r\n"
_JUNK = (b"\0", b"\xff\xfe", b"\r", b"\n", b" ", b"<", b"@", b'"', b"(", b"=?", b"\x1b[31m", b"%s", b"{}", b"\t", b":")
_VERBS = (b"HELO", b"EHLO", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"RSET", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"AUTH",
          b"QUIT", b"STARTTLS", b"BDAT", b"XCLIENT", b"PROXY TCP4", b"GET / HTTP/1.1")  # fmt: skip

Script = Callable[[Draw, bytes], bytes]


def _long_commands(draw: Draw, recipient: bytes) -> bytes:
    """Send commands whose arguments are long, or never end."""
    junk = draw.choice(_JUNK) * draw.choice((1, 600, 70_000))
    return draw.choice(_VERBS) + b" " + junk + draw.choice((b"\r\n", b"\n", b"")) + _SENDER + recipient


def _many_commands(draw: Draw, recipient: bytes) -> bytes:
    """Send thousands of commands at once."""
    command = draw.choice((*_VERBS, recipient.strip())) + draw.choice((b"", b" ", b" x"))
    return (command + b"\r\n") * draw.choice((100, 5_000))


def _addresses(draw: Draw, recipient: bytes) -> bytes:
    """Send addresses and parameters that no parser expects."""
    piece = draw.choice(_JUNK) * draw.choice((1, 50))
    parameter = draw.choice((b"SIZE=", b"BODY=", b"NOTIFY=", b"ORCPT=", b"RET=", b"ENVID=", b"X="))
    sender = b"MAIL FROM:<" + piece + b"@client.example> " + parameter + piece + b"\r\n"
    return (
        sender
        + _SENDER
        + b"RCPT TO:<a"
        + piece
        + b"@b> "
        + parameter
        + piece
        + b"\r\n"
        + recipient
        + b"DATA\r\n"
        + _MAIL
    )


def _logins(draw: Draw, recipient: bytes) -> bytes:
    """Send logins that cannot be read, or another one after the first."""
    blob = base64.b64encode(draw.choice(_JUNK) * draw.choice((0, 3, 9_000)))
    mechanism = draw.choice((b"PLAIN ", b"LOGIN ", b"PLAIN\r\n", b"LOGIN\r\n", b"CRAM-MD5 ", b"=\r\n"))
    return b"AUTH " + mechanism + draw.choice((blob, b"*", b"!", b"=")) + b"\r\n" + _SENDER + recipient


def _smuggled_messages(draw: Draw, recipient: bytes) -> bytes:
    """Hide a second message behind an end of content that only some servers accept."""
    end = draw.choice((b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\0\r\n", b"\r\n..\r\n"))
    return _SENDER + recipient + b"DATA\r\n" + _MAIL + end + _SENDER + recipient + b"DATA\r\n" + _MAIL


def _endless_messages(draw: Draw, recipient: bytes) -> bytes:
    """Send a large message, with long lines or none, that never ends."""
    line = draw.choice(_JUNK) * draw.choice((10, 998, 5_000)) + draw.choice((b"\r\n", b"\n", b""))
    return _SENDER + recipient + b"DATA\r\n" + line * (draw.choice((1_000, 3_000_000)) // len(line))


def _messages_before_others(draw: Draw, recipient: bytes) -> bytes:
    """Send a complete message, and junk behind it."""
    return _SENDER + recipient + b"DATA\r\n" + _MAIL + b".\r\n" + draw.choice(_JUNK) * 50 + b"\r\nQUIT\r\nNOOP\r\n"


#: The kinds of conversations by name.
SCRIPTS: dict[str, Script] = {
    script.__name__.strip("_").replace("_", " "): script
    for script in (
        _long_commands,
        _many_commands,
        _addresses,
        _logins,
        _smuggled_messages,
        _endless_messages,
        _messages_before_others,
    )
}


def conversation(seed: int, number: int, login: bytes) -> tuple[str, HostileRequest]:
    """Return the kind and the bytes of a number. `login` is the command that logs in."""
    draw = Draw(seed, f"{SMTP_PORT}:{number}")
    kind = draw.choice(list(SCRIPTS))
    content = b"EHLO client.example\r\n" + (b"" if draw.chance(20) else login) + SCRIPTS[kind](draw, _RECIPIENT)
    cut = draw.below(len(content)) if draw.chance(30) else len(content)
    ending = DISCONNECT if draw.chance(20) else HALF_CLOSE
    return kind, HostileRequest(blocks=(content[:cut], content[cut:]), ending=ending)


@dataclass
class SmtpAttack:
    """The attack on the SMTP port. It has a sandbox of its own, and another client one more."""

    control: Control
    seed: int
    watch: ProcessWatch
    kinds: frozenset[str] = frozenset(SCRIPTS)
    figures: PortFigures = field(default_factory=lambda: PortFigures(port=SMTP_PORT))

    def __post_init__(self) -> None:
        """Create nothing yet."""
        self._data = SandboxData(self.control, "attack-conversations")

    async def run(self, numbers: Sequence[int]) -> None:
        """Hold the conversations of these numbers, one after the other."""
        await self._data.create()
        parts = urlsplit(self._data.created["services"]["smtp"]["mail_url"])
        address, before = (str(parts.hostname), int(parts.port or 25)), await self._digest()
        for number in numbers:
            kind, request = conversation(self.seed, number, self._login())
            if kind not in self.kinds:
                continue
            came = await exchange(*address, request, _ENDED_S, lambda: self.watch.waited_s)
            self.watch.sample(f"{SMTP_PORT} {number} ({kind})")
            self.figures.outcomes[kind, _outcome(request, came)] += 1
            before, known = await self._digest(), before
            for text in _violations(request, came, is_changed=before != known):
                self.figures.findings.append(Finding(port=SMTP_PORT, number=number, kind=kind, text=text))
            await self._check_other(address)

    async def _check_other(self, address: tuple[str, int]) -> None:
        began = monotonic()
        healthy = HostileRequest(blocks=(b"EHLO other.example\r\n" + self._login() + b"QUIT\r\n",), ending=HALF_CLOSE)
        came = await exchange(*address, healthy, _ENDED_S)
        self.figures.health_requests += 1
        self.figures.health_slowest_s = max(self.figures.health_slowest_s, monotonic() - began)
        if not came.rest.endswith(b"221 Bye\r\n"):
            raise AttackError(f"{SMTP_PORT}: expected another client to be served, got {came.rest[-200:]!r}")

    def _login(self) -> bytes:
        own = self._data.credentials("smtp")
        plain = f"\0{own['smtp_user']}\0{own['smtp_password']}".encode()
        return b"AUTH PLAIN " + base64.b64encode(plain) + b"\r\n"

    async def _digest(self) -> str:
        response = await fetch(f"{self.control.url}/control/sandboxes/{self._data.name}/digest")
        return response.body.decode()


def _outcome(request: HostileRequest, came: Exchange) -> str:
    if request.ending == DISCONNECT:
        return LEFT
    return ACCEPTED if _TAKEN in came.rest else REFUSED if came.rest else CLOSED


def _violations(request: HostileRequest, came: Exchange, *, is_changed: bool) -> list[str]:
    """Return what must not happen, in words."""
    if came.error:
        return [f"expected a connection, got {came.error}"]
    found = []
    if not came.has_ended:
        found.append("expected the end of the conversation, got none in time")
    if request.ending == HALF_CLOSE and _REPLY.sub(b"", came.rest):
        found.append(f"expected replies of SMTP, got {_REPLY.sub(b'', came.rest)[:200]!r}")
    if b"Traceback" in came.rest or b"Error: (" in came.rest:
        found.append("expected replies without the errors of a program")
    if is_changed and b"\r\n.\r\n" not in request.encoded:
        found.append("expected no change of state without a complete message, got one")
    return found
