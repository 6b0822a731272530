"""HTTP requests and responses as values, and the reasons for which a request is refused."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request with its complete body. `query` is decoded and in order; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


#: Success without content.
EMPTY = Response()


def json_response(value: object, status: int = 200) -> Response:
    """Return a response with `value` as JSON."""
    return Response(status=status, body=_json.encode(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedResponse(Response):
    """A response too large for memory: lines without line ends, sent as they are produced."""

    lines: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedResponse(Response):
    """A response too large for memory, in blocks that another process produces."""

    blocks: AsyncGenerator[bytes]


KEPT, CLOSED, RESET = "kept", "closed", "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """How a faulty response is written to the connection. Times are real seconds.

    Writing begins after `wait_s`, takes `drip_s`, is done `copies` times, and stops after a `share` of the response.
    `ending` is the state of the connection afterwards: kept for the next request, closed, or reset.
    """

    wait_s: float = 0.0
    drip_s: float = 0.0
    copies: int = 1
    share: float = 1.0
    ending: str = KEPT


#: At once, completely, once.
PLAIN = Transmission()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyResponse(Response):
    """A response with a transmission of its own. The server calls `on_written` when it is written or cannot be."""

    transmission: Transmission
    on_written: Callable[[], None] = field(compare=False)


#: Where a violation is, if the content encoding of a body is unknown.
CONTENT_ENCODING = "header.Content-Encoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way that a request breaks the contract, for example `query.ChannelID` / `required`.

    `pointer` is the position in the value (RFC 6901), `expected` describes a valid value, and `value` is the invalid
    part alone, as JSON or in words; None if it is missing.
    """

    where: str
    rule: str
    message: str
    pointer: str = ""
    expected: str = ""
    value: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the violation as JSON, without empty fields."""
        fields = {
            "where": self.where,
            "rule": self.rule,
            "message": self.message,
            "pointer": self.pointer,
            "expected": self.expected,
            "value": self.value,
        }
        return {name: text for name, text in fields.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The reason for which a request was refused, before the service gives it its own form.

    `kind` is one of `PROBLEM_KINDS`. `allow` lists the methods of the path for `method_not_allowed`, `params` holds the
    parameters that could be read, as text. `dialects` are the service's options in the sandbox, empty without a
    sandbox; `path` is that of the request, and `defaults` are those of the operation. `differs` says, for the journal,
    what is wrong with the proof of origin.
    """

    kind: str
    status: int
    detail: str
    operation: str | None = None
    violations: tuple[Violation, ...] = ()
    allow: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    dialects: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    differs: str = ""

    @property
    def is_about_encoding(self) -> bool:
        """True if the service does not know the content encoding of the body."""
        return any(violation.where == CONTENT_ENCODING for violation in self.violations)


PROBLEM_KINDS = (
    "unauthorized",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "bad_request",
    "unsupported_media_type",
    "too_large",
    "rate_limited",
    "internal",
)
