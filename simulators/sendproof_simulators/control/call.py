"""The input of the control API's handlers: a valid call, and the parts of the process that it can reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sendproof_simulators.control.activity.attribution import Attribution, version_of
from sendproof_simulators.control.states.judge_process import JudgeProcess
from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, parse_iso
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.simulator import SandboxContext, Simulator
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.server.addresses import Addresses
from sendproof_simulators.server.pipeline import ServicePipeline

T = TypeVar("T")

#: The marketing platform: the service with campaigns and triggers.
PLATFORM = "optimove"


class ControlError(Exception):
    """A request that keeps the contract and cannot be carried out; the message explains why and what to do.

    `status` is 404 or 409, 504 for an advance, or 400 for text that is no CSV; else only the contract refuses with 400.
    `members` are further members of
    the problem document.
    """

    def __init__(self, status: int, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.members = members


@dataclass(frozen=True, slots=True)
class ControlContext:
    """The parts of the process that the control API controls. `services` are by name.

    `contract` is that of the control API. `own_url` returns the address of the control API for programs on this
    machine, with its token if it needs one.
    """

    sandboxes: Sandboxes
    services: Mapping[str, ServicePipeline]
    addresses: Addresses
    wall: WallClock
    contract: Contract
    judge: JudgeProcess
    own_url: Callable[[], str]
    _attributions: WeakKeyDictionary[Sandbox, Attribution] = field(default_factory=WeakKeyDictionary)

    def attribution(self, sandbox: Sandbox) -> Attribution:
        """Return the look-up of recipients in a sandbox. It remembers them until a customer is due anything else."""
        known = self._attributions.get(sandbox)
        if known is None or known.version != version_of(sandbox):
            known = self._attributions[sandbox] = Attribution(sandbox)
        return known

    @property
    def simulators(self) -> Mapping[str, Simulator]:
        """The simulators by name."""
        return {name: service.simulator for name, service in self.services.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCall:
    """One valid request to one operation."""

    control: ControlContext
    params: Mapping[str, Any]
    body: Any
    defaults: Mapping[str, Any]

    def value(self, name: str) -> Any:
        """Return a parameter or a member of the body; if the request lacks it, the default in the contract."""
        given = {**self.params, **self.body} if isinstance(self.body, Mapping) else self.params
        return given[name] if name in given else self.defaults[name]

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox in the path."""
        try:
            return self.control.sandboxes.get(self.params["sandbox"])
        except KeyError as error:
            raise ControlError(404, error.args[0]) from None

    @property
    def service(self) -> Simulator:
        """The service in the path."""
        simulators, name = self.control.simulators, self.params["service"]
        if name not in simulators:
            raise ControlError(404, f"no service is named {name!r}; {suggestion(name, simulators)}")
        return simulators[name]

    @property
    def context(self) -> SandboxContext:
        """The service's view of the sandbox."""
        return self.sandbox.contexts[self.service.name]

    @property
    def state(self) -> Any:
        """The service's state in the sandbox."""
        return self.sandbox.states[self.service.name]

    @property
    def now(self) -> Instant:
        """The current instant of the sandbox."""
        return self.sandbox.clock.now()


def attempt(action: Callable[[], T], *, missing_status: int = 404) -> T:
    """Return the result of an action; turn its `KeyError` into `missing_status`, and its `ValueError` into 409."""
    try:
        return action()
    except KeyError as error:
        raise ControlError(missing_status, str(error.args[0])) from None
    except ValueError as error:
        raise ControlError(409, str(error)) from None


def record_action(call: ControlCall, operation: str) -> None:
    """Record what a user of the sandbox does, in the words of the request: nothing else in the journal has them all."""
    service = {"service": call.params["service"]} if "service" in call.params else {}
    call.sandbox.record("action", {"operation": operation, **service, "body": call.body})


def read_instant(text: str) -> Instant:
    """Parse an instant of a request."""
    return attempt(lambda: parse_iso(text))
