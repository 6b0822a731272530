"""One simulated service over HTTP: from a request to a reply, and everything that follows from it.

request -> spelled as the contract spells it -> whose sandbox? -> struck before its effect? -> within the rate limit?
        -> express lane, or else Connexion -> handler -> struck after it? -> journal, timers, webhooks -> reply
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sendproof_simulators.core.contracts import Contract, Operation, load_contract
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.faults.injection import InjectedCall, answer, injection_for
from sendproof_simulators.core.http import PLAIN, FaultyResponse, Problem, Request, Response, Violation
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.simulator import Call, Simulator
from sendproof_simulators.server.connexion_app import ConnexionApp
from sendproof_simulators.server.fast_path import match_fast_path
from sendproof_simulators.services.discovery import contract_file

# What a person looks at after "why does nothing arrive?"; older ones do not help with that.
UNATTRIBUTED_KEPT = 1_000

# So much of an answer that refuses says why.
_ANSWER_SHOWN = 300
_REFUSED_FROM = 400

# Who only looks whether a bridge could work says so by this header (also in the harness's `doctor/calls.py`). Such a
# call must not be taken for the bridge's, nor count against its rate limit. A bridge that sent it would gain nothing:
# only what changes nothing is recorded apart, and a page that no request has read is a page that was not read.
PREFLIGHT_HEADER = "sendproof-preflight"

log = logging.getLogger(__name__)

Handler = Callable[[Call], Effects]


@dataclass(slots=True)
class Exchange:
    """One request to a service on its way. It is also what Connexion sees of it."""

    service: "Service"
    request: Request
    sandbox: Sandbox | None
    operation: str | None = None
    effects: Effects | None = None
    violations: list[Violation] = field(default_factory=list)
    credential: str = ""
    key: str = ""

    @property
    def known(self) -> bool:
        return self.sandbox is not None

    @property
    def is_preflight(self) -> bool:
        """Whether it is an examination."""
        return PREFLIGHT_HEADER in self.request.headers

    @property
    def changes_something(self) -> bool:
        """Whether anything but a reply came of it."""
        done = self.effects
        return done is not None and bool(done.entries or done.timers or done.webhooks or done.before_response)

    async def serve(self, operation: Operation, params: dict[str, Any], body: Any) -> Response:
        """Answer a valid request, on behalf of Connexion."""
        self.violations = operation.unknown_parameters(self.request, self.service.contract.security_names)
        return self.run(operation, params, body)

    def run(self, operation: Operation, params: dict[str, Any], body: Any) -> Response:
        """Answer a valid request."""
        self.operation = operation.id
        sandbox, name = self.sandbox, self.service.provider.name
        if sandbox is None:
            # OpenAPI has no word for a credential in the body, so a contract with one looks open to everybody.
            detail = "no valid credential was given"
            return self.refuse(Problem(kind="unauthorized", status=401, detail=detail, operation=operation.id))
        call = Call(
            context=sandbox.contexts[name],
            state=sandbox.states[name],
            params=params,
            body=body,
            now=sandbox.clock.now(),
            operation=operation.id,
            credential=self.credential,
        )
        self.effects = self.service.handlers[operation.id](call)
        return self.effects.response

    def refuse(self, problem: Problem) -> Response:
        """Answer a request that cannot be served, in the service's own form."""
        self.operation = problem.operation or self.service.asked_for(self.request)
        self.violations = list(problem.violations)
        dialects = self.sandbox.contexts[self.service.provider.name].dialects if self.sandbox is not None else {}
        problem = replace(problem, dialects=dialects, path=self.request.path)
        response = self.service.provider.error(problem)
        if problem.kind == "method_not_allowed" and problem.allow:
            response = replace(response, headers=(*response.headers, ("allow", ", ".join(problem.allow))))
        return response


