"""Optimove alone: a state, the contract in front of it, and a clock that is a number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from instants import NINE, SIX
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer, Webhook
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Condition, CustomerEvent, Split, TriggerPlan
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, Channel, SandboxContext
from sendproof_simulators.server.app import CONTRACTS
from sendproof_simulators.services.optimove import SIMULATOR
from sendproof_simulators.services.optimove.state import State

CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

CONTRACT = load_contract(CONTRACTS / SIMULATOR.contract, case_insensitive=True, optional_prefix="/current")


def context(
    customers: int = 25_000,
    *,
    allow_remote: bool = False,
    seed: int = 7,
    channels: tuple[Channel, ...] = CHANNELS,
    dialects: Mapping[str, str] | None = None,
    nightly_at: int | None = None,
) -> SandboxContext:
    """A small world with one channel of each kind. `dialects` by their full names; the rest get their defaults."""
    random = KeyedRandom(seed)
    recipe = AudienceRecipe(customers=customers, opted_out=0.1, unusable_numbers=0.1)
    return SandboxContext(
        random=random,
        audience=Audience(random, recipe),
        channels=channels,
        allow_remote_webhooks=allow_remote,
        dialects=choose({SIMULATOR.name: SIMULATOR.dialects}, dialects or {})[SIMULATOR.name],
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


def condition(event: str = "page_visit", **more: Any) -> Condition:
    """A part of a trigger's criteria."""
    return Condition(event=event, **more)


def trigger(name: str = "Visit", **changes: Any) -> TriggerPlan:
    """A trigger on the first visit to any page, changed as told."""
    fields: dict[str, Any] = {
        "name": name,
        "campaign": 8001,
        "channel": 250,
        "provider": "textlocal",
        "template": 21,
        "template_name": "T21 - Come back",
        "title": "Come back",
        "body": "Dear NAME",
        "render": lambda body, values: render(body, values).replace("page", values.get("page") or ""),
        "conditions": (condition(),),
    }
    return TriggerPlan(**fields | changes)


@dataclass
class Optimove:
    """Asks the simulator as a bridge would, less HTTP. `now` is what time it is."""

    context: SandboxContext = field(default_factory=context)
    now: Instant = SIX
    waiting: list[Timer] = field(default_factory=list)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.context)

    def ask(self, operation: str, body: Any = None, **params: Any) -> Effects:
        """Call an operation with values that keep the contract."""
        assert self.violations(operation, body, **params) == []
        handler = getattr(SIMULATOR.handlers, CONTRACT.operations[operation].handler)
        call = Call(context=self.context, state=self.state, params=params, body=body, now=self.now, operation=operation)
        effects: Effects = handler(call)
        return effects

    def read(self, operation: str, body: Any = None, **params: Any) -> Any:
        """The JSON of a successful answer."""
        response = self.ask(operation, body, **params).response
        assert response.status == 200
        return msgspec.json.decode(response.body)

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
        assert SIMULATOR.campaigns is not None
        return SIMULATOR.campaigns.plan(self.context, self.state, now, campaign).timers

    def announce(self, campaign: CampaignPlan) -> tuple[Webhook, ...]:
        """Plan a campaign and let its timer ring."""
        (timer,) = self.take_in(campaign)
        return self.ring(timer).webhooks

    def ring(self, timer: Timer) -> Effects:
        """What a timer leads to."""
        return SIMULATOR.on_timer(self.context, self.state, timer, timer.at)

    def listen(self, event: int, channel: int | None = None, url: str = "http://127.0.0.1:9000/a") -> None:
        """Register a listener, for a channel or in general."""
        more = {} if channel is None else {"ChannelID": channel}
        assert (
            self.ask("RegisterEventListener", {"EventTypeID": event, "ListenerURL": url, **more}).response.status == 200
        )

    def begin(self) -> None:
        """Let the simulator wait for its first night."""
        self.follow(SIMULATOR.begin(self.context, self.state, self.now))

    def schedule(self, campaign: CampaignPlan) -> None:
        """Plan a campaign, and let `advance` do what follows."""
        assert SIMULATOR.campaigns is not None
        self.follow(SIMULATOR.campaigns.plan(self.context, self.state, self.now, campaign))

    def cancel(self, campaign: int = 7001) -> list["Said"]:
        """Cancel a campaign now; answers what the listeners are told."""
        assert SIMULATOR.campaigns is not None
        return self.follow(SIMULATOR.campaigns.cancel(self.context, self.state, self.now, campaign))

    def follow(self, effects: Effects) -> list["Said"]:
        """Keep the timers of an outcome; answers its webhooks."""
        self.waiting += effects.timers
        return [Said(self.now, webhook) for webhook in effects.webhooks]

    def advance(self, to: Instant) -> list["Said"]:
        """Let everything happen until an instant, that instant included; answers the webhooks in order."""
        said: list[Said] = []
        while due := [timer for timer in self.waiting if timer.at <= to]:
            timer = min(due, key=lambda timer: timer.at)
            self.waiting.remove(timer)
            self.now = max(self.now, timer.at)
            said += self.follow(self.ring(timer))
        self.now = to
        return said

    def define(self, wanted: TriggerPlan) -> None:
        """Look out for a trigger."""
        assert SIMULATOR.triggers is not None
        self.follow(SIMULATOR.triggers.add(self.context, self.state, self.now, wanted))

    def happens(self, customer: str, event: str, **parameters: object) -> list["Said"]:
        """A customer does something now; answers what the listeners are told."""
        return self.report(customer, event=event, **parameters)

    def report(self, *customers: str, event: str, at: Instant | None = None, **parameters: object) -> list["Said"]:
        """Customers do something, now or at an instant to come."""
        assert SIMULATOR.triggers is not None
        events = [CustomerEvent(customer=one, event=event, parameters=parameters, at=at) for one in customers]
        return self.follow(SIMULATOR.triggers.report(self.context, self.state, self.now, events))

    def owed(self) -> list[dict[str, Any]]:
        """Every obligation so far."""
        assert SIMULATOR.campaigns is not None
        entries = [entry for _, entry in SIMULATOR.campaigns.expectations(self.context, self.state)]
        return [dict(entry.fields) for entry in entries if entry.kind == "obligation"]


@dataclass(frozen=True)
class Said:
    """One webhook and when it was made."""

    at: Instant
    webhook: Webhook

    @property
    def body(self) -> dict[str, Any]:
        """What it says."""
        decoded: dict[str, Any] = msgspec.json.decode(self.webhook.body)
        return decoded
