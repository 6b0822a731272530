"""The control API: the same contract machinery as the simulated services, over the sandboxes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from sendproof_simulators.control import campaigns, faults, handlers, services, triggers, webhooks
from sendproof_simulators.control.handlers import ControlCall, ControlError
from sendproof_simulators.core.clock.wall_clock import WallClock
from sendproof_simulators.core.contracts import Operation, load_contract
from sendproof_simulators.core.http import Problem, Request, Response, StreamedResponse
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.server.addresses import Addresses
from sendproof_simulators.server.connexion_app import ConnexionApp
from sendproof_simulators.server.pipeline import Service

_OPERATIONS = (handlers, campaigns, triggers, faults, webhooks, services)


def _handler(name: str) -> Any:
    return next(getattr(module, name) for module in _OPERATIONS if hasattr(module, name))


@dataclass(slots=True)
class ControlExchange:
    """One request to the control API on its way. Everybody on this machine may control."""

    control: "Control"
    request: Request
    known: bool = True
    stream: StreamedResponse | None = field(default=None)

    async def serve(self, operation: Operation, params: dict[str, Any], body: Any) -> Response:
        """Answer a valid request."""
        handler: Callable[[ControlCall], Awaitable[Response]] = _handler(operation.handler)
        try:
            response = await handler(ControlCall(control=self.control, params=params, body=body))
        except ControlError as error:
            return self.refuse(Problem(kind="refused", status=error.status, detail=str(error)))
        if isinstance(response, StreamedResponse):
            self.stream = response
        return response

    def refuse(self, problem: Problem) -> Response:
        """The problem as RFC 9457 writes it."""
        return problem_response(problem)


class Control:
    """What the control API needs to know of the process it controls."""

    # A batch file of 200,000 customers.
    body_limit = 8 * 1024 * 1024

    def __init__(
        self,
        contracts: Path,
        sandboxes: Sandboxes,
        services: "Mapping[str, Service]",
        addresses: Addresses,
        wall: WallClock,
    ) -> None:
        self.authority = ConnexionApp(load_contract(contracts / "control.yaml"))
        self.sandboxes = sandboxes
        self.services = services
        self.addresses = addresses
        self.wall = wall

    async def answer(self, request: Request) -> Response:
        """Serve one request."""
        exchange = ControlExchange(self, request)
        response = await self.authority.answer(exchange)
        return exchange.stream or response

    def too_large(self) -> Response:
        """The answer to a body beyond the limit."""
        return problem_response(
            Problem(kind="too_large", status=413, detail=f"the body is larger than {self.body_limit} bytes")
        )


def problem_response(problem: Problem) -> Response:
    """`application/problem+json`, with every violation of the contract named."""
    body: dict[str, object] = {
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.violations:
        body["violations"] = [{"where": v.where, "rule": v.rule, "message": v.message} for v in problem.violations]
    headers = (("allow", ", ".join(problem.allow)),) if problem.kind == "method_not_allowed" else ()
    return Response(
        status=problem.status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )
