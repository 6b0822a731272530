"""The door: what Optimove and the providers post is stored and answered, and nothing more."""

import hmac
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sendproof_bridge import status
from sendproof_bridge.bridge import Bridge, CampaignKey, Client
from sendproof_bridge.intake import NONE, Event, Intake
from sendproof_bridge.optimove import CAMPAIGN_EXECUTED_ON_CHANNEL, CAMPAIGN_PROCESSED

# An event or a receipt has a few hundred bytes.
_LARGEST_BODY = 64 * 1024

_NEEDS_CAMPAIGN = frozenset({CAMPAIGN_PROCESSED, CAMPAIGN_EXECUTED_ON_CHANNEL})

logger = logging.getLogger(__name__)


class _TooLargeError(Exception):
    pass


class Door:
    """The routes of one bridge."""

    def __init__(self, bridge: Bridge, wake: Callable[[], None]) -> None:
        """`wake` tells the worker that something was stored."""
        self._bridge = bridge
        self._intake = Intake(bridge.store, wake)
        self._tokens = {name: client.config.webhook_token.reveal().encode() for name, client in bridge.clients.items()}

    def app(self) -> Starlette:
        """The ASGI application. Receipts come first: they are the load."""
        return Starlette(
            routes=[
                Route("/webhooks/optimove/{client}/{token}", self._event, methods=["POST"]),
                Route("/webhooks/{provider}/{client}/{token}/{batch}", self._receipt, methods=["POST"]),
                Route("/health", self._health),
                Route("/campaigns/{client}/{channel:int}/{campaign:int}", self._campaign),
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
        if event.work and event.channel not in client.channels:
            return PlainTextResponse(f"channel {event.channel} of client {event.client} is not known here", 400)
        await self._intake.event(event)
        return PlainTextResponse("OK")

    async def _receipt(self, request: Request) -> Response:
        client = self._client(request)
        parts = request.path_params
        read = _receipt_reader(client, parts["provider"]) if client else None
        if client is None or read is None:
            return _not_found()
        try:
            receipt = read(await _body(request))
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        except _TooLargeError:
            return _too_large()
        place = {"client": client.config.name, "batch": parts["batch"]}
        said = {"number": receipt.number, "letter": receipt.letter, "stamp": receipt.stamp}
        await self._intake.receipt({**place, **said})
        return PlainTextResponse("OK")

    def _health(self, request: Request) -> Response:
        del request
        return JSONResponse(status.health(self._bridge))

    def _campaign(self, request: Request) -> Response:
        parts = request.path_params
        key = CampaignKey(parts["client"], parts["channel"], parts["campaign"])
        view = status.campaign(self._bridge, key)
        if view is None:
            return JSONResponse({"error": f"campaign {key.name()} was never announced here"}, 404)
        return JSONResponse(view)

    def _client(self, request: Request) -> Client | None:
        """The client that the address names, if the token is its own."""
        name, token = request.path_params["client"], request.path_params["token"]
        right = hmac.compare_digest(token.encode(), self._tokens.get(name, b""))
        return self._bridge.clients.get(name) if right else None


def read_event(client: str, body: bytes) -> Event:
    """Read what Optimove posts; the case of its names varies. `ValueError` says what was expected.

    Types 1 and 13 are known (openapi/listener.yaml); of others only their type is sure.
    """
    said = _object(body)
    kind = _whole(said, "EventTypeID")
    needs_campaign, needs_channel = kind in _NEEDS_CAMPAIGN, kind == CAMPAIGN_EXECUTED_ON_CHANNEL
    return Event(
        client=client,
        type=kind,
        campaign=_whole(said, "CampaignID") if needs_campaign or "campaignid" in said else NONE,
        channel=_whole(said, "ChannelID") if needs_channel or "channelid" in said else NONE,
        stamp=str(said.get("timestamp", "")),
    )


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise ValueError(f"expected a JSON object, got something else: {error}") from error
    if not isinstance(said, dict):
        raise ValueError(f"expected a JSON object, got {type(said).__name__}")  # noqa: TRY004 one kind of error
    return {name.lower(): value for name, value in said.items()}


def _whole(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name.lower())
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    # Ids come as text from some services; 18 digits fit every database.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004
        raise ValueError(f"expected {name} as a whole number, got {value!r}")
    return int(text)


def _receipt_reader(client: Client, provider: str) -> Callable[[bytes], Any] | None:
    for channel in client.channels.values():
        if channel.config.provider == provider:
            return channel.provider.receipt
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