class Service:
    """One provider, its compiled contract and its two lanes."""

    def __init__(self, provider: Simulator, contracts: Path, sandboxes: Sandboxes) -> None:
        self.provider = provider
        self.contract: Contract = load_contract(
            contract_file(provider, contracts),
            case_insensitive=provider.case_insensitive,
            optional_prefix=provider.optional_prefix,
        )
        self.handlers = {operation.id: _handler(provider, operation) for operation in self.contract.operations.values()}
        self.authority = ConnexionApp(self.contract)
        self.unattributed: deque[dict[str, object]] = deque(maxlen=UNATTRIBUTED_KEPT)
        self.fast_path_enabled = True
        self._sandboxes = sandboxes

    async def answer(self, request: Request) -> Response:
        """Serve one request wholly, and let everything happen that it leads to."""
        provider = self.provider
        request = self.contract.canonical(provider.normalise(request))
        credential = provider.extract_credential(request)
        sandbox, key = self._sandboxes.find(provider.name, credential) or (None, "")
        exchange = Exchange(self, request, sandbox, credential=credential or "", key=key)
        if sandbox is None:
            response = await self.authority.answer(exchange)
            if not exchange.is_preflight:
                self.unattributed.append(self._event(exchange, response, "unknown" if credential else "missing"))
            return response
        sandbox.clock.enter()
        try:
            now = sandbox.clock.now()
            refused = provider.authorize(sandbox.states[provider.name], request, exchange.credential, now)
            if sandbox.faults.watched and refused is None and not exchange.is_preflight:
                struck = self._struck(exchange, sandbox)
                if struck is not None:
                    return await self._answer_struck(exchange, sandbox, struck)
            response = exchange.refuse(refused) if refused else await self._respond_or_500(exchange, sandbox)
            event = self._event(exchange, response, "refused" if refused else "known")
            self._apply_effects(exchange, sandbox, event)
            if exchange.effects is not None and exchange.effects.before_response:
                await sandbox.send_before_response(provider.name, exchange.effects.before_response)
        finally:
            sandbox.clock.leave()
        return response

    def _apply_effects(self, exchange: Exchange, sandbox: Sandbox, event: dict[str, object]) -> None:
        kind = "preflight" if exchange.is_preflight and not exchange.changes_something else "request"
        number = sandbox.record(kind, event)
        if exchange.effects is not None:
            sandbox.follow(self.provider.name, exchange.effects, number)

    def _struck(self, exchange: Exchange, sandbox: Sandbox) -> InjectedCall | None:
        found = injection_for(sandbox.faults, self.provider.name, self.contract, exchange.request)
        if found is None:
            return None
        strike, operation = found
        return InjectedCall(
            strike=strike,
            operation=operation,
            serve=lambda: self._respond_or_500(exchange, sandbox),
            refuse=exchange.refuse,
            done=lambda: exchange.effects is not None and not exchange.effects.refused,
        )

    async def _answer_struck(self, exchange: Exchange, sandbox: Sandbox, struck: InjectedCall) -> Response:
        answered, said = await answer(sandbox.faults, struck)
        response, exchange.operation = answered.response, struck.operation.id
        sandbox.record("fault", struck.strike.line())
        self._apply_effects(exchange, sandbox, {**self._event(exchange, response, "known"), "fault": said})
        if exchange.effects is not None:
            await sandbox.send_before_response(self.provider.name, exchange.effects.before_response)
        if answered.manner is PLAIN:
            return response
        # The exchange is not over, and time stands still, until the reply is written or the client gone.
        sandbox.clock.enter()
        return FaultyResponse(
            status=response.status,
            body=response.body,
            content_type=response.content_type,
            headers=response.headers,
            manner=answered.manner,
            written=sandbox.clock.leave,
        )

    async def _respond_or_500(self, exchange: Exchange, sandbox: Sandbox) -> Response:
        """An answer even when a handler fails: the journal has to say that it was the simulator's fault."""
        try:
            return await self._respond(exchange, sandbox)
        except Exception as error:
            log.exception("serving %s failed", exchange.request.path)
            detail = f"the simulator failed: {type(error).__name__}: {error}"
            return exchange.refuse(Problem(kind="internal", status=500, detail=detail, operation=exchange.operation))

    async def _respond(self, exchange: Exchange, sandbox: Sandbox) -> Response:
        if not exchange.is_preflight and not sandbox.allows(self.provider, exchange.credential):
            return exchange.refuse(Problem(kind="rate_limited", status=429, detail="the rate limit is exceeded"))
        ordinary = match_fast_path(self.contract, exchange.request) if self.fast_path_enabled else None
        if ordinary is not None:
            return exchange.run(ordinary.operation, ordinary.params, ordinary.body)
        return await self.authority.answer(exchange)

    def asked_for(self, request: Request) -> str | None:
        """The operation of a request that was refused before it was read, if it is one."""
        asked = self.contract.asked(request)
        return None if asked is None else asked[0].id

    def too_large(self) -> Response:
        """The answer to a body beyond the service's limit, which is not read to its end."""
        limit = self.provider.body_limit
        return self.provider.error(
            Problem(kind="too_large", status=413, detail=f"the body is larger than {limit} bytes")
        )

    def _event(self, exchange: Exchange, response: Response, credential: str) -> dict[str, object]:
        event: dict[str, object] = {
            "service": self.provider.name,
            "operation": exchange.operation,
            "method": exchange.request.method,
            "path": exchange.request.path,
            "credential": credential,
            "status": response.status,
            "violations": [_told(violation) for violation in exchange.violations],
        }
        if exchange.key:
            event["credential_name"] = exchange.key
        if response.status >= _REFUSED_FROM:
            event["response_excerpt"] = response.body[:_ANSWER_SHOWN].decode("utf-8", "replace")
        if exchange.effects is not None and exchange.effects.summary is not None:
            event["summary"] = exchange.effects.summary
        return event


def _told(violation: Violation) -> dict[str, str]:
    """As the journal keeps it: what there is to say."""
    every = {
        "where": violation.where,
        "rule": violation.rule,
        "message": violation.message,
        "pointer": violation.pointer,
        "expected": violation.expected,
        "value": violation.value,
    }
    return {name: text for name, text in every.items() if text}


def _handler(provider: Simulator, operation: Operation) -> Handler:
    found: Handler | None = getattr(provider.handlers, operation.handler, None)
    if found is None:
        where = f"{operation.id} ({operation.method} {operation.path}) of {provider.contract}"
        raise ValueError(f"{provider.name}: expected a function {operation.handler} in its handlers to serve {where}")
    return found
