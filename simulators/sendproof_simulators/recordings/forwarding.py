"""Passing one HTTP call on to the endpoint that was named, and the response back, with bounded memory.

Blocks of a body are passed on as they come. At most `MOST_KEPT` bytes of each body are kept for the recording, and the
headers of the connection are the only ones that change. Redirects are passed back, never followed.
"""

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
class KeptBody:
    """The beginning of a body, and the size of the whole."""

    blocks: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, block: bytes) -> None:
        """Keep a block, unless the body is too large to keep; then only its size counts."""
        self.size += len(block)
        if self.size > MOST_KEPT:
            self.blocks.clear()
        elif block:
            self.blocks.append(block)

    @property
    def is_whole(self) -> bool:
        """True if the whole body was kept."""
        return self.size <= MOST_KEPT

    @property
    def content(self) -> bytes:
        """The body, empty if it is too large."""
        return b"".join(self.blocks)


@dataclass(slots=True)
class PassedCall:
    """One call as it was passed on. `status` is 0 if no response came."""

    address: Address
    method: str
    target: str
    headers: RawHeaders
    status: int = 0
    answer_headers: RawHeaders = field(default_factory=list)
    sent: KeptBody = field(default_factory=KeptBody)
    received: KeptBody = field(default_factory=KeptBody)
    is_complete: bool = False


class Forwarder:
    """The client of one endpoint. It opens connections to this endpoint only."""

    def __init__(self, address: Address) -> None:
        """Take the endpoint; connections are opened when they are needed."""
        self.address = address
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def new_call(self, scope: Scope) -> PassedCall:
        """Return a call before it is passed on."""
        return PassedCall(self.address, str(scope["method"]), _target(scope), list(scope["headers"]))

    async def forward(self, call: PassedCall, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a call, and fill in what comes back; a call that cannot be passed on gets 502, with the reason.

        Raise an error if the response ends too early: only an end of the connection tells the client so.
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
                await _pass_back(response, send, call)
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
    return _blocks(receive, kept) if names & {b"content-length", b"transfer-encoding"} else None


async def _blocks(receive: Receive, kept: KeptBody) -> AsyncIterator[bytes]:
    more = True
    while more:
        message: MutableMapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client closed the connection")
        block = message.get("body", b"")
        kept.add(block)
        if block:
            yield block
        more = message.get("more_body", False)


async def _pass_back(response: aiohttp.ClientResponse, send: Send, call: PassedCall) -> None:
    headers = [(key.lower(), value) for key, value in response.raw_headers if key.lower() not in _HOP_BY_HOP]
    call.answer_headers, call.status = headers, response.status
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    async for block in response.content.iter_any():
        call.received.add(block)
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    call.is_complete = True


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
