"""Raw bytes to a port, and the responses that come back."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from hostile_requests import DISCONNECT, HALF_CLOSE, STALL, HostileRequest

_READ = 65_536
# A response above this size is read, but not kept.
_KEPT = 4_000_000
# An exchange ends after so many times its limit, however busy the machine is.
_MOST_LIMITS = 5
_BODILESS = (204, 304)
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response. Names of headers are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What came back: the responses, the bytes after the last complete one, and how the connection ended.

    `has_ended`: the server responded or closed the connection in time. `error`: no connection was possible.
    """

    responses: tuple[HttpResponse, ...] = ()
    rest: bytes = b""
    has_ended: bool = True
    error: str = ""


async def exchange(
    host: str, port: int, request: HostileRequest, limit_s: float, waited_s: Callable[[], float] = lambda: 0.0
) -> Exchange:
    """Send a request and read until the server closes the connection, or has answered it.

    `waited_s` returns for how long processes have waited for a processor. This time does not count for the limit, up to
    a bound: it is the fault of the machine.
    """
    sending = asyncio.ensure_future(_send(host, port, request))
    began, waited_before, left_s = monotonic(), waited_s(), limit_s
    try:
        while not sending.done() and left_s > 0:
            await asyncio.wait((sending,), timeout=left_s)
            allowed_s = min(limit_s + waited_s() - waited_before, _MOST_LIMITS * limit_s)
            left_s = allowed_s - (monotonic() - began)
    finally:
        sending.cancel()
    return await sending


async def _send(host: str, port: int, request: HostileRequest) -> Exchange:
    """Return what came back until the exchange ended, or was cancelled."""
    try:
        reader, writer = await asyncio.open_connection(host, port, limit=_READ)
    except (OSError, asyncio.CancelledError) as error:
        return Exchange(error=f"no connection: {type(error).__name__}: {error}", has_ended=False)
    received = bytearray()
    has_ended = True
    try:
        # The server may reset a connection that it does not want to read to its end.
        with suppress(OSError):
            await _exchange(reader, writer, request, received)
    except asyncio.CancelledError:
        has_ended = False
    finally:
        with suppress(OSError):
            writer.transport.abort()
    responses, rest = parse_responses(bytes(received), has_body=request.has_body)
    return Exchange(responses=responses, rest=rest, has_ended=has_ended)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: HostileRequest, received: bytearray
) -> None:
    reading = asyncio.ensure_future(_read(reader, received, request))
    try:
        # A server that refuses early closes its side; then the rest cannot be sent.
        with suppress(OSError):
            await _write(writer, request, reading)
        if request.ending == DISCONNECT:
            reading.cancel()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return
        if request.ending == HALF_CLOSE and not reading.done():
            with suppress(OSError):
                writer.write_eof()
        await reading
    finally:
        reading.cancel()


async def _write(writer: asyncio.StreamWriter, request: HostileRequest, reading: asyncio.Future[None]) -> None:
    for block in request.blocks:
        if reading.done():
            return
        writer.write(block)
        draining = asyncio.ensure_future(writer.drain())
        await asyncio.wait((draining, reading), return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            return
        draining.result()
        if request.pause_s:
            await asyncio.wait((reading,), timeout=request.pause_s)


async def _read(reader: asyncio.StreamReader, received: bytearray, request: HostileRequest) -> None:
    """Read until the server closes, or until one response is complete if the client does not end its side."""
    while block := await reader.read(_READ):
        if len(received) < _KEPT:
            received += block
        if request.ending not in {HALF_CLOSE, STALL} and parse_responses(bytes(received), has_body=request.has_body)[0]:
            return


def parse_responses(received: bytes, *, has_body: bool) -> tuple[tuple[HttpResponse, ...], bytes]:
    """Return all complete responses, and the bytes after them. A response without length ends with the connection."""
    responses = []
    while (found := _first_response(received, has_body=has_body)) is not None:
        response, received = found
        responses.append(response)
    return tuple(responses), received


def _first_response(received: bytes, *, has_body: bool) -> tuple[HttpResponse, bytes] | None:
    head, separator, rest = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    version, _, status = lines[0].partition(" ")
    if not separator or not version.startswith("HTTP/1.") or not status[:3].isdigit():
        return None
    code = int(status[:3])
    headers = tuple(
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])
    )
    if code < 200 and code != 101:  # noqa: PLR2004 - an interim response, such as 100 Continue
        return _first_response(rest, has_body=has_body)
    fields = dict(headers)
    if not has_body or code in _BODILESS:
        return HttpResponse(code, headers, b""), rest
    if "chunked" in fields.get("transfer-encoding", ""):
        return _chunked(code, headers, rest)
    length = int(fields.get("content-length", len(rest)))
    return None if len(rest) < length else (HttpResponse(code, headers, rest[:length]), rest[length:])


def _chunked(code: int, headers: tuple[tuple[str, str], ...], rest: bytes) -> tuple[HttpResponse, bytes] | None:
    body = b""
    while True:
        line, separator, rest = rest.partition(b"\r\n")
        if not separator:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        body, rest = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return HttpResponse(code, headers, body), rest
