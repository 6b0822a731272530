"""Optimove alone: a state, the contract in front of it, and a clock that is a number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from instants import NINE, SIX
from sendproof_simulators.app import CONTRACTS
from sendproof_simulators.core.audience import Audience, AudienceRecipe
from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.clock import Instant
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.exchange import Outcome, Request, Timer, Webhook
from sendproof_simulators.optimove import PROVIDER
from sendproof_simulators.optimove.state import State
from sendproof_simulators.provider import Call, CampaignPlan, Channel, ChannelPlan, Split, World

CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

CONTRACT = load_contract(CONTRACTS / PROVIDER.contract, any_case=True, optional_prefix="/current")


def world(
    customers: int = 25_000,
    *,
    allow_remote: bool = False,
    seed: int = 7,
    channels: tuple[Channel, ...] = CHANNELS,
    dialects: Mapping[str, str] | None = None,
    nightly_at: int | None = None,
) -> World:
    """A small world with one channel of each kind. `dialects` by their full names; the rest get their defaults."""
    chance = Chance(seed)
    recipe = AudienceRecipe(customers=customers, opted_out=0.1, unusable_numbers=0.1)
    return World(
        chance=chance,
        audience=Audience(chance, recipe),
        channels=channels,
        allow_remote_webhooks=allow_remote,
        dialects=choose({PROVIDER.name: PROVIDER.dialects}, dialects or {}),
        nightly_at=nightly_at,
    )


def plan(campaign: int = 7001, **changes: Any) -> CampaignPlan:
    """A campaign of ten customers with one split on one channel, changed as told."""
    channel, splits = changes.pop("channel", 505), changes.pop("splits", (split(),))
    fields: dict[str, Any] = {
        "campaign": campaign,
        "name": "Spring",
        "customers": 10,
        "first_customer": 0,
        "announce_at": SIX,
        "parts": (part(channel, *splits),),
    }
    return CampaignPlan(**fields | changes)


def part(channel: int, *splits: Split) -> ChannelPlan:
    """A campaign's part on one channel."""
    return ChannelPlan(channel=channel, provider="textlocal", splits=splits, render=render)


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """The text of a template, which has one placeholder."""
    return body.replace("NAME", attributes["FIRST_NAME"] or "")


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

    def take_in(self, campaign: CampaignPlan, now: Instant = SIX) -> tuple[Timer, ...]:
        """Plan a campaign; answers what it waits for."""
        assert PROVIDER.campaigns is not None
        return PROVIDER.campaigns.plan(self.world, self.state, now, campaign).timers

    def announce(self, campaign: CampaignPlan) -> tuple[Webhook, ...]:
        """Plan a campaign and let its timer ring."""
        (timer,) = self.take_in(campaign)
        return self.ring(timer).webhooks

    def ring(self, timer: Timer) -> Outcome:
        """What a timer leads to."""
        return PROVIDER.on_timer(self.world, self.state, timer, timer.at)
