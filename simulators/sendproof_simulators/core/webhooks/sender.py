"""The HTTP client for webhooks: bounded, with persistent connections, only to allowed addresses.

Webhooks by plain HTTP to an IP address or to `localhost` take connections of our own, at a tenth of aiohttp's price.
All others take aiohttp. Both send the same bytes. Redirects are not followed.
"""

import re
from collections import Counter
from functools import cached_property, lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.attempt_rules import (
    DEFAULT_HEADERS,
    AttemptError,
    accept_any,
    error_text,
    is_address,
    refuse_remote,
)
from sendproof_simulators.core.webhooks.connections import Address, ListenerConnections

if TYPE_CHECKING:
    from sendproof_simulators.core.webhooks.aiohttp_client import AiohttpClient

# Common senders of webhooks allow ten seconds for storing the event (assumed: neither Optimove nor Textlocal says).
TIMEOUT_SECONDS = 10.0

# The names that an own field of a webhook cannot have.
_RESERVED = frozenset(
    {"host", "content-length", "content-type", "connection", "transfer-encoding", "expect"}
    | {name.lower() for name, _ in DEFAULT_HEADERS}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")
_DEFAULT_LINES = "".join(f"{name}: {value}\r\n" for name, value in DEFAULT_HEADERS)


class _Target(NamedTuple):
    """An address, and the first lines of a request to it."""

    address: Address
    head: bytes


class WebhookSender:
    """All connections of a process for webhooks."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Give up an attempt `timeout_seconds` after its request was sent."""
        self._timeout_seconds = timeout_seconds
        # Apart: a sandbox that may only reach this machine must not use a connection of one that may reach any.
        self._guarded = ListenerConnections(timeout_seconds, refuse_remote)
        self._open = ListenerConnections(timeout_seconds, accept_any)
        #: The number of attempts by hundreds of the response's status; None: there was no response.
        self.attempts: Counter[int | None] = Counter()

    @cached_property
    def _aiohttp(self) -> "AiohttpClient":
        from sendproof_simulators.core.webhooks.aiohttp_client import AiohttpClient  # noqa: PLC0415 - slow to import

        return AiohttpClient(self._timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guarded.close()
        self._open.close()
        if "_aiohttp" in vars(self):
            await self._aiohttp.close()

    async def send(self, webhook: Webhook, *, allow_remote: bool) -> tuple[int | None, str | None]:
        """Make one attempt and count it; return (HTTP status, None), or (None, error)."""
        status, error = await self._send(webhook, allow_remote=allow_remote)
        self.attempts[None if status is None else status // 100] += 1
        return status, error

    async def _send(self, webhook: Webhook, *, allow_remote: bool) -> tuple[int | None, str | None]:
        try:
            target = _plain_target(webhook.method, webhook.url, webhook.content_type)
            if target is None or not all(map(_is_plain, webhook.headers)):
                return await self._aiohttp.post(webhook, allow_remote=allow_remote), None
            connections = self._open if allow_remote else self._guarded
            return await connections.post(target.address, _request(target, webhook)), None
        except TimeoutError:
            return None, f"no response within {self._timeout_seconds:.0f} s"
        except (AttemptError, OSError, ValueError) as error:
            return None, error_text(error)


@lru_cache(maxsize=1024)
def _plain_target(method: str, url: str, content_type: str) -> _Target | None:
    """Return the target of a webhook by plain HTTP to an IP address or `localhost`; None for all others."""
    from yarl import URL  # noqa: PLC0415 - slow to import, and no start of the simulators needs it

    address = URL(url)
    host, port, login = address.raw_host, address.port, (address.raw_user, address.raw_password)
    if address.scheme != "http" or not host or not port or login != (None, None):
        return None
    if not (is_address(host) or host == "localhost") or "%" in host or not _VALUE.fullmatch(content_type):
        return None
    head = f"{method} {address.raw_path_qs} HTTP/1.1\r\nHost: {address.host_port_subcomponent}\r\n"
    content = f"content-type: {content_type}\r\n" if method == "POST" else ""
    return _Target((host, port), f"{head}{content}".encode())


def _is_plain(header: tuple[str, str]) -> bool:
    """Return True if a field can be sent as it is, after those of every request."""
    name, value = header
    return bool(name.lower() not in _RESERVED and _NAME.fullmatch(name) and _VALUE.fullmatch(value))


def _request(target: _Target, webhook: Webhook) -> bytes:
    own = "".join([f"{name}: {value}\r\n" for name, value in webhook.headers]) if webhook.headers else ""
    length = f"Content-Length: {len(webhook.body)}\r\n" if webhook.method == "POST" else ""
    return b"".join((target.head, f"{own}{_DEFAULT_LINES}{length}\r\n".encode(), webhook.body))
