"""Delivyr alone: an account, the contract in front of it, and a clock that is a number."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.http import Problem, Request, Response
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.delivyr import SIMULATOR
from sendproof_simulators.services.delivyr.state import State
from sendproof_simulators.services.delivyr.templates import add
from sendproof_simulators.services.discovery import contract_file

HEADERS = {"x-account-id": "acme", "x-api-key": "secret", "content-type": "application/json"}
SEND = "/partner/customer_io/send_sms"


def context(**dialects: str) -> SandboxContext:
    """A hundred Americans, of whom about ten opted out."""
    random = KeyedRandom(7)
    return SandboxContext(
        random=random,
        audience=Audience(random, AudienceRecipe(customers=100, opted_out=0.1, country="US")),
        channels=(),
        dialects=choose(
            {"delivyr": SIMULATOR.dialects}, {f"delivyr.{name}": value for name, value in dialects.items()}
        )["delivyr"],
        credentials={"delivyr": {"account_id": "acme", "api_key": "secret"}},
    )


@dataclass
class Account:
    """Asks the simulator as a bridge would, less HTTP. `last` is everything that the last call led to."""

    contract: Contract
    context: SandboxContext = field(default_factory=context)
    now: int = NINE
    last: Effects = field(default_factory=Effects)
    timers: list[Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = SIMULATOR.new_state(self.context)
        self.template = self.holds("Balance", "Hi {{FIRST_NAME}}, you have {{BALANCE}}.")
        self.plain = self.holds("Plain", "Hello there.")

    def holds(self, title: str, body: str) -> str:
        """The id of a new template."""
        return str(add(self.state, self.now, title, body)[0].id)

    def set(self, **settings: object) -> None:
        """What the account's owner sets."""
        SIMULATOR.settings.replace(self.context, self.state, self.now, settings)

    def send(self, number: str = "+12125650100", **changes: Any) -> dict[str, Any]:
        """The JSON of the answer to a send that was taken."""
        response = self.try_to_send(number, **changes)
        assert response.status == 200, response.body
        return msgspec.json.decode(response.body)

    def refused(self, number: str = "+12125650100", **changes: Any) -> tuple[int, str]:
        """The status and the code with which a send is refused."""
        response = self.try_to_send(number, **changes)
        return response.status, msgspec.json.decode(response.body)["error"]["code"]

    def try_to_send(self, number: str = "+12125650100", **changes: Any) -> Response:
        """One send; what is None is left out."""
        body = {"template_id": self.plain, "phone_number": number, **changes}
        given = msgspec.json.encode({name: value for name, value in body.items() if value is not None})
        return self.ask(Request(method="POST", path=SEND, headers=HEADERS, body=given))

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        """The JSON of a page."""
        response = self.ask(Request(method="GET", path=path, query=query, headers=HEADERS))
        return msgspec.json.decode(response.body)

    def entry(self) -> dict[str, Any]:
        """The newest message of the log."""
        return self.get("/messages")["messages"][-1]

    def ask(self, request: Request) -> Response:
        """The reply to one request."""
        self.last = self._outcome(request)
        self.timers += self.last.timers
        return self.last.response

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The facts of one kind that the last call led to."""
        return [dict(entry.fields) for entry in self.last.entries if entry.kind == kind]

    def live_until(self, instant: int) -> list[tuple[int, Effects]]:
        """Let every timer ring that is due by then; when each rang and what it led to."""
        rung = []
        while due := [timer for timer in self.timers if timer.at <= instant]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = timer.at
            effects = SIMULATOR.on_timer(self.context, self.state, timer, timer.at)
            self.timers += effects.timers
            rung.append((timer.at, effects))
        self.now = instant
        return rung

    def told_until(self, instant: int) -> list[tuple[int, dict[str, Any]]]:
        """Every webhook that is posted by then: seconds after nine, and the body."""
        rung = self.live_until(instant)
        return [((at - NINE) // 1000, msgspec.json.decode(call.body)) for at, done in rung for call in done.webhooks]

    def _outcome(self, request: Request) -> Effects:
        operation = self.contract.fast_path_operations[request.method, request.path]
        params, violations = operation.read_parameters(request, {})
        body, more = operation.read_body(request)
        if violations or more:
            broken = (*violations, *more)
            problem = Problem(kind="bad_request", status=400, detail="", operation=operation.id, violations=broken)
            return Effects(response=SIMULATOR.error(problem))
        call = Call(
            context=self.context, state=self.state, params=params, body=body, now=self.now, operation=operation.id
        )
        effects: Effects = getattr(SIMULATOR.handlers, operation.handler)(call)
        return effects


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract as the service compiles it."""
    return load_contract(contract_file(SIMULATOR))


@pytest.fixture
def account(contract: Contract) -> Account:
    """An account of its own, with every dialect at its default."""
    return Account(contract)


@pytest.fixture
def account_that(contract: Contract):
    """Accounts in sandboxes that speak other dialects."""
    return lambda **dialects: Account(contract, context(**dialects))
