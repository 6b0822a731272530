"""Xtremepush alone: a project, the contract in front of it, and a clock that is a number."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer, Webhook
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.server.app import CONTRACTS
from sendproof_simulators.services.xtremepush import SIMULATOR
from sendproof_simulators.services.xtremepush.state import State

HOOK = "http://127.0.0.1:9000/webhooks/xtremepush"


@dataclass
class Project:
    """Asks the simulator as a bridge would, less HTTP. `last` is everything that the last call or timer led to."""

    contract: Contract
    context: SandboxContext
    now: int = NINE
    last: Effects = field(default_factory=Effects)
    timers: list[Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = SIMULATOR.new_state(self.context)

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        """POST JSON to a method such as `list/campaign`; the JSON of the answer, whose code is the HTTP status."""
        body = msgspec.json.encode({"apptoken": "token", **fields})
        return self.post(method, body)

    def post(self, method: str, body: bytes) -> dict[str, Any]:
        """POST a body as it is."""
        self._follow(self._outcome(Request(method="POST", path=f"/api/external/{method}", body=body)))
        said: dict[str, Any] = msgspec.json.decode(self.last.response.body)
        return said

    def refused(self, method: str, **fields: Any) -> str:
        """Why a call is refused with 400; that nothing came of it is seen to."""
        said = self.call(method, **fields)
        assert (said["code"], said["success"], self.last.entries, self.last.timers) == (400, False, (), ())
        message: str = said["message"]
        return message

    def template(self, text: str = "Hello {{first_name}}", title: str = "Spring") -> int:
        """A campaign that the API can send as an SMS."""
        sms = {"9": {"sms": {"from": "Shop", "text": text}}}
        id_: int = self.call("create/campaign", title=title, trigger=3, sms=1, messages=sms)["model"]["id"]
        return id_

    def register_credential(self, *people: tuple[str, str], subscribed: int = 1, **attributes: Any) -> None:
        """Import people: (user id, mobile number)."""
        columns = ["user_id", "mobile_number", "sms_subscription", *attributes]
        rows = [[user, number, subscribed, *attributes.values()] for user, number in people]
        assert self.call("import/profile", columns=columns, rows=rows)["model"]["failed"] == 0

    def execute(self, campaign: int, *users: str, **fields: Any) -> dict[str, Any]:
        """Execute a campaign for users, and let it be done."""
        target = {} if "target_with_params" in fields else {"target": list(users)}
        said = self.call("execute/campaign", **{"id": campaign, "target_by": "user_id", **target, **fields})
        self.live_until(self.now)
        return said

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The facts of one kind that the last call or timer led to."""
        return [dict(entry.fields) for entry in self.last.entries if entry.kind == kind]

    def texts(self) -> list[str]:
        """The texts that were just accepted."""
        return [entry["text"] for entry in self.entries("delivery")]

    def reasons(self) -> list[str]:
        """Why targets just got nothing."""
        return [entry["reason"] for entry in self.entries("rejection")]

    def settle(self, **settings: Any) -> None:
        """Set what a user sets on the website."""
        assert SIMULATOR.settings is not None
        self._follow(SIMULATOR.settings.replace(self.context, self.state, self.now, settings))

    def live_until(self, instant: int) -> list[Effects]:
        """Let every timer ring that is due by then; what each led to."""
        rung = []
        while due := [timer for timer in self.timers if timer.at <= instant]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            self._follow(SIMULATOR.on_timer(self.context, self.state, timer, self.now))
            rung.append(self.last)
        self.now = instant
        return rung

    def told_until(self, instant: int) -> list[Webhook]:
        """The webhooks that are sent until then."""
        return [webhook for effects in self.live_until(instant) for webhook in effects.webhooks]

    def _follow(self, effects: Effects) -> None:
        self.last = effects
        self.timers += effects.timers

    def _outcome(self, request: Request) -> Effects:
        operation = self.contract.fast_path_operations[request.method, request.path]
        body, violations = operation.read_body(request)
        if violations:
            problem = Problem(kind="bad_request", status=400, detail="", violations=tuple(violations))
            return Effects(response=SIMULATOR.error(problem))
        call = Call(context=self.context, state=self.state, params={}, body=body, now=self.now, operation=operation.id)
        effects: Effects = getattr(SIMULATOR.handlers, operation.handler)(call)
        return effects


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract as the service compiles it."""
    return load_contract(CONTRACTS / SIMULATOR.contract)


@pytest.fixture
def new_project(contract):
    """Makes projects, each with the dialects that it is told; their names without the service's."""

    def make(**dialects: str) -> Project:
        random = KeyedRandom(7)
        wanted = {f"xtremepush.{name}": value for name, value in dialects.items()}
        audience = Audience(random, AudienceRecipe(customers=100, opted_out=0.2))
        chosen = choose({"xtremepush": SIMULATOR.dialects}, wanted)["xtremepush"]
        return Project(contract, SandboxContext(random=random, audience=audience, channels=(), dialects=chosen))

    return make


@pytest.fixture
def project(new_project) -> Project:
    """A project of its own."""
    made: Project = new_project()
    return made
