"""The HTTP client for webhooks: bounded, with persistent connections, only to allowed addresses.

A host name is resolved when the connection is made. The connection goes to an address that was checked in the same
look-up, so that a name cannot change its address in between. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from functools import cached_property, lru_cache
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.helpers import is_ip_address
from yarl import URL

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.certificates import certificate_defect

# Common senders of webhooks allow ten seconds for storing the event (assumed: neither Optimove nor Textlocal says).
TIMEOUT_SECONDS = 10.0
# The status is known before the body, and the body has no meaning; a longer one only costs the connection.
MAX_BODY_BYTES = 1_000_000
# An error can quote what a listener sent.
_MAX_ERROR_CHARS = 500
# Enough to keep one bridge process busy, few enough for a small one.
CONNECTIONS_PER_HOST = 24


class LoopbackResolver(AbstractResolver):
    """The system's name resolution, restricted to addresses of this machine."""

    def __init__(self) -> None:
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        for result in found:
            _refuse_remote(host, result["host"])
        return found

    async def close(self) -> None:
        await self._system.close()


class WebhookSender:
    """A pool of connections for webhooks to this machine, and one for webhooks to any host."""

    @cached_property
    def _guarded(self) -> aiohttp.ClientSession:
        return _session(LoopbackResolver())

    @cached_property
    def _open(self) -> aiohttp.ClientSession:
        return _session(aiohttp.ThreadedResolver())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._guarded.close()
        await self._open.close()

    async def send(self, webhook: Webhook, *, allow_remote: bool) -> tuple[int | None, str | None]:
        """Make one attempt; return (HTTP status, None), or (None, error)."""
        session = self._open if allow_remote else self._guarded
        try:
            if not allow_remote:
                _refuse_remote_literal(webhook.url)
            async with (
                # The time begins when the request is sent, as it may wait for a connection.
                asyncio.timeout(None) as limit,
                session.post(
                    webhook.url,
                    data=webhook.body,
                    headers={"content-type": webhook.content_type, **dict(webhook.headers)},
                    allow_redirects=False,
                    trace_request_ctx=limit,
                ) as response,
            ):
                if not response.content.is_eof():
                    _restart(limit)
                    await _discard_body(response.content)
                return response.status, None
        except TimeoutError:
            return None, f"no response within {TIMEOUT_SECONDS:.0f} s"
        except aiohttp.ClientConnectorCertificateError as error:
            defect = await certificate_defect(webhook.url, TIMEOUT_SECONDS)
            return None, _error_text(error) + (f"; and {defect}" if defect else "")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, _error_text(error)


async def _discard_body(content: aiohttp.StreamReader) -> None:
    """Read a body without using it, so that the connection can be used again; a long body ends the connection."""
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return


def _restart(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + TIMEOUT_SECONDS)


async def _on_request_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: object) -> None:
    _restart(context.trace_request_ctx)


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MAX_ERROR_CHARS]


def _refuse_remote(host: str, address: str) -> None:
    if not ipaddress.ip_address(address).is_loopback:
        raise OSError(f"expected a host on this machine, got {host}; create the sandbox with allow_remote_webhooks")


@lru_cache(maxsize=1024)
def _refuse_remote_literal(url: str) -> None:
    """Refuse an IP address in the URL: it needs no look-up, so the resolver does not check it."""
    host = URL(url).host or ""
    if is_ip_address(host):
        _refuse_remote(host, host)


def _session(resolver: AbstractResolver) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=resolver, limit=0, limit_per_host=CONNECTIONS_PER_HOST, use_dns_cache=False, keepalive_timeout=60
    )
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_on_request_sent)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_SECONDS, sock_read=TIMEOUT_SECONDS)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[trace],
    )
