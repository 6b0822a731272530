"""The endpoints for operators: health for supervisors, and status, measurements and campaigns behind a token."""

import hmac
import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.inbound import status
from sendproof_bridge.inbound.bridge_router import BridgeRouter
from sendproof_bridge.inbound.measurements import CONTENT_TYPE, Measurements

logger = logging.getLogger(__name__)


class OperatorRoutes:
    """The endpoints of one process of the bridge."""

    def __init__(
        self, bridge: Bridge, token: Secret | None = None, worker_problem: Callable[[], str | None] = lambda: None
    ) -> None:
        """`worker_problem` says why the worker of this process is stuck. Without a `token`, only health is shown."""
        self._bridge, self._worker_problem = bridge, worker_problem
        self._operator = None if token is None else f"Bearer {token.reveal()}".encode()
        self._measurements = Measurements(bridge)
        self._was_up = True
        self.routes = [
            Route("/health", self._ready),
            Route("/health/live", self._live),
            Route("/status", self._status),
            Route("/metrics", self._metrics),
            Route("/campaigns/{client}/{channel:int}/{campaign}", self._campaign),
        ]

    def router(self) -> Router:
        """Return the ASGI application of a process without webhooks."""
        return BridgeRouter(routes=self.routes)

    def _ready(self, request: Request) -> Response:
        """Say whether the process can work: it reaches its database, and its worker is not stuck."""
        del request
        problem = self._worker_problem() if status.is_up(self._bridge) else "the database cannot be read"
        if (problem is None) != self._was_up:
            self._was_up = problem is None
            logger.warning("not ready: %s", problem) if problem else logger.info("ready again")
        return JSONResponse({"status": "down" if problem else "up"}, 503 if problem else 200)

    async def _live(self, request: Request) -> Response:
        """Say that the process runs. It uses no thread and no database, which may be busy."""
        del request
        return JSONResponse({"status": "up"})

    def _status(self, request: Request) -> Response:
        if not self._is_operator(request):
            return _not_found()
        return JSONResponse(status.status(self._bridge, self._worker_problem()))

    def _metrics(self, request: Request) -> Response:
        if not self._is_operator(request):
            return _not_found()
        return Response(self._measurements.page(), headers={"Content-Type": CONTENT_TYPE})

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

    def _is_operator(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "").encode()
        return self._operator is not None and hmac.compare_digest(shown, self._operator)


def _not_found() -> Response:
    return PlainTextResponse("not found", 404)
