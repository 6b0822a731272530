"""Textlocal alone: an account, the contract in front of it, and a clock that is a number."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.server.app import CONTRACTS
from sendproof_simulators.services.textlocal import SIMULATOR
from sendproof_simulators.services.textlocal.state import State


def context(seed: int = 7, *, allow_remote: bool = False, **dialects: str) -> SandboxContext:
    """A hundred customers, of whom about ten opted out."""
    random = KeyedRandom(seed)
    audience = Audience(random, AudienceRecipe(customers=100, opted_out=0.1))
    name = SIMULATOR.name
    spoken = choose({name: SIMULATOR.dialects}, {f"{name}.{n}": v for n, v in dialects.items()})[name]
    return SandboxContext(
        random=random, audience=audience, channels=(), allow_remote_webhooks=allow_remote, dialects=spoken
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

    def call(self, command: str, status: int = 200, **fields: Any) -> dict[str, Any]:
        """POST a form; the JSON of the answer."""
        form = urlencode({"apikey": "key", **fields}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask(Request(method="POST", path=f"/{command}/", headers=headers, body=form), status)

    def ask_anyhow(self, command: str, **fields: Any) -> dict[str, Any]:
        """The same, whatever the HTTP status."""
        form = urlencode({"apikey": "key", **fields}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self.last = self._outcome(
            SIMULATOR.normalise(Request(method="POST", path=f"/{command}/", headers=headers, body=form))
        )
        self.timers += self.last.timers
        said: dict[str, Any] = msgspec.json.decode(self.last.response.body)
        return said

    def set(self, **settings: Any) -> None:
        """What the user sets on the website."""
        assert SIMULATOR.settings is not None
        SIMULATOR.settings.replace(self.context, self.state, self.now, settings)

    def template(self, body: str, title: str = "Offer") -> int:
        """A template, made on the website; its id."""
        assert SIMULATOR.templates is not None
        made, _ = SIMULATOR.templates.add(self.state, self.now, title, body, None)
        return int(made.id)

    def ask(self, request: Request, status: int = 200) -> dict[str, Any]:
        """The JSON of the answer to one request."""
        self.last = self._outcome(SIMULATOR.normalise(request))
        self.timers += self.last.timers
        assert self.last.response.status == status
        said: dict[str, Any] = msgspec.json.decode(self.last.response.body)
        return said

    def code(self, command: str, **fields: Any) -> int:
        """The code of the one error that a call is refused with."""
        said = self.call(command, **fields)
        assert said["status"] == "failure"
        (error,) = said["errors"]
        code: int = error["code"]
        return code

    def bulk(self, *messages: dict[str, Any], **options: Any) -> dict[str, Any]:
        """`bulk_json` with these messages."""
        data = msgspec.json.encode({**options, "messages": list(messages)}).decode()
        return self.call("bulk_json", data=data)

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

    def _outcome(self, request: Request) -> Effects:
        operation = self.contract.fast_path_operations[request.method, request.path]
        params, violations = operation.read_parameters(request, {})
        body, more = operation.read_body(request)
        if violations or more:
            problem = Problem(
                kind="bad_request",
                status=400,
                detail="",
                operation=operation.id,
                violations=(*violations, *more),
                params=dict(request.query),
                dialects=self.context.dialects,
            )
            return Effects(response=SIMULATOR.error(problem))
        call = Call(
            context=self.context, state=self.state, params=params, body=body, now=self.now, operation=operation.id
        )
        effects: Effects = getattr(SIMULATOR.handlers, operation.handler)(call)
        return effects


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract as the service compiles it."""
    return load_contract(Path(CONTRACTS) / SIMULATOR.contract)


@pytest.fixture
def account(contract: Contract) -> Account:
    """An account of its own."""
    return Account(contract)


@pytest.fixture
def same_account(contract: Contract) -> Account:
    """Another account of the same seed."""
    return Account(contract)


@pytest.fixture
def speaking(contract: Contract) -> Callable[..., Account]:
    """Accounts of sandboxes that speak certain dialects."""
    return lambda **dialects: Account(contract, context(**dialects))


@pytest.fixture(scope="session")
def new_account() -> type[Account]:
    """Accounts by the dozen, for properties."""
    return Account
