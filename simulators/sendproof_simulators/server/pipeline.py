"""One simulated service over HTTP: the stages of a request.

The first stage that returns a response ends them:

    decode the body           undo its content encoding; check the number of its fields and levels
    resolve the credential    find the sandbox
    authorize                 check that the key is enabled and the token valid
    inject before             a fault in place of the call
    limit the rate
    validate                  fast path, or else Connexion
    handle                    the service's own function
    inject after              a fault in place of the response
    record                    journal, timers, webhooks
    hold                      until the bridge has answered the webhook that it works for

A failure in one of them is a response with status 500 and an entry in the journal.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sendproof_simulators.core.clock.costly_work import CostlyOperations
from sendproof_simulators.core.clock.wall_clock import processor_s
from sendproof_simulators.core.contracts import Contract, InvalidBody, Operation, ValidRequest
from sendproof_simulators.core.dialects import defaults
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.faults.active import Injection
from sendproof_simulators.core.faults.injection import NOT_CALLED, inject, match_call
from sendproof_simulators.core.faults.spec import AFTER, BEFORE, INTACT, FaultedResponse
from sendproof_simulators.core.http import Problem, Request, Response, Violation
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.members import BodyRules, body_rules
from sendproof_simulators.core.recording.newest_records import NewestRecords
from sendproof_simulators.core.recording.redaction import redact_text
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.sandboxes import Owner, Sandboxes
from sendproof_simulators.core.simulator import Call, Simulator
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.server.access import documented_hosts
from sendproof_simulators.server.content_encoding import decode_body
from sendproof_simulators.server.fast_path import NO_CREDENTIAL, match_fast_path, match_unauthorized
from sendproof_simulators.server.faulty_response import with_transmission
from sendproof_simulators.server.full_check import FullCheck
from sendproof_simulators.server.memory import LARGE_BODY_BYTES
from sendproof_simulators.server.near_misses.credentials import KnownCredential
from sendproof_simulators.server.near_misses.near_miss import Neighbour, Neighbours, SentRequest, Service, near_miss
from sendproof_simulators.server.near_misses.stray_credentials import stray_fields
from sendproof_simulators.server.repeated_requests import RepeatedRequests
from sendproof_simulators.server.request_bounds import (
    MOST_FIELDS,
    find_excess,
    is_about_query,
    usual_type,
    without_excess,
)

# Characters of an error response in the journal: enough for its reason.
_EXCERPT_LENGTH = 300
_FIRST_ERROR = 400
_NOT_FOUND = 404
_CREDENTIAL_STATUSES = frozenset({401, 403})
_TEXT = "text/plain; charset=utf-8"

# A client that only checks whether a bridge could work marks its requests with this header (also in the harness's
# `preflight/http.py`). Such a request must not count as the bridge's, nor against its rate limit. A bridge gains
# nothing by sending it: only requests without effects are recorded separately, and they do not count as page reads.
PREFLIGHT_HEADER = "sendproof-preflight"

log = logging.getLogger(__name__)

Handler = Callable[[Call], Effects]


@dataclass(slots=True)
class Exchange:
    """One request on its way through the stages, and their results.

    `body_rules` are those of the sandbox; without a sandbox, those of the default options.
    """

    simulator: Simulator
    contract: Contract
    request: Request
    credential: str
    sandbox: Sandbox | None
    credential_name: str
    body_rules: BodyRules
    is_preflight: bool = False
    key: object = None
    operation: str | None = None
    valid: ValidRequest | None = None
    invalid: InvalidBody | None = None
    violations: list[Violation] = field(default_factory=list)
    differs: str = ""
    effects: Effects | None = None
    undecoded: Problem | None = None
    sent: Request | None = None
    is_refused: bool = False
    is_error: bool = False
    failure: str = ""
    injection: Injection | None = None
    faulted: FaultedResponse | None = None
    original_status: int = 0

    @property
    def authenticated(self) -> bool:
        """True if the credential belongs to a sandbox."""
        return self.sandbox is not None

    @property
    def has_failed(self) -> bool:
        """True if the service refused the call, or a fault kept its response from the bridge."""
        return self._is_refused_by_handler or (self.faulted is not None and self.faulted.result != INTACT)

    @property
    def has_error_response(self) -> bool:
        """True if the response is an error in the service's own form; its status may be 200."""
        return self.is_error or self._is_refused_by_handler

    @property
    def may_be_misunderstood(self) -> bool:
        """True if the service did not serve the request as it may have been meant, whatever the status."""
        if self.has_error_response or self.violations or self.sandbox is None or self.valid is None:
            return True
        body, described = self.valid.body, self.valid.operation.body
        return isinstance(body, dict) and described is not None and not body.keys() <= described.members.names

    @property
    def has_effect(self) -> bool:
        """True if the service did what the call asks for, whatever response the bridge got."""
        return self.effects is not None and not self.effects.refused and self.original_status < _FIRST_ERROR

    @property
    def _is_refused_by_handler(self) -> bool:
        return self.effects is not None and self.effects.refused

    def refuse(self, problem: Problem) -> Response:
        """Return a refusal in the service's own form."""
        self.is_error = True
        self.operation = problem.operation or self.requested_operation()
        self.violations = list(problem.violations)
        self.differs = problem.differs
        name = self.simulator.name
        dialects = {} if self.sandbox is None else self.sandbox.contexts[name].dialects
        operation = self.contract.operations.get(self.operation or "")
        defaults = {} if operation is None else operation.defaults
        response = self.simulator.error(replace(problem, dialects=dialects, defaults=defaults, path=self.request.path))
        if problem.kind == "method_not_allowed" and problem.allow:
            response = replace(response, headers=(*response.headers, ("allow", ", ".join(problem.allow))))
        return response

    def requested_operation(self) -> str | None:
        """Return the operation that the path and the method name, or None."""
        found = self.contract.find_operation(self.request)
        return None if found is None else found[0].id


