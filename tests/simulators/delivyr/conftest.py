"""One Delivyr account with the compiled contract in front of it, and a number as its clock."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from contract_watch import checked
from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.http import Problem, Request, Response
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.delivyr import SIMULATOR
from sendproof_simulators.services.delivyr.state import State
from sendproof_simulators.services.delivyr.templates import add
from sendproof_simulators.services.discovery import service_contract

CONTRACT = service_contract(SIMULATOR)
HEADERS = {"x-account-id": "acme", "x-api-key": "secret", "content-type": "application/json"}
SEND = "/partner/customer_io/send_sms"


def context(**dialects: str) -> SandboxContext:
    """Return the context of a sandbox with a hundred American customers, about ten of whom opted out."""
    random = KeyedRandom(7)
    wanted = {f"delivyr.{name}": option for name, option in dialects.items()}
    options = choose({"delivyr": SIMULATOR.dialects}, wanted)["delivyr"]
    return SandboxContext(
        random=random,
        customers=CustomerRecords(Audience(random, AudienceRecipe(customers=100, opted_out=0.1, country="US"))),
        channels=(),
        dialects=options,
        limits=SIMULATOR.read_limits(Limits(CONTRACT, options)),
        credentials={"delivyr": {"account_id": "acme", "api_key": "secret"}},
    )


@dataclass
class Account:
    """Calls the simulator as a bridge would, but without HTTP. `last` has the effects of the last call.

    It has two templates: `template` with variables, and `plain` without.
    """

    contract: Contract
    context: SandboxContext = field(default_factory=context)
    now: int = NINE
    last: Effects = field(default_factory=Effects)
    timers: list[Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = SIMULATOR.new_state(self.context)
        self.template = self.add_template("Balance", "Hi {{FIRST_NAME}}, you have {{BALANCE}}.")
        self.plain = self.add_template("Plain", "Hello there.")

    def add_template(self, title: str, body: str) -> str:
        """Create a template, and return its id."""
        return str(add(self.state, self.now, title, body)[0].id)

    def set(self, **settings: object) -> None:
        """Replace the settings of the account."""
        SIMULATOR.settings.replace(self.context, self.state, self.now, settings)

    def send(self, number: str = "+12125650100", **changes: Any) -> dict[str, Any]:
        """Make a send that is accepted, and return the JSON of the response."""
        response = self.send_response(number, **changes)
        assert response.status == 200, response.body
        return msgspec.json.decode(response.body)

    def refusal(self, number: str = "+12125650100", **changes: Any) -> tuple[int, str]:
        """Make a send that is refused, and return the HTTP status and the code of the error."""
        response = self.send_response(number, **changes)
        return response.status, msgspec.json.decode(response.body)["error"]["code"]

    def send_response(self, number: str = "+12125650100", **changes: Any) -> Response:
        """Make a send, without the fields that are None, and return the response."""
        fields = {"template_id": self.plain, "phone_number": number, **changes}
        body = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
        return self.request(Request(method="POST", path=SEND, headers=HEADERS, body=body))

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        """GET a path, and return the JSON of the response."""
        response = self.request(Request(method="GET", path=path, query=query, headers=HEADERS))
        return msgspec.json.decode(response.body)

    def newest_message(self) -> dict[str, Any]:
        """Return the newest entry of the Message Log."""
        return self.get("/messages")["messages"][-1]

    def request(self, request: Request) -> Response:
        """Make a request, and return the response."""
        self.last = self._effects_of(request)
        self.timers += self.last.timers
        return self.last.response

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

    def webhooks_until(self, instant: int) -> list[tuple[int, dict[str, Any]]]:
        """Fire every timer that is due until then, and return each webhook: seconds after nine, and body."""
        return [
            ((at - NINE) // 1000, msgspec.json.decode(webhook.body))
            for at, effects in self.run_until(instant)
            for webhook in effects.webhooks
        ]

    def _effects_of(self, request: Request) -> Effects:
        operation = self.contract.fast_path_operations[request.method, request.path]
        params, parameter_violations = operation.read_parameters(request, {})
        body, body_violations = operation.read_body(request)
        violations = (*parameter_violations, *body_violations)
        if violations:
            problem = Problem(kind="bad_request", status=400, detail="", operation=operation.id, violations=violations)
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
def account_with(contract: Contract):
    """Return a function that returns an account with these dialect options."""
    return lambda **dialects: Account(contract, context(**dialects))
