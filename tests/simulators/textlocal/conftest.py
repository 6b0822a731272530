"""One Textlocal account with the compiled contract in front of it, and a number as its clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from contract_watch import checked
from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.discovery import service_contract
from sendproof_simulators.services.textlocal import SIMULATOR
from sendproof_simulators.services.textlocal.state import State

CONTRACT = service_contract(SIMULATOR)


def context(seed: int = 7, *, allow_remote: bool = False, unusable: float = 0.0, **dialects: str) -> SandboxContext:
    """Return the context of a sandbox with a hundred customers, about ten of whom opted out."""
    random = KeyedRandom(seed)
    audience = Audience(random, AudienceRecipe(customers=100, opted_out=0.1, unusable_numbers=unusable))
    name = SIMULATOR.name
    options = choose({name: SIMULATOR.dialects}, {f"{name}.{n}": option for n, option in dialects.items()})[name]
    return SandboxContext(
        random=random,
        customers=CustomerRecords(audience),
        channels=(),
        allow_remote_webhooks=allow_remote,
        dialects=options,
        limits=SIMULATOR.read_limits(Limits(CONTRACT, options)),
    )


@dataclass
class Account:
    """Calls the simulator as a bridge would, but without HTTP. `last` has the effects of the last call."""

    contract: Contract
    context: SandboxContext = field(default_factory=context)
    now: int = NINE
    last: Effects = field(default_factory=Effects)
    timers: list[Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = SIMULATOR.new_state(self.context)

    def call(self, command: str, status: int = 200, **fields: Any) -> dict[str, Any]:
        """POST a form, check the HTTP status, and return the JSON of the response."""
        result = self.call_any_status(command, **fields)
        assert self.last.response.status == status
        return result

    def call_any_status(self, command: str, **fields: Any) -> dict[str, Any]:
        """POST a form, and return the JSON of the response."""
        form = urlencode({"apikey": "key", **fields}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.request(Request(method="POST", path=f"/{command}/", headers=headers, body=form))

    def request(self, request: Request) -> dict[str, Any]:
        """Make a request, and return the JSON of the response."""
        self.last = self.effects_of(request)
        self.timers += self.last.timers
        result: dict[str, Any] = msgspec.json.decode(self.last.response.body)
        return result

    def error_code(self, command: str, **fields: Any) -> int:
        """Make a call that is refused, and return the code of its only error."""
        result = self.call(command, **fields)
        assert result["status"] == "failure"
        (error,) = result["errors"]
        code: int = error["code"]
        return code

    def bulk(self, *messages: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Call `bulk_json` with these messages."""
        data = msgspec.json.encode({**options, "messages": list(messages)}).decode()
        return self.call("bulk_json", data=data)

    def set(self, **settings: Any) -> None:
        """Replace the settings of the account."""
        assert SIMULATOR.settings is not None
        SIMULATOR.settings.replace(self.context, self.state, self.now, settings)

    def template(self, body: str, title: str = "Offer") -> int:
        """Create a template, and return its id."""
        assert SIMULATOR.templates is not None
        template, _ = SIMULATOR.templates.add(self.state, self.now, title, body, None)
        return int(template.id)

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Return the fields of the last call's journal entries of one kind."""
        return [dict(entry.fields) for entry in self.last.entries if entry.kind == kind]

    def run_until(self, instant: int) -> list[tuple[int, Effects]]:
        """Fire every timer that is due until then, and return its instant and effects."""
        fired = []
        while due := [timer for timer in self.timers if timer.at <= instant]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = timer.at
            effects = checked(SIMULATOR, self.context, SIMULATOR.on_timer(self.context, self.state, timer, timer.at))
            self.timers += effects.timers
            fired.append((timer.at, effects))
        self.now = instant
        return fired

    def effects_of(self, request: Request) -> Effects:
        """Make a request, and return its effects."""
        request = SIMULATOR.normalise(request)
        operation = self.contract.fast_path_operations[request.method, request.path]
        params, parameter_violations = operation.read_parameters(request, {})
        body, body_violations = operation.read_body(request)
        if parameter_violations or body_violations:
            problem = Problem(
                kind="bad_request",
                status=400,
                detail="",
                operation=operation.id,
                violations=(*parameter_violations, *body_violations),
                params=dict(request.query),
                dialects=self.context.dialects,
                defaults=operation.defaults,
            )
            return Effects(response=SIMULATOR.error(problem))
        call = Call(
            context=self.context,
            state=self.state,
            params=params,
            body=body,
            now=self.now,
            operation=operation.id,
            defaults=operation.defaults,
        )
        effects = getattr(SIMULATOR.handlers, operation.handler)(call)
        return checked(SIMULATOR, self.context, effects, operation.id)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Return the compiled contract of the simulator."""
    return CONTRACT


@pytest.fixture
def account(contract: Contract) -> Account:
    """Return an account with the default option of every dialect."""
    return Account(contract)


@pytest.fixture
def same_account(contract: Contract) -> Account:
    """Another account with the same seed."""
    return Account(contract)


@pytest.fixture
def account_with(contract: Contract) -> Callable[..., Account]:
    """Return a function that returns an account with these dialect options."""
    return lambda **dialects: Account(contract, context(**dialects))


@pytest.fixture(scope="session")
def account_class() -> type[Account]:
    """Return the class of accounts, for properties that need many of them."""
    return Account
