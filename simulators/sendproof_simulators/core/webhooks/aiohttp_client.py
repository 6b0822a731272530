"""The client for unusual webhooks: by TLS, and to names of hosts. It is imported with the first of them.

A host name is resolved when the connection is made. The connection goes to an address that was checked in the same
look-up, so that a name cannot change its address in between.
"""

import asyncio
import socket
from functools import cached_property
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.attempt_rules import (
    CONNECTIONS_PER_HOST,
    DEFAULT_HEADERS,
    KEEP_ALIVE_SECONDS,
    MAX_BODY_BYTES,
    AttemptError,
    error_text,
    refuse_remote,
    refuse_remote_literal,
)
from sendproof_simulators.core.webhooks.certificates import certificate_defect


class LoopbackResolver(AbstractResolver):
    """The system's name resolution, restricted to addresses of this machine."""

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        for result in found:
            refuse_remote(host, result["host"])
        return found

    async def close(self) -> None:
        await self._system.close()


class AiohttpClient:
    """A pool of connections for webhooks to this machine, and one for webhooks to any host."""

    def __init__(self, timeout_seconds: float) -> None:
        """Give up an attempt `timeout_seconds` after its request was sent."""
        self._timeout_seconds = timeout_seconds

    @cached_property
    def _guarded(self) -> aiohttp.ClientSession:
        return self._session(LoopbackResolver())

    @cached_property
    def _open(self) -> aiohttp.ClientSession:
        return self._session(aiohttp.ThreadedResolver())

    async def close(self) -> None:
        """Close all connections."""
        for name in ("_guarded", "_open"):
            if name in vars(self):
                await vars(self)[name].close()

    async def post(self, webhook: Webhook, *, allow_remote: bool) -> int:
        """Send a webhook, and return the HTTP status; `TimeoutError`, `OSError`, `ValueError` or `AttemptError`."""
        session = self._open if allow_remote else self._guarded
        if not allow_remote:
            refuse_remote_literal(URL(webhook.url).host or "")
        try:
            return await self._status(session, webhook)
        except aiohttp.ClientConnectorCertificateError as error:
            defect = await certificate_defect(webhook.url, self._timeout_seconds)
            raise AttemptError(error_text(error) + (f"; and {defect}" if defect else "")) from error
        except aiohttp.ClientError as error:
            # Some of them are time-outs, too.
            if isinstance(error, TimeoutError):
                raise
            raise AttemptError(error_text(error)) from error

    async def _status(self, session: aiohttp.ClientSession, webhook: Webhook) -> int:
        async with (
            # The time begins when the request is sent, as it may wait for a connection.
            asyncio.timeout(None) as limit,
            session.request(
                webhook.method,
                webhook.url,
                data=webhook.body if webhook.method == "POST" else None,
                headers=_headers(webhook),
                allow_redirects=False,
                trace_request_ctx=limit,
            ) as response,
        ):
            if not response.content.is_eof():
                self._restart(limit)
                await _discard_body(response.content)
            return response.status

    def _restart(self, limit: asyncio.Timeout) -> None:
        limit.reschedule(asyncio.get_running_loop().time() + self._timeout_seconds)

    async def _on_request_sent(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: object
    ) -> None:
        self._restart(context.trace_request_ctx)

    def _session(self, resolver: AbstractResolver) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            limit=0,
            limit_per_host=CONNECTIONS_PER_HOST,
            use_dns_cache=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._on_request_sent)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_seconds, sock_read=self._timeout_seconds)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )


def _headers(webhook: Webhook) -> dict[str, str]:
    """Return all headers in their order; a webhook can replace the default ones."""
    content = {"content-type": webhook.content_type} if webhook.method == "POST" else {}
    own = {**content, **dict(webhook.headers)}
    names = {name.lower() for name in own}
    return own | {name: value for name, value in DEFAULT_HEADERS if name.lower() not in names}


async def _discard_body(content: aiohttp.StreamReader) -> None:
    """Read a body without using it, so that the connection can be used again; a long body ends the connection."""
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return
