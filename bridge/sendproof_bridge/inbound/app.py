"""The webhook app: stores and acknowledges webhooks of Optimove and the providers, and nothing more."""

import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from sendproof_bridge.domain.accounts import Bridge, Client
from sendproof_bridge.inbound.bridge_router import BridgeRouter
from sendproof_bridge.inbound.events import Event, read_event
from sendproof_bridge.inbound.group_commit import GroupCommit
from sendproof_bridge.inbound.operator import OperatorRoutes
from sendproof_bridge.outbound.providers import OptIn, OptOut, Receipt, UnauthenticatedWebhookError, Unsubscribable
from sendproof_bridge.outbound.unsubscription import read_key

# An event or a receipt has a few hundred bytes.
MAX_BODY_BYTES = 64 * 1024

# The paths whose route is remembered: those of a million messages, with at least a few hundred in a batch.
_MAX_RECEIVERS = 4_096

# Without a body: the server writes head and body separately, and each write wakes the client that waits for it.
_STORED = Response()

logger = logging.getLogger(__name__)


class _Webhook(NamedTuple):
    body: bytes
    headers: Mapping[str, str]


# Parses a webhook; None if it is not found, and `ValueError` with the reason if it is invalid.
_Read = Callable[[Client, Mapping[str, str], _Webhook], Event | Sequence[Receipt | OptOut | OptIn] | None]


class _TooLargeError(Exception):
    pass


class Receiver(NamedTuple):
    """The endpoint of a URL with a valid token."""

    client: Client
    parts: Mapping[str, str]
    read: _Read


class _Endpoint:
    """A POST endpoint without the error handlers that Starlette puts around each endpoint: they cost more than it."""

    def __init__(self, app: "WebhookApp", read: _Read) -> None:
        self._app, self.read = app, read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            response = await self._app.respond(Request(scope, receive), self.read)
            await response(scope, receive, send)


class WebhookApp:
    """The HTTP endpoints of one bridge."""

    def __init__(self, bridge: Bridge, wake: Callable[[], None], operator: OperatorRoutes) -> None:
        """`wake` is called after requests were stored, so that the worker looks for work."""
        self._bridge, self._operator = bridge, operator
        self._group_commit = GroupCommit(bridge, wake)
        self._tokens = {name: client.config.webhook_token.reveal().encode() for name, client in bridge.clients.items()}
        event, provider_webhook = _Endpoint(self, _read_event), _Endpoint(self, _read_provider_webhook)
        # Receipts come first, because they are the most frequent requests.
        self._webhook_routes = [
            Route("/webhooks/{provider}/{client}/{token}/{batch}", provider_webhook, methods=["POST"]),
            Route("/webhooks/optimove/{client}/{token}", event, methods=["POST"]),
            Route("/webhooks/{provider}/{client}/{token}", provider_webhook, methods=["POST"]),
        ]
        self._unsubscribe = Route("/unsubscribe/{provider}/{client}/{key}", self._unsubscription, methods=["POST"])
        self._receivers: dict[bytes, Receiver] = {}

    def router(self) -> Router:
        """Return the ASGI application."""
        return BridgeRouter(routes=[*self._webhook_routes, self._unsubscribe, *self._operator.routes])

    def stop(self, seconds: float) -> bool:
        """Wait until webhooks are stored; return False if some are not after `seconds`. The event loop has ended."""
        return self._group_commit.stop(seconds)

    def close(self) -> None:
        """Complete the transaction in progress."""
        self._group_commit.close()

    async def _unsubscription(self, request: Request) -> Response:
        """Store that a recipient unsubscribed. The key in the URL is the proof, because everyone may see the URL."""
        client = self._bridge.clients.get(request.path_params["client"])
        return await self._respond(request, client, _read_unsubscription)

    async def respond(self, request: Request, read: _Read) -> Response:
        """Store a webhook, and return the response after its commit."""
        return await self._respond(request, self._client(request.path_params), read)

    async def _respond(self, request: Request, client: Client | None, read: _Read) -> Response:
        if client is None:
            return _not_found()
        try:
            content = read(client, request.path_params, _Webhook(await _read_body(request), request.headers))
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        if content is None:
            return _not_found()
        await self._group_commit.store(client.config.name, content)
        return _STORED

    def receiver(self, path: bytes) -> Receiver | None:
        """Return the receiver of webhooks with this path; None if the application refuses them, or decodes the path."""
        receiver = self._receivers.get(path)
        if receiver is None and (receiver := self._route(path)) is not None:
            if len(self._receivers) == _MAX_RECEIVERS:
                self._receivers.clear()
            self._receivers[path] = receiver
        return receiver

    def store(
        self, receiver: Receiver, body: bytes, headers: Mapping[str, str], on_commit: Callable[[Exception | None], None]
    ) -> bool:
        """Begin to store a webhook and return True; return False if the application must respond to it.

        `on_commit` is called after the commit, with the error if it failed.
        """
        try:
            content = receiver.read(receiver.client, receiver.parts, _Webhook(body, headers))
        except Exception:  # noqa: BLE001 the application meets it again, and responds to it
            return False
        if content is None:
            return False
        self._group_commit.add(receiver.client.config.name, content, on_commit)
        return True

    def _route(self, path: bytes) -> Receiver | None:
        if b"%" in path:
            return None
        scope = {"type": "http", "method": "POST", "path": path.decode("ascii")}
        for route in self._webhook_routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                client = self._client(found["path_params"])
                return None if client is None else Receiver(client, found["path_params"], found["endpoint"].read)
        return None

    def _client(self, parts: Mapping[str, str]) -> Client | None:
        """Return the client in the URL; None if the token is not its own."""
        name, token = parts["client"], parts["token"]
        valid = hmac.compare_digest(token.encode(), self._tokens.get(name, b""))
        return self._bridge.clients.get(name) if valid else None


def _read_event(client: Client, _parts: Mapping[str, str], webhook: _Webhook) -> Event:
    event = read_event(client.config.name, webhook.body)
    if event.is_for_channel and event.channel not in client.channels:
        raise ValueError(f"channel {event.channel} of client {event.client} is not configured")
    return event


def _read_provider_webhook(
    client: Client, parts: Mapping[str, str], webhook: _Webhook
) -> Sequence[Receipt | OptOut | OptIn] | None:
    """Return the content, parsed by the first of the client's accounts at this provider that authenticates it."""
    for channel in client.channels.values():
        if channel.config.provider == parts["provider"]:
            with suppress(UnauthenticatedWebhookError):
                return channel.provider.parse_webhook(webhook.body, webhook.headers, parts.get("batch", ""))
    return None


def _read_unsubscription(
    client: Client, parts: Mapping[str, str], webhook: _Webhook
) -> Sequence[Receipt | OptOut | OptIn] | None:
    """Return what a request to the URL of an unsubscription means; None if the bridge did not make the URL."""
    found = read_key(client.config.webhook_token.reveal(), parts["key"])
    if found is None:
        return None
    for channel in client.channels.values():
        if channel.config.provider == parts["provider"] and isinstance(channel.provider, Unsubscribable):
            return channel.provider.parse_unsubscription(webhook.body, *found)
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
