"""One Xtremepush project with the compiled contract in front of it, and a number as its clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from contract_watch import checked
from instants import NINE
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.discovery import service_contract
from sendproof_simulators.services.xtremepush import SIMULATOR
from sendproof_simulators.services.xtremepush.state import State


@dataclass
class Project:
    """Calls the simulator as a bridge would, but without HTTP. `last` has the effects of the last call or timer."""

    contract: Contract
    context: SandboxContext
    now: int = NINE
    last: Effects = field(default_factory=Effects)
    timers: list[Timer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = SIMULATOR.new_state(self.context)

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        """POST JSON to a method such as `list/campaign`, and return the JSON of the response."""
        body = msgspec.json.encode({"apptoken": "token", **fields})
        return self.post(method, body)

    def post(self, method: str, body: bytes) -> dict[str, Any]:
        """POST a body without changes, and return the JSON of the response."""
        self._apply(self._effects_of(Request(method="POST", path=f"/api/external/{method}", body=body)))
        result: dict[str, Any] = msgspec.json.decode(self.last.response.body)
        return result

    def refusal(self, method: str, **fields: Any) -> str:
        """Make a call that is refused with 400 and has no effects, and return the message of the response."""
        result = self.call(method, **fields)
        assert (result["code"], result["success"], self.last.entries, self.last.timers) == (400, False, (), ())
        message: str = result["message"]
        return message

    def template(self, text: str = "Hello {{first_name}}", title: str = "Spring") -> int:
        """Create a campaign that the API can send as an SMS, and return its id."""
        sms = {"9": {"sms": {"from": "Shop", "text": text}}}
        id_: int = self.call("create/campaign", title=title, trigger=3, sms=1, messages=sms)["model"]["id"]
        return id_

    def import_users(self, *users: tuple[str, str], subscribed: int = 1, **attributes: Any) -> None:
        """Import users: (user id, mobile number)."""
        columns = ["user_id", "mobile_number", "sms_subscription", *attributes]
        rows = [[user, number, subscribed, *attributes.values()] for user, number in users]
        assert self.call("import/profile", columns=columns, rows=rows)["model"]["failed"] == 0

    def execute(self, campaign: int, *users: str, **fields: Any) -> dict[str, Any]:
        """Execute a campaign for users, and fire the timers that are due now."""
        target = {} if "target_with_params" in fields else {"target": list(users)}
        result = self.call("execute/campaign", **{"id": campaign, "target_by": "user_id", **target, **fields})
        self.run_until(self.now)
        return result

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Return the fields of the last call's or timer's journal entries of one kind."""
        return [dict(entry.fields) for entry in self.last.entries if entry.kind == kind]

    def texts(self) -> list[str]:
        """Return the texts of the last deliveries."""
        return [entry["text"] for entry in self.entries("delivery")]

    def reasons(self) -> list[str]:
        """Return the reasons of the last rejections."""
        return [entry["reason"] for entry in self.entries("rejection")]

    def set(self, **settings: Any) -> None:
        """Replace the settings of the project."""
        assert SIMULATOR.settings is not None
        self._apply(SIMULATOR.settings.replace(self.context, self.state, self.now, settings))

    def run_until(self, instant: int) -> list[Effects]:
        """Fire every timer that is due until then, and return the effects of each."""
        fired = []
        while due := [timer for timer in self.timers if timer.at <= instant]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            effects = SIMULATOR.on_timer(self.context, self.state, timer, self.now)
            self._apply(checked(SIMULATOR, self.context, effects))
            fired.append(self.last)
        self.now = instant
        return fired

    def _apply(self, effects: Effects) -> None:
        self.last = effects
        self.timers += effects.timers

    def _effects_of(self, request: Request) -> Effects:
        operation = self.contract.fast_path_operations[request.method, request.path]
        body, violations = operation.read_body(request)
        if violations:
            problem = Problem(kind="bad_request", status=400, detail="", violations=tuple(violations))
            return Effects(response=SIMULATOR.error(problem))
        call = Call(
            context=self.context,
            state=self.state,
            params={},
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
    return service_contract(SIMULATOR)


@pytest.fixture
def new_project(contract):
    """Return a function that returns a project with these dialect options."""

    def make(
        individuals: tuple[Individual, ...] = (),
        devices: Mapping[str, float] | None = None,
        browsers: Mapping[str, float] | None = None,
        addresses: Mapping[str, float] | None = None,
        **dialects: str,
    ) -> Project:
        random = KeyedRandom(7)
        options = {f"xtremepush.{name}": option for name, option in dialects.items()}
        recipe = AudienceRecipe(
            customers=100,
            individuals=individuals,
            devices=devices,
            browsers=browsers,
            addresses=addresses,
            consent="attribute",
        )
        audience = Audience(random, recipe)
        chosen = choose({"xtremepush": SIMULATOR.dialects}, options)["xtremepush"]
        customers = CustomerRecords(audience)
        limits = SIMULATOR.read_limits(Limits(contract, chosen))
        context = SandboxContext(random=random, customers=customers, channels=(), dialects=chosen, limits=limits)
        return Project(contract, context)

    return make


@pytest.fixture
def project(new_project) -> Project:
    """Return a project with the default option of every dialect."""
    project: Project = new_project()
    return project
