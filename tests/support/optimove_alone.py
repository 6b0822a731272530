"""Optimove alone: a state, the contract in front of it, and a clock that is a number."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from instants import NINE, SIX
from sendproof_simulators.app import CONTRACTS
from sendproof_simulators.core.audience import Audience, AudienceRecipe
from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.exchange import Outcome, Request, Timer, Webhook
from sendproof_simulators.optimove import PROVIDER
from sendproof_simulators.optimove.state import State
from sendproof_simulators.provider import Call, CampaignPlan, Channel, Split, World

CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

CONTRACT = load_contract(CONTRACTS / PROVIDER.contract, any_case=True, optional_prefix="/current")


def world(customers: int = 25_000, *, allow_remote: bool = False, seed: int = 7) -> World:
    """A small world with one channel of each kind."""
    chance = Chance(seed)
    recipe = AudienceRecipe(customers=customers, opted_out=0.1, unusable_numbers=0.1)
    audience = Audience(chance, recipe)
    return World(chance=chance, audience=audience, channels=CHANNELS, allow_remote_webhooks=allow_remote)


def plan(campaign: int = 7001, **changes: Any) -> CampaignPlan:
    """A campaign of ten customers with one split, changed as told."""
    fields: dict[str, Any] = {
        "campaign": campaign,
        "channel": 505,
        "provider": "textlocal",
        "name": "Spring",
        "customers": 10,
        "first_customer": 0,
        "announce_at": SIX,
        "splits": (split(),),
        "render": lambda body, attributes: body.replace("NAME", attributes["FIRST_NAME"] or ""),
    }
    return CampaignPlan(**fields | changes)


def split(template: int = 14, share: float = 1.0, send_at: int = NINE) -> Split:
    """One split of a campaign."""
    return Split(share=share, template=template, title=f"T{template}", body="Dear NAME", send_at=send_at)


@dataclass
class Optimove:
    """Asks the simulator as a bridge would, less HTTP."""

    world: World = field(default_factory=world)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.world)

    def ask(self, operation: str, body: Any = None, **params: Any) -> Outcome:
        """Call an operation with values that keep the contract."""
        assert self.violations(operation, body, **params) == []
        handler = getattr(PROVIDER.handlers, CONTRACT.operations[operation].handler)
        call = Call(world=self.world, state=self.state, params=params, body=body, now=SIX, operation=operation)
        outcome: Outcome = handler(call)
        return outcome

    def read(self, operation: str, body: Any = None, **params: Any) -> Any:
        """The JSON of a successful answer."""
        reply = self.ask(operation, body, **params).reply
        assert reply.status == 200
        return msgspec.json.decode(reply.body)

    def rows(self, skip: int = 0, top: int = 10_000, attributes: str | None = None) -> list[dict[str, Any]]:
        """A page of campaign 7001 on channel 505."""
        params: dict[str, Any] = {"CampaignID": 7001, "ChannelID": 505, "$skip": skip, "$top": top}
        if attributes is not None:
            params["CustomerAttributes"] = attributes
        rows: list[dict[str, Any]] = self.read("GetCustomerSendDetailsByChannel", **params)
        return rows

    def violations(self, operation: str, body: Any = None, **params: Any) -> list[str]:
        """How a request breaks the contract: rules and places."""
        compiled = CONTRACT.operations[operation]
        query = tuple((name, str(value)) for name, value in params.items())
        request = Request(method=compiled.method, path=compiled.path, query=query, body=msgspec.json.encode(body))
        found = compiled.read_parameters(request, {})[1]
        found += compiled.read_body(request)[1] if compiled.body else []
        return [f"{v.rule} {v.where}" for v in found]

    def announce(self, campaign: CampaignPlan) -> tuple[Webhook, ...]:
        """Plan a campaign and let its timer ring."""
        assert PROVIDER.campaigns is not None
        (timer,) = PROVIDER.campaigns.plan(self.world, self.state, SIX, campaign).timers
        return self.ring(timer)

    def ring(self, timer: Timer) -> tuple[Webhook, ...]:
        """What a timer makes the simulator send."""
        return PROVIDER.on_timer(self.world, self.state, timer, timer.at).webhooks
