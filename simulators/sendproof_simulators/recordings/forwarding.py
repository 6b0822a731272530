"""Passing one HTTP call on to the endpoint that was named, and the response back, with bounded memory.

Blocks of a body are passed on as they come. At most `MOST_KEPT` bytes of each body are kept for the recording, and the
headers of the connection are the only ones that change. Redirects are passed back, never followed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send
from yarl import URL

from sendproof_simulators.recordings.known_contracts import Address

#: Bytes of one body that are kept. The largest legitimate bodies have a few megabytes.
MOST_KEPT = 8 * 1024 * 1024
#: Bytes of all bodies together that pass or wait to be recorded.
MOST_KEPT_TOGETHER = 64 * 1024 * 1024
_CONNECT_SECONDS = 30
# RFC 9110, section 7.6.1. Expect is answered by this server.
_HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"expect",
})  # fmt: skip
_NO_DEFAULTS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_BAD_GATEWAY = 502

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class KeptBytes:
    """The bytes of all bodies that are kept at the moment, until their calls are recorded."""

    size: int = 0

    def take(self, size: int) -> bool:
        """Count more bytes, and return True if they may be kept."""
        if self.size + size > MOST_KEPT_TOGETHER:
            return False
        self.size += size
        return True

    def give_back(self, size: int) -> None:
        """Count fewer bytes."""
        self.size -= size


@dataclass(slots=True)
class KeptBody:
    """A body as far as it is kept, and the size of the whole. `is_complete`: all of it has come."""

    kept: KeptBytes
    blocks: list[bytes] = field(default_factory=list)
    size: int = 0
    is_whole: bool = True
    is_complete: bool = False

    def add(self, block: bytes) -> None:
        """Keep a block, unless the body or all bodies together are too large to keep; then only its size counts."""
        self.size += len(block)
        if not self.is_whole:
            return
        if self.size > MOST_KEPT or not self.kept.take(len(block)):
            self.kept.give_back(self.size - len(block))
            self.blocks.clear()
            self.is_whole = False
        elif block:
            self.blocks.append(block)

    def release(self) -> None:
        """Keep nothing any more."""
        if self.is_whole:
            self.kept.give_back(self.size)
        self.blocks.clear()
        self.is_whole = False

    @property
    def content(self) -> bytes:
        """The body, empty if it is too large."""
        return b"".join(self.blocks)


@dataclass(slots=True)
class PassedCall:
    """One call in the form that was passed on. `status` is 0 if no response came."""

    address: Address
    method: str
    target: str
    headers: RawHeaders
    sent: KeptBody
    received: KeptBody
    status: int = 0
    answer_headers: RawHeaders = field(default_factory=list)

    def release(self) -> None:
        """Keep the bodies no longer."""
        self.sent.release()
        self.received.release()


class Forwarder:
    """The client of one endpoint. It opens connections to this endpoint only."""

    def __init__(self, address: Address, kept: KeptBytes) -> None:
        """Take the endpoint, and what all endpoints together keep; connections are opened when they are needed."""
        self.address = address
        self._kept = kept
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def new_call(self, scope: Scope) -> PassedCall:
        """Return a call before it is passed on."""
        return PassedCall(
            address=self.address,
            method=str(scope["method"]),
            target=_target(scope),
            headers=list(scope["headers"]),
            sent=KeptBody(self._kept),
            received=KeptBody(self._kept),
        )

    async def forward(self, call: PassedCall, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a call, and fill in what comes back; a call that cannot be passed on gets 502, with the reason.

        Raise an error if the response ends too early: the client only notices by the end of the connection.
        """
        if not call.target.startswith("/"):
            await _respond(send, "expected a request for a path, got one for another server")
            return
        try:
            async with self._client().request(
                call.method,
                URL(self.address.url.rstrip("/") + call.target, encoded=True),
                headers=_forwarded(call.headers),
                data=_body(scope, receive, call.sent),
                allow_redirects=False,
            ) as response:
                await _pass_back(response, receive, send, call)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if call.status:
                raise
            await _respond(send, f"the call could not be passed on: {type(error).__name__}: {error}"[:500])

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NO_DEFAULTS,
                # No proxy of the environment: only the named endpoint is contacted.
                trust_env=False,
            )
        return self._session


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1")
    return path + (f"?{query}" if query else "")


def _forwarded(headers: RawHeaders) -> CIMultiDict[str]:
    """Return the headers of a request without those of the connection; the client adds those of its own."""
    named = {name.strip().lower() for key, value in headers if key == b"connection" for name in value.split(b",")}
    dropped = _HOP_BY_HOP | named | {b"host"}
    return CIMultiDict((key.decode("latin-1"), _header_text(value)) for key, value in headers if key not in dropped)


def _header_text(value: bytes) -> str:
    """Return a value that the client writes as the same bytes: it writes UTF-8. Other bytes were never valid."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _body(scope: Scope, receive: Receive, kept: KeptBody) -> AsyncIterator[bytes] | None:
    names = {name for name, _ in scope["headers"]}
    if names & {b"content-length", b"transfer-encoding"}:
        return _blocks(receive, kept)
    kept.is_complete = True
    return None


async def _blocks(receive: Receive, kept: KeptBody) -> AsyncIterator[bytes]:
    more = True
    while more:
        message: MutableMapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client closed the connection")
        block = message.get("body", b"")
        more = message.get("more_body", False)
        kept.add(block)
        kept.is_complete = not more
        if block:
            yield block


async def _pass_back(response: aiohttp.ClientResponse, receive: Receive, send: Send, call: PassedCall) -> None:
    headers = [(key.lower(), value) for key, value in response.raw_headers if key.lower() not in _HOP_BY_HOP]
    call.answer_headers, call.status = headers, response.status
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    gone: asyncio.Task[None] | None = None
    try:
        async for block in response.content.iter_any():
            call.received.add(block)
            await send({"type": "http.response.body", "body": block, "more_body": True})
            if gone is None and call.sent.is_complete:
                # Only now: the rest of the request is read by the client of the endpoint.
                gone = asyncio.create_task(_until_gone(receive))
            if gone is not None and gone.done():
                raise ConnectionResetError("the client closed the connection")
    finally:
        if gone is not None:
            gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    call.received.is_complete = True


async def _until_gone(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(send: Send, reason: str) -> None:
    body = f"sendproof proxy: {reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": _BAD_GATEWAY, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def url_of(address: Address, path: str) -> str:
    """Return the URL of a path below an address, without its query."""
    parts = urlsplit(address.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}{path.partition('?')[0]}"


def header_map(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name."""
    return {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in headers}