class ServicePipeline:
    """One simulated service: its compiled contract, its handlers, and the stages of a request."""

    def __init__(
        self, simulator: Simulator, contract: Contract, sandboxes: Sandboxes, neighbours: Neighbours | None = None
    ) -> None:
        """Compile the contract and find the handlers. `neighbours` are all services, to recognize their requests."""
        self.simulator = simulator
        self.contract = contract
        self.body_limit = Limits(contract, {}).body_bytes
        self._default_rules = body_rules(defaults(simulator.dialects))
        self.hosts = documented_hosts(contract.document)
        self.usual_type = usual_type(contract)
        self.handlers = {id_: _find_handler(simulator, found) for id_, found in contract.operations.items()}
        self.full_check = FullCheck(self.contract)
        self.unauthenticated = NewestRecords()
        #: The number of calls with a known credential, by operation and hundreds of the status, such as 2 for 204. The
        #: operation is None if the request names none.
        self.calls: Counter[tuple[str | None, int]] = Counter()
        self.fast_path_enabled = True
        self._costly = CostlyOperations()
        self._repeated = RepeatedRequests()
        self.sandboxes = sandboxes
        others = neighbours or Neighbours({}, {})
        self._described = Service(
            name=simulator.name,
            contract=contract,
            credential_place=simulator.credential_place,
            owner=self._owner,
            neighbour=lambda request: others.find(request, apart_from=simulator.name),
        )

    def _owner(self, credential: str) -> KnownCredential | None:
        found = self.sandboxes.owner_of(credential)
        return None if found is None else KnownCredential(*found)

    def credential_of(self, request: Request) -> str:
        """Return the credential of a request, "" if it has none."""
        return self._decode(request).credential

    async def respond(self, request: Request) -> Response:
        """Take a request through all stages and return its response. A failure of the simulator is a response, too."""
        exchange: Exchange | None = None
        try:
            exchange = self._decode(request)
            sandbox = exchange.sandbox
            if sandbox is None:
                return await self._respond_unauthenticated(exchange)
            sandbox.clock.enter()
            try:
                # A large body has had a turn of its own, and would be in memory with others while it waits.
                is_large = len(exchange.request.body) > LARGE_BODY_BYTES
                operation = None if is_large else exchange.requested_operation()
                await self._costly.turn(operation, sandbox.id)
                if sandbox.is_closed:
                    # It was deleted or replaced while the request waited.
                    return await self.respond(request)
                began, used_s = sandbox.clock.real(), processor_s()
                try:
                    response = (
                        self._authorize(exchange, sandbox)
                        or (await self._inject_before(exchange, sandbox) if sandbox.faults.watched else None)
                        or self._limit_rate(exchange, sandbox)
                        or (None if self._takes_fast_path(exchange) else await self._validate(exchange))
                        or self._handle(exchange, sandbox)
                    )
                except Exception as error:  # noqa: BLE001 - the journal must show any failure as the simulator's
                    response = _fail(exchange, error)
                self._costly.note(operation, processor_s() - used_s)
                return await self._finish(exchange, sandbox, response, began)
            finally:
                sandbox.clock.leave()
        except Exception as error:  # noqa: BLE001 - as in the stages
            return self._respond_to_failure(exchange or self._new_exchange(request), error)

    async def _finish(self, exchange: Exchange, sandbox: Sandbox, response: Response, began: float) -> Response:
        """Record the exchange and return its response; it began at that instant of real time."""
        found = self._contract_violations(exchange, sandbox, sandbox.watch, response)
        if exchange.injection is not None:
            response = await self._inject_after(exchange, sandbox, response)
        number = self._record(exchange, sandbox, response)
        duration_s = sandbox.clock.real() - began
        sandbox.exchanges.add(number, exchange.sent or exchange.request, response, duration_s)
        if found:
            sandbox.record_contract_violations(self._sent(exchange, number), found)
        if sandbox.dispatcher.unanswered.are_open:
            await sandbox.dispatcher.unanswered.hold(exchange.request, number)
        if exchange.effects is not None and exchange.effects.before_response:
            await sandbox.send_before_response(self.simulator.name, exchange.effects.before_response)
        return with_transmission(response, exchange.faulted, sandbox.clock)

    def _sent(self, exchange: Exchange, number: int) -> dict[str, object]:
        """Return the journal's name of a response: that of its request."""
        return {"service": self.simulator.name, "operation": exchange.operation, "request": number}

    def _new_exchange(self, request: Request, credential: str = "", owner: Owner | None = None) -> Exchange:
        sandbox, credential_name = owner or (None, "")
        rules = self._default_rules if sandbox is None else sandbox.body_rules[self.simulator.name]
        is_preflight = PREFLIGHT_HEADER in request.headers
        return Exchange(
            self.simulator, self.contract, request, credential, sandbox, credential_name, rules, is_preflight
        )

    def _respond_to_failure(self, exchange: Exchange, error: Exception) -> Response:
        """Return the response to a failure outside the stages, and record it with the facts that cannot fail again."""
        response, sandbox = _fail(exchange, error), exchange.sandbox
        watch = self.sandboxes.watch_everywhere if sandbox is None else sandbox.watch
        found = self._contract_violations(exchange, sandbox, watch, response)
        fields: dict[str, object] = {
            "service": self.simulator.name,
            "operation": exchange.operation,
            "method": exchange.request.method,
            "path": exchange.request.path,
            "credential": "unknown" if sandbox is None else "known",
            "status": response.status,
            "violations": [],
            "response_excerpt": exchange.failure[:_EXCERPT_LENGTH],
        }
        if sandbox is None:
            self._keep_unauthenticated(fields)
            return response
        number = sandbox.record("request", fields)
        self.calls[exchange.operation, response.status // 100] += 1
        sandbox.record_contract_violations(self._sent(exchange, number), found)
        return response

    # -- stages ----------------------------------------------------------------------------------

    def _decode(self, request: Request) -> Exchange:
        if not request.body and len(request.query) <= MOST_FIELDS:
            # Nothing to decode, and no bound to exceed.
            exchange = self._resolve_credential(request)
            exchange.sent = request
            return exchange
        decoded = decode_body(request, self.body_limit)
        if isinstance(decoded, Request):
            problem = find_excess(decoded, self.usual_type)
            if problem is None:
                exchange = self._resolve_credential(decoded)
                exchange.sent = decoded
                return exchange
        else:
            problem = decoded
        exchange = self._resolve_credential(without_excess(request))
        found = self.contract.find_operation(exchange.request)
        if found is not None and (found[0].body is not None or is_about_query(problem)):
            # Other operations do not read a body.
            exchange.undecoded = problem
        return exchange

    def _resolve_credential(self, request: Request) -> Exchange:
        simulator = self.simulator
        request = self.contract.canonical(simulator.normalise(request))
        credential = simulator.extract_credential(request)
        return self._new_exchange(request, credential or "", self.sandboxes.find(simulator.name, credential))

    def _authorize(self, exchange: Exchange, sandbox: Sandbox) -> Response | None:
        simulator = self.simulator
        state, now = sandbox.states[simulator.name], sandbox.clock.now()
        key = simulator.authorize(state, exchange.request, exchange.credential, now)
        if isinstance(key, Problem):
            exchange.is_refused = True
            response = exchange.refuse(key)
            # A wrong proof may be one of another client, which is looked for later.
            exchange.differs = key.differs or ("" if simulator.proof is not None else key.detail)
            return response
        exchange.key = key
        return None

    async def _inject_before(self, exchange: Exchange, sandbox: Sandbox) -> Response | None:
        if exchange.is_preflight:
            return None
        injection, operation = match_call(
            sandbox.faults, self.simulator.name, self.contract, exchange.request, exchange.body_rules
        )
        if injection is None:
            return None
        exchange.injection, exchange.operation = injection, operation
        if injection.spec.when != BEFORE:
            return None
        return await self._inject(exchange, sandbox, NOT_CALLED)

    def _limit_rate(self, exchange: Exchange, sandbox: Sandbox) -> Response | None:
        if exchange.is_preflight or sandbox.try_acquire(self.simulator, exchange.credential):
            return None
        return exchange.refuse(Problem(kind="rate_limited", status=429, detail="the rate limit is exceeded"))

    def _takes_fast_path(self, exchange: Exchange) -> bool:
        """Read an ordinary request and return True, or return False for any other."""
        if exchange.undecoded is not None or not self.fast_path_enabled:
            return False
        found: ValidRequest | InvalidBody | None = self._repeated.find(exchange.request)
        if not isinstance(found, ValidRequest):
            found = match_fast_path(self.contract, exchange.request, exchange.body_rules)
            if not isinstance(found, ValidRequest):
                exchange.invalid = found
                return False
            self._repeated.keep(exchange.request, found)
        exchange.valid, exchange.operation = found, found.operation.id
        return True

    async def _validate(self, exchange: Exchange) -> Response | None:
        if exchange.undecoded is not None:
            return exchange.refuse(exchange.undecoded)
        result = await self.full_check.validate(exchange, exchange.invalid)
        if isinstance(result, Response):
            return result
        exchange.valid = result
        operation, sent = result.operation, exchange.request
        exchange.violations = [
            *operation.unknown_parameters(sent, self.contract.security_names),
            *operation.missing_content_type(sent),
        ]
        exchange.operation = operation.id
        return None

    def _handle(self, exchange: Exchange, sandbox: Sandbox) -> Response:
        valid, name = exchange.valid, self.simulator.name
        assert valid is not None  # noqa: S101 - the stage before this one returned no response
        call = Call(
            context=sandbox.contexts[name],
            state=sandbox.states[name],
            params=valid.params,
            body=valid.body,
            now=sandbox.clock.now(),
            operation=valid.operation.id,
            credential=exchange.credential,
            key=exchange.key,
            defaults=valid.operation.defaults,
        )
        exchange.effects = self.handlers[call.operation](call)
        return exchange.effects.response

    async def _inject_after(self, exchange: Exchange, sandbox: Sandbox, response: Response) -> Response:
        exchange.original_status = response.status
        if exchange.injection is None or exchange.injection.spec.when != AFTER:
            return response
        if not exchange.has_effect and exchange.injection.postpone():
            exchange.injection = None
            return response
        return await self._inject(exchange, sandbox, response) or response

    async def _inject(self, exchange: Exchange, sandbox: Sandbox, original: Response) -> Response | None:
        injection = exchange.injection
        assert injection is not None  # noqa: S101 - the callers checked it

        def refuse(kind: str, status: int, detail: str) -> Response:
            return exchange.refuse(Problem(kind=kind, status=status, detail=detail, operation=exchange.operation))

        exchange.faulted = await inject(sandbox.faults, injection, original, refuse)
        return None if exchange.faulted is None else exchange.faulted.response

    def _record(self, exchange: Exchange, sandbox: Sandbox, response: Response) -> int:
        """Write the journal's entries and apply the effects; return the number of the call's entry."""
        if exchange.injection is not None:
            sandbox.record("fault", exchange.injection.journal_fields())
        user_agent = exchange.request.headers.get("user-agent")
        if user_agent is not None and not exchange.is_preflight:
            sandbox.note_user_agent(user_agent)
        fields = self._request_fields(exchange, response, "refused" if exchange.is_refused else "known")
        effects = exchange.effects
        request = self.simulator.name, self.contract, exchange.request
        if exchange.faulted is not None:
            sandbox.failed_calls.expect_repetition(*request)
        fields |= sandbox.failed_calls.journal_fields(
            *request, response, rules=exchange.body_rules, is_failure=exchange.has_failed
        )
        changes_state = effects is not None and effects.changes_state
        kind = "preflight" if exchange.is_preflight and not changes_state else "request"
        number = sandbox.record(kind, fields)
        self.calls[exchange.operation, response.status // 100] += 1
        if effects is not None:
            sandbox.apply(self.simulator.name, effects, number)
        return number

    def _contract_violations(
        self, exchange: Exchange, sandbox: Sandbox | None, watch: Watch | None, response: Response
    ) -> list[Violation]:
        """Return how a response violates the contract, in strict mode. The response of a fault is meant to be wrong."""
        if watch is None or exchange.faulted is not None:
            return []
        name = self.simulator.name
        if exchange.failure:
            return watch.report_failure(name, exchange.operation, exchange.failure)
        changed = frozenset[str]() if sandbox is None else sandbox.changed_dialects[name]
        return watch.check_response(name, changed, exchange.operation, response)

    # -- requests without a sandbox --------------------------------------------------------------

    async def _respond_unauthenticated(self, exchange: Exchange) -> Response:
        result = await self._refusal_or_valid(exchange)
        if isinstance(result, ValidRequest):
            # OpenAPI cannot describe a credential in the body, so such a contract looks open to every client.
            result = exchange.refuse(
                Problem(kind="unauthorized", status=401, detail=NO_CREDENTIAL, operation=result.operation.id)
            )
        self._contract_violations(exchange, None, self.sandboxes.watch_everywhere, result)
        if not exchange.is_preflight:
            credential = "unknown" if exchange.credential else "missing"
            fields = self._request_fields(exchange, result, credential)
            owner = self.sandboxes.find_misplaced(exchange.request)
            self._keep_unauthenticated(fields if owner is None else {**fields, "sandbox": owner})
        return result

    async def _refusal_or_valid(self, exchange: Exchange) -> ValidRequest | Response:
        """Return what the contract says of a request without a valid credential, from the fast path if it can."""
        if exchange.undecoded is not None:
            return exchange.refuse(exchange.undecoded)
        if self.fast_path_enabled:
            problem = match_unauthorized(self.contract, exchange.request)
            if problem is not None:
                return exchange.refuse(problem)
            found = match_fast_path(self.contract, exchange.request, exchange.body_rules)
            if isinstance(found, ValidRequest):
                return found
            exchange.invalid = found
        return await self.full_check.validate(exchange, exchange.invalid)

    async def record_misdirected(self, request: Request, neighbour: Neighbour) -> str:
        """Record a request for an operation of this service that was sent to the control API; return what differs."""
        exchange = self._resolve_credential(request)
        differs = f"no such path at the control API; {neighbour.operation} of {neighbour.service} is at {neighbour.url}"
        fields: dict[str, object] = {
            "service": self.simulator.name,
            "operation": None,
            "method": request.method,
            "path": request.path,
            "credential": "known" if exchange.sandbox else "unknown" if exchange.credential else "missing",
            "status": _NOT_FOUND,
            "violations": [],
            "meant": neighbour.operation,
            "differs": differs,
        }
        if exchange.sandbox is not None:
            exchange.sandbox.record("request", fields)
            return differs
        owner = self.sandboxes.find_misplaced(request)
        self._keep_unauthenticated(fields if owner is None else {**fields, "sandbox": owner})
        return differs

    def _keep_unauthenticated(self, fields: dict[str, object]) -> None:
        self.unauthenticated.add({"real": self.sandboxes.real_time(), **fields})

    async def too_large(self, request: Request) -> Response:
        """Return the response to a body above the service's limit, which is not read; `request` has none.

        It is recorded if its credential is not in the body.
        """
        problem = Problem(kind="too_large", status=413, detail=f"the body is larger than {self.body_limit} bytes")
        exchange = self._resolve_credential(request)
        if exchange.sandbox is None:
            return self.simulator.error(problem)
        response = exchange.refuse(replace(problem, differs=problem.detail))
        exchange.sandbox.record("request", self._request_fields(exchange, response, "known"))
        return response

    def _near_miss_fields(self, exchange: Exchange, status: int) -> dict[str, object]:
        foreign = "" if exchange.differs else self._foreign_proof(exchange, status)
        sent = SentRequest(
            request=exchange.request,
            status=status,
            credential=exchange.credential,
            known=exchange.authenticated,
            wrong_proof=exchange.differs or foreign,
            refused=exchange.has_error_response,
            rules=exchange.body_rules,
            body=None if exchange.valid is None else exchange.valid.body,
            violations=tuple(exchange.violations),
        )
        missed = near_miss(self._described, sent)
        fields = {} if missed is None else missed.journal_fields()
        return fields | {"credential": "foreign"} if foreign else fields

    def _foreign_proof(self, exchange: Exchange, status: int) -> str:
        """Return what is wrong with the second proof of a refused request, "" if it belongs to its credential."""
        proof, sandbox, name = self.simulator.proof, exchange.sandbox, self.simulator.name
        if proof is None or sandbox is None or exchange.violations or status not in _CREDENTIAL_STATUSES:
            return ""
        if proof.matches(sandbox.credentials[name], exchange.request):
            return ""
        others = self.sandboxes.other_clients(sandbox)
        owner = next((other for other, known in others if proof.matches(known[name], exchange.request)), None)
        if owner is None:
            return f"{proof.name} does not belong to the {exchange.credential_name} of the request"
        return f"{proof.name} is that of sandbox {owner!r}, and the {exchange.credential_name} is not"

    def _request_fields(self, exchange: Exchange, response: Response, credential: str) -> dict[str, object]:
        """Return the fields of a request's journal entry. `credential`: known, refused, unknown or missing.

        A second proof that belongs to another client makes it foreign.
        """
        fields: dict[str, object] = {
            "service": self.simulator.name,
            "operation": exchange.operation,
            "method": exchange.request.method,
            "path": exchange.request.path,
            "credential": credential,
            "status": response.status,
            "violations": [violation.as_json() for violation in exchange.violations],
        }
        if exchange.credential_name:
            fields["credential_name"] = exchange.credential_name
        if exchange.credential and exchange.credential in [value for _, value in exchange.request.query]:
            fields["credential_in_query"] = True
        fields |= stray_fields(self.simulator.name, exchange.request, exchange.valid, self._owner)
        is_error = response.status >= _FIRST_ERROR or exchange.has_error_response
        if is_error:
            fields["response_excerpt"] = redact_text(response.body[:_EXCERPT_LENGTH].decode("utf-8", "replace"))
        is_ours = exchange.faulted is None and not exchange.failure
        if is_ours and (is_error or exchange.may_be_misunderstood):
            fields |= self._near_miss_fields(exchange, response.status)
        if exchange.effects is not None and exchange.effects.summary is not None:
            fields["summary"] = exchange.effects.summary
        if exchange.injection is not None:
            result = INTACT if exchange.faulted is None else exchange.faulted.result
            fields["fault"] = exchange.injection.call_fields(effect=exchange.has_effect, response=result)
        return fields


def _fail(exchange: Exchange, error: Exception) -> Response:
    """Return the response to a failure of the simulator, so that the journal shows it as such."""
    log.error("serving %r failed", exchange.request.path, exc_info=error)
    exchange.failure = f"the simulator failed: {type(error).__name__}: {error}"
    try:
        return exchange.refuse(
            Problem(kind="internal", status=500, detail=exchange.failure, operation=exchange.operation)
        )
    except Exception:
        log.exception("the error form of %s failed", exchange.simulator.name)
        return Response(status=500, body=exchange.failure.encode("utf-8", "replace"), content_type=_TEXT)


def _find_handler(simulator: Simulator, operation: Operation) -> Handler:
    handler: Handler | None = getattr(simulator.handlers, operation.handler, None)
    if handler is None:
        where = f"{operation.id} ({operation.method} {operation.path}) of {simulator.contract}"
        raise ValueError(f"{simulator.name}: expected a function {operation.handler} in its handlers to serve {where}")
    return handler
