"""One request to a service on its way through the stages of `pipeline.py`."""

from dataclasses import dataclass, field, replace

from sendproof_simulators.core.contracts import Contract, ValidRequest
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.faults.active import Injection
from sendproof_simulators.core.faults.spec import INTACT, FaultedResponse
from sendproof_simulators.core.http import Problem, Request, Response, Violation
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.simulator import Simulator

_FIRST_ERROR = 400


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
