"""The webhook app: stores and acknowledges webhooks of Optimove and the providers, and nothing more."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.domain.accounts import Bridge, Client
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.inbound import status
from sendproof_bridge.inbound.events import read_event
from sendproof_bridge.inbound.group_commit import GroupCommit
from sendproof_bridge.outbound.providers import OptIn, OptOut, Receipt, UnauthenticatedWebhookError

# An event or a receipt has a few hundred bytes.
MAX_BODY_BYTES = 64 * 1024

# Without a body: the server writes head and body separately, and each write wakes the client that waits for it.
_STORED = Response()

logger = logging.getLogger(__name__)


class _Webhook(NamedTuple):
    body: bytes
    headers: Mapping[str, str]
    batch: str


class _TooLargeError(Exception):
    pass


class _Endpoint:
    """A POST endpoint without the error handlers that Starlette puts around each endpoint: they cost more than it."""

    def __init__(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            response = await self._handle(Request(scope, receive))
            await response(scope, receive, send)


class WebhookApp:
    """The HTTP endpoints of one bridge."""

    def __init__(self, bridge: Bridge, wake: Callable[[], None], operator_token: Secret | None = None) -> None:
        """`wake` is called after requests were stored, so that the worker looks for work.

        Without an `operator_token`, the endpoints for operators are closed.
        """
        self._bridge = bridge
        self._operator = None if operator_token is None else f"Bearer {operator_token.reveal()}".encode()
        self._group_commit = GroupCommit(bridge.store, bridge.clock, wake)
        self._tokens = {name: client.config.webhook_token.reveal().encode() for name, client in bridge.clients.items()}

    def router(self) -> Router:
        """Return the ASGI application. Receipts come first, because they are the most frequent requests."""
        event, provider_webhook = _Endpoint(self._receive_event), _Endpoint(self._receive_provider_webhook)
        return Router(
            routes=[
                Route("/webhooks/{provider}/{client}/{token}/{batch}", provider_webhook, methods=["POST"]),
                Route("/webhooks/optimove/{client}/{token}", event, methods=["POST"]),
                Route("/webhooks/{provider}/{client}/{token}", provider_webhook, methods=["POST"]),
                Route("/health", self._health),
                Route("/status", self._status),
                Route("/campaigns/{client}/{channel:int}/{campaign}", self._campaign),
            ]
        )

    def close(self) -> None:
        """Complete the transaction in progress."""
        self._group_commit.close()

    async def _receive_event(self, request: Request) -> Response:
        client = self._client(request)
        if client is None:
            return _not_found()
        try:
            event = read_event(client.config.name, await _read_body(request))
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        if event.is_for_channel and event.channel not in client.channels:
            return PlainTextResponse(f"channel {event.channel} of client {event.client} is not configured", 400)
        await self._group_commit.store_event(event)
        return _STORED

    async def _receive_provider_webhook(self, request: Request) -> Response:
        client, parts = self._client(request), request.path_params
        if client is None:
            return _not_found()
        try:
            webhook = _Webhook(await _read_body(request), request.headers, parts.get("batch", ""))
            reports = _parse(client, parts["provider"], webhook)
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        if reports is None:
            return _not_found()
        await self._group_commit.store_receipts(client.config.name, reports)
        return _STORED

    def _health(self, request: Request) -> Response:
        del request
        up = status.is_up(self._bridge)
        return JSONResponse({"status": "up" if up else "down"}, 200 if up else 503)

    def _status(self, request: Request) -> Response:
        return JSONResponse(status.status(self._bridge)) if self._is_operator(request) else _not_found()

    def _is_operator(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "").encode()
        return self._operator is not None and hmac.compare_digest(shown, self._operator)

    def _campaign(self, request: Request) -> Response:
        if not self._is_operator(request):
            return _not_found()
        parts = request.path_params
        key = CampaignKey(parts["client"], parts["channel"], parts["campaign"])
        client = self._bridge.clients.get(key.client)
        configured = client is not None and key.channel in client.channels
        view = status.campaign_status(self._bridge, key) if configured else None
        if view is None:
            return JSONResponse({"error": f"campaign {key.name()} was never announced here"}, 404)
        return JSONResponse(view)

    def _client(self, request: Request) -> Client | None:
        """Return the client in the URL; None if the token is not its own."""
        name, token = request.path_params["client"], request.path_params["token"]
        valid = hmac.compare_digest(token.encode(), self._tokens.get(name, b""))
        return self._bridge.clients.get(name) if valid else None


def _parse(client: Client, provider: str, webhook: _Webhook) -> Sequence[Receipt | OptOut | OptIn] | None:
    """Return the content, parsed by the first of the client's accounts at this provider that authenticates it."""
    for channel in client.channels.values():
        if channel.config.provider == provider:
            with suppress(UnauthenticatedWebhookError):
                return channel.provider.parse_webhook(webhook.body, webhook.headers, webhook.batch)
    return None


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
    return body


def _not_found() -> Response:
    return PlainTextResponse("not found", 404)


def _too_large() -> Response:
    return PlainTextResponse(f"expected at most {MAX_BODY_BYTES} bytes", 413)
