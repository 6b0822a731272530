"""What passes between the wire and a simulator: frozen values, no behaviour beyond making them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request with its whole body. `query` is decoded and in order; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


#: Success without content.
EMPTY = Response()


def json_response(value: object, status: int = 200) -> Response:
    """Answer `value` as JSON."""
    return Response(status=status, body=_json.encode(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way in which a request breaks the contract, for example `query.ChannelID` / `required`.

    `pointer` is the position in the value (RFC 6901), `expected` describes a valid value, and `value` is the invalid
    part alone, as JSON or in words; None if it is missing.
    """

    where: str
    rule: str
    message: str
    pointer: str = ""
    expected: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was not served, before it takes the form that the service gives its errors.

    `kind` is one of `PROBLEM_KINDS`; `allow` lists the methods of the path for `method_not_allowed`;
    `params` are the parameters that could be read, as text; `dialects` are the sandbox's, as far as one is known;
    `path` is the request's.
    """

    kind: str
    status: int
    detail: str
    operation: str | None = None
    violations: tuple[Violation, ...] = ()
    allow: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    dialects: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedResponse(Response):
    """An answer too large to hold: lines, sent as they are made."""

    lines: Iterator[bytes]


KEPT, CLOSED, RESET = "kept", "closed", "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """How a reply is written when it was struck. Seconds are real ones.

    It begins after `wait_s` and takes `drip_s`, comes `copies` times, or only a `share` of it does. `ending` is what
    becomes of the connection: kept for the next call, closed, or reset.
    """

    wait_s: float = 0.0
    drip_s: float = 0.0
    copies: int = 1
    share: float = 1.0
    ending: str = KEPT


# At once, whole, once.
PLAIN = Transmission()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyResponse(Response):
    """An answer that is written in a manner of its own; whoever has written it, or could not, calls `written`."""

    manner: Transmission
    written: Callable[[], None] = field(compare=False)
