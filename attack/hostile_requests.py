"""Hostile requests: what is sent, how the connection ends, and how a kind of them is registered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sendproof_simulators.core.randomness import KeyedRandom

T = TypeVar("T")

# How a client goes on after it has sent everything: it waits, ends its side, disconnects, or keeps the connection open.
WAIT, HALF_CLOSE, DISCONNECT, STALL = "wait", "half close", "disconnect", "stall"

JSON, FORM, CSV = "application/json", "application/x-www-form-urlencoded", "text/csv"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Draw:
    """Repeatable draws for one request: they depend only on the seed and the number of the request."""

    def __init__(self, seed: int, number: str) -> None:
        self._random = KeyedRandom(seed)
        self._number = number
        self._drawn = 0

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n - 1."""
        self._drawn += 1
        return self._random.below(n, "attack", self._number, self._drawn)

    def choice(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[self.below(len(values))]

    def chance(self, percent: int) -> bool:
        """Return True in this percentage of cases."""
        return self.below(100) < percent

    def text(self, length: int) -> str:
        """Return hexadecimal digits."""
        self._drawn += 1
        return (self._random.token(64, "attack", self._number, self._drawn) * (length // 64 + 1))[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidRequest:
    """A request that its port accepts, as the starting point. `body` is JSON, a form's fields, or text, by `media`.

    `sign` returns the headers that depend on the body. `others` are credentials of another client: replacements by
    value. `checks_host`: the port serves this machine only, and refuses the name of another one.
    """

    operation: str
    method: str
    path: str
    host: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    media: str = ""
    body: Any = None
    sign: Callable[[bytes], Mapping[str, str]] | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    checks_host: bool = True


@dataclass(slots=True, kw_only=True)
class Message:
    """The parts of an HTTP request as bytes; a kind can spoil each before the request is put together."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    version: bytes = b"HTTP/1.1"
    #: False: the headers have the length of the body, or the kind wants none.
    adds_length: bool = True

    def head(self) -> bytes:
        """Return the request line and the headers, with the empty line."""
        lines = [b" ".join((self.method, self.target, self.version))]
        lines += [name + b": " + value for name, value in self.headers]
        if self.adds_length and (self.body or self.method.decode("latin-1") in _WITH_BODY):
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join([*lines, b"", b""])

    def encoded(self) -> bytes:
        """Return the whole request."""
        return self.head() + self.body

    def set_header(self, name: bytes, value: bytes) -> None:
        """Replace a header, or add it."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers.append((name, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileRequest:
    """One hostile request.

    `blocks` are sent one after the other, with `pause_s` real seconds between them. `is_incomplete`: the request never
    ends, so it must change nothing. `is_wrong`: no success is right. `is_mixed`: it contains several requests, and any
    of them may succeed. `most_responses`: more of them show that a part of the request was taken for another request.
    `must_respond`: closing the connection is no answer.
    """

    blocks: tuple[bytes, ...]
    ending: str = WAIT
    pause_s: float = 0.0
    is_incomplete: bool = False
    is_wrong: bool = False
    is_mixed: bool = False
    must_respond: bool = False
    most_responses: int | None = None
    has_body: bool = True

    @property
    def is_slow(self) -> bool:
        """True if the server has to wait for it, so that others are sent meanwhile."""
        return self.ending == STALL or self.pause_s > 0

    @property
    def encoded(self) -> bytes:
        """All bytes."""
        return b"".join(self.blocks)


Spoil = Callable[[Draw, ValidRequest], HostileRequest | None]

#: The kinds by name. A kind returns None for a valid request that it cannot spoil.
KINDS: dict[str, Spoil] = {}


def kind(spoil: Spoil) -> Spoil:
    """Register a kind under the name of its function."""
    KINDS[spoil.__name__.replace("_", " ")] = spoil
    return spoil


def hostile(message: Message, **options: Any) -> HostileRequest:
    """Return a request that is sent as one block."""
    return HostileRequest(blocks=(message.encoded(),), has_body=message.method != b"HEAD", **options)


def with_body(request: ValidRequest, body: Any) -> ValidRequest:
    """Return the request with another body."""
    return replace(request, body=body)
