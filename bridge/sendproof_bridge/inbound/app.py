"""The door: what Optimove and the providers post is stored and answered, and nothing more."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from sendproof_bridge.domain.accounts import Bridge, CampaignKey, Client
from sendproof_bridge.inbound import status
from sendproof_bridge.inbound.events import read_event
from sendproof_bridge.inbound.group_commit import Intake
from sendproof_bridge.outbound.providers import NotGenuineError, OptOut, Receipt

# An event or a receipt has a few hundred bytes.
_LARGEST_BODY = 64 * 1024

# Without a body: the server writes head and body apart, and each write wakes whoever waits for the answer.
_STORED = Response()

logger = logging.getLogger(__name__)


class _Posted(NamedTuple):
    body: bytes
    headers: Mapping[str, str]
    batch: str


class _TooLargeError(Exception):
    pass


class _Taken:
    """An address that something is posted to. The handlers of errors, which Starlette puts around each, cost more."""

    def __init__(self, take: Callable[[Request], Awaitable[Response]]) -> None:
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._take(Request(scope, receive))
        await response(scope, receive, send)


class Door:
    """The routes of one bridge."""

    def __init__(self, bridge: Bridge, wake: Callable[[], None]) -> None:
        """`wake` tells the worker that something was stored."""
        self._bridge = bridge
        self._intake = Intake(bridge.store, bridge.clock, wake)
        self._tokens = {name: client.config.webhook_token.reveal().encode() for name, client in bridge.clients.items()}

    def app(self) -> Router:
        """The ASGI application. Receipts come first: they are the load."""
        event, posted = _Taken(self._event), _Taken(self._posted)
        return Router(
            routes=[
                Route("/webhooks/{provider}/{client}/{token}/{batch}", posted, methods=["POST"]),
                Route("/webhooks/optimove/{client}/{token}", event, methods=["POST"]),
                Route("/webhooks/{provider}/{client}/{token}", posted, methods=["POST"]),
                Route("/health", self._health),
                Route("/campaigns/{client}/{channel:int}/{campaign}", self._campaign),
            ]
        )

    def close(self) -> None:
        """Finish what is being stored."""
        self._intake.close()

    async def _event(self, request: Request) -> Response:
        client = self._client(request)
        if client is None:
            return _not_found()
        try:
            event = read_event(client.config.name, await _body(request))
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        if event.on_channel and event.channel not in client.channels:
            return PlainTextResponse(f"channel {event.channel} of client {event.client} is not known here", 400)
        await self._intake.event(event)
        return _STORED

    async def _posted(self, request: Request) -> Response:
        client, parts = self._client(request), request.path_params
        if client is None:
            return _not_found()
        try:
            posted = _Posted(await _body(request), request.headers, parts.get("batch", ""))
            found = _read(client, parts["provider"], posted)
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        if found is None:
            return _not_found()
        await self._intake.told(client.config.name, found)
        return _STORED

    def _health(self, request: Request) -> Response:
        del request
        return JSONResponse(status.health(self._bridge))

    def _campaign(self, request: Request) -> Response:
        parts = request.path_params
        key = CampaignKey(parts["client"], parts["channel"], parts["campaign"])
        client = self._bridge.clients.get(key.client)
        known = client is not None and key.channel in client.channels
        view = status.campaign(self._bridge, key) if known else None
        if view is None:
            return JSONResponse({"error": f"campaign {key.name()} was never announced here"}, 404)
        return JSONResponse(view)

    def _client(self, request: Request) -> Client | None:
        """The client that the address names, if the token is its own."""
        name, token = request.path_params["client"], request.path_params["token"]
        right = hmac.compare_digest(token.encode(), self._tokens.get(name, b""))
        return self._bridge.clients.get(name) if right else None


def _read(client: Client, provider: str, posted: "_Posted") -> Sequence[Receipt | OptOut] | None:
    """What was posted, by the first of the client's accounts at this provider that takes it for genuine."""
    for channel in client.channels.values():
        if channel.config.provider == provider:
            with suppress(NotGenuineError):
                return channel.provider.read(posted.body, posted.headers, posted.batch)
    return None


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise _TooLargeError
    return body


def _not_found() -> Response:
    return PlainTextResponse("not found", 404)


def _too_large() -> Response:
    return PlainTextResponse(f"expected at most {_LARGEST_BODY} bytes", 413)
