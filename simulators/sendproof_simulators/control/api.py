"""The control API: the same contract machinery as for the simulated services, applied to the sandboxes."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from sendproof_simulators.control import (
    attributes,
    campaigns,
    clock,
    faults,
    journal,
    process,
    sandboxes,
    services,
    settings,
    templates,
    triggers,
    webhooks,
)
from sendproof_simulators.control.activity import changes, customers, messages, requests
from sendproof_simulators.control.call import ControlCall, ControlContext, ControlError
from sendproof_simulators.control.refusals import reworded
from sendproof_simulators.control.states import snapshots, verdicts
from sendproof_simulators.core.clock.costly_work import CostlyOperations
from sendproof_simulators.core.contracts import DEFAULT_RULES, JSON, Contract, ValidRequest
from sendproof_simulators.core.http import Problem, Request, Response, StreamedResponse
from sendproof_simulators.core.limits import SERVICE, Limits
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.core.sandboxes import SnapshotBounds
from sendproof_simulators.server.fast_path import match_fast_path
from sendproof_simulators.server.full_check import FullCheck
from sendproof_simulators.server.request_bounds import find_excess

_MODULES = (
    attributes,
    campaigns,
    changes,
    clock,
    customers,
    faults,
    journal,
    messages,
    process,
    requests,
    sandboxes,
    services,
    settings,
    snapshots,
    templates,
    triggers,
    verdicts,
    webhooks,
)

# A page of another origin can send a body without a content type, and no other JSON, without asking the server first.
_NO_CONTENT_TYPE = Problem(
    kind="unsupported_media_type",
    status=415,
    detail="expected a Content-Type, such as application/json, got a body without one; set the header",
)

_CLIENT_LEFT = Problem(
    kind="client_left",
    status=409,
    detail="the client ended its side of the connection, so its call was given up; keep it open for a call that waits",
)

log = logging.getLogger(__name__)

_NO_MEMBERS: Mapping[str, object] = MappingProxyType({})

Handler = Callable[[ControlCall], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ControlExchange:
    """One request to the control API. It has no credentials of its own: the server has checked its token, if any."""

    request: Request
    contract: Contract
    authenticated: bool = True
    body_rules: BodyRules = DEFAULT_RULES

    def refuse(self, problem: Problem) -> Response:
        """Return the problem in the form of RFC 9457."""
        return problem_response(reworded(self.contract, self.request, problem))


class ControlApi:
    """The operations of `control.yaml`."""

    def __init__(self, contract: Contract, context: ControlContext) -> None:
        """Find the handler of each operation; raise `LookupError` if one is missing."""
        limits = Limits(contract, {})
        self.body_limit = limits.body_bytes
        context.sandboxes.maximum = limits.value(SERVICE, "sandboxes")
        context.sandboxes.snapshots = SnapshotBounds(
            count=limits.value(SERVICE, "snapshots"), total_bytes=limits.value(SERVICE, "snapshot bytes")
        )
        self.full_check = FullCheck(contract)
        self._costly = CostlyOperations()
        self._contract = contract
        self._context = context
        self._handlers = {id_: _find_handler(operation.handler) for id_, operation in contract.operations.items()}

    async def respond(self, request: Request) -> Response:
        """Respond to one request. In strict mode, report how the response violates the contract."""
        request = self._contract.canonical(request)
        found = self._contract.find_operation(request)
        operation, watch = None if found is None else found[0].id, self._context.sandboxes.watch_everywhere
        try:
            if found is None or found[0].waits:
                response = await self._respond(request)
            else:
                sandbox = found[1].get("sandbox", "")
                response = await self._costly.run(found[0].id, sandbox, lambda: self._respond(request))
        except Exception as error:
            log.exception("serving %r failed", request.path)
            detail = f"the simulator failed: {type(error).__name__}: {error}"
            if watch is not None:
                watch.report_failure("control", operation, detail)
            return problem_response(Problem(kind="internal", status=500, detail=detail))
        if watch is not None and not isinstance(response, StreamedResponse):
            watch.check_response("control", frozenset(), operation, response)
        return response

    def waits(self, request: Request) -> bool:
        """Return True if the response can wait for an event."""
        found = self._contract.find_operation(self._contract.canonical(request))
        return found is not None and found[0].waits

    async def _respond(self, request: Request) -> Response:
        if request.body and "content-type" not in request.headers:
            return problem_response(_NO_CONTENT_TYPE)
        exchange = ControlExchange(request, self._contract)
        excess = find_excess(request, JSON)
        if excess is not None:
            return exchange.refuse(excess)
        found = match_fast_path(self._contract, request, DEFAULT_RULES)
        result = found if isinstance(found, ValidRequest) else await self.full_check.validate(exchange, found)
        if isinstance(result, Response):
            return result
        try:
            return await self._handle(result)
        except ControlError as error:
            return problem_response(Problem(kind="refused", status=error.status, detail=str(error)), error.members)

    async def _handle(self, valid: ValidRequest) -> Response:
        call = ControlCall(
            control=self._context, params=valid.params, body=valid.body, defaults=valid.operation.defaults
        )
        return await self._handlers[valid.operation.id](call)

    def client_left(self) -> Response:
        """Return the response to a client that ended its side of the connection while its call waited."""
        return problem_response(_CLIENT_LEFT)

    def too_large(self) -> Response:
        """Return the response to a body above the limit."""
        return problem_response(
            Problem(kind="too_large", status=413, detail=f"the body is larger than {self.body_limit} bytes")
        )


def _find_handler(name: str) -> Handler:
    for module in _MODULES:
        handler: Handler | None = getattr(module, name, None)
        if handler is not None:
            return handler
    raise LookupError(f"expected a function {name} in the modules of the control API")


def problem_response(problem: Problem, members: Mapping[str, object] = _NO_MEMBERS) -> Response:
    """Return `application/problem+json` with all violations of the contract, and further members."""
    body: dict[str, object] = {
        **members,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.violations:
        body["violations"] = [{"where": v.where, "rule": v.rule, "message": v.message} for v in problem.violations]
    headers: tuple[tuple[str, str], ...] = ()
    if problem.kind == "method_not_allowed":
        headers = (("allow", ", ".join(problem.allow)),)
    elif problem.status == HTTPStatus.UNAUTHORIZED:
        headers = (("www-authenticate", "Bearer"),)
    return Response(
        status=problem.status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )
