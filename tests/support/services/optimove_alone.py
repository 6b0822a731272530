"""The Optimove simulator without HTTP: a state, the contract in front of it, and a number as the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from contract_watch import checked
from instants import NINE, SIX
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, Timer, Webhook
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.members import body_rules
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Condition, CustomerEvent, Split, TriggerPlan
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Call, Campaigns, Channel, SandboxContext, Triggers
from sendproof_simulators.services.discovery import service_contract
from sendproof_simulators.services.optimove import SIMULATOR
from sendproof_simulators.services.optimove.state import State

CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

CONTRACT = service_contract(SIMULATOR)


def sandbox_context(
    customers: int = 25_000,
    *,
    allow_remote: bool = False,
    seed: int = 7,
    channels: tuple[Channel, ...] = CHANNELS,
    dialects: Mapping[str, str] | None = None,
    nightly_at: int | None = None,
    individuals: tuple[Individual, ...] = (),
    devices: Mapping[str, float] | None = None,
) -> SandboxContext:
    """Return a small sandbox with one channel of each kind. `dialects` have full names; the others have defaults."""
    random = KeyedRandom(seed)
    recipe = AudienceRecipe(
        customers=customers, opted_out=0.1, unusable_numbers=0.1, individuals=individuals, devices=devices
    )
    options = choose({SIMULATOR.name: SIMULATOR.dialects}, dialects or {})[SIMULATOR.name]
    return SandboxContext(
        random=random,
        customers=CustomerRecords(Audience(random, recipe)),
        channels=channels,
        allow_remote_webhooks=allow_remote,
        dialects=options,
        limits=SIMULATOR.read_limits(Limits(CONTRACT, options)),
        nightly_at=nightly_at,
    )


def plan(campaign: int = 7001, **changes: Any) -> CampaignPlan:
    """Return a campaign of ten customers with one split on one channel, with some fields changed."""
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
    """Return a campaign's part on one channel."""
    return ChannelPlan(channel=channel, provider="textlocal", splits=splits, render=render)


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """Return the text of a template with one placeholder."""
    return body.replace("NAME", attributes["FIRST_NAME"] or "")


def split(template: int = 14, share: float = 1.0, send_at: int = NINE) -> Split:
    """Return one split of a campaign."""
    return Split(share=share, template=template, title=f"T{template}", body="Dear NAME", send_at=send_at)


def condition(event: str = "page_visit", **fields: Any) -> Condition:
    """Return one condition of a trigger."""
    return Condition(event=event, **fields)


def trigger(name: str = "Visit", **changes: Any) -> TriggerPlan:
    """Return a trigger on the first visit to any page, with some fields changed."""
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


def campaign_access() -> Campaigns:
    """Return the control API's functions for campaigns."""
    assert SIMULATOR.campaigns is not None
    return SIMULATOR.campaigns


def trigger_access() -> Triggers:
    """Return the control API's functions for triggers."""
    assert SIMULATOR.triggers is not None
    return SIMULATOR.triggers


@dataclass
class Optimove:
    """The simulator as a bridge uses it, but without HTTP. `now` is the time of its sandbox."""

    context: SandboxContext = field(default_factory=sandbox_context)
    now: Instant = SIX
    waiting: list[Timer] = field(default_factory=list)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State(self.context)

    def call(self, operation: str, body: Any = None, **params: Any) -> Effects:
        """Call an operation with values that keep the contract."""
        assert self.violations(operation, body, **params) == []
        compiled = CONTRACT.operations[operation]
        handler = getattr(SIMULATOR.handlers, compiled.handler)
        call = Call(
            context=self.context,
            state=self.state,
            params=params,
            body=body,
            now=self.now,
            operation=operation,
            defaults=compiled.defaults,
        )
        return checked(SIMULATOR, self.context, handler(call), operation)

    def read(self, operation: str, body: Any = None, **params: Any) -> Any:
        """Return the JSON of a successful response."""
        response = self.call(operation, body, **params).response
        assert response.status == 200
        return msgspec.json.decode(response.body)

    def rows(self, skip: int = 0, top: int = 10_000, attributes: str | None = None) -> list[dict[str, Any]]:
        """Return a page of campaign 7001 on channel 505."""
        params: dict[str, Any] = {"CampaignID": 7001, "ChannelID": 505, "$skip": skip, "$top": top}
        if attributes is not None:
            params["CustomerAttributes"] = attributes
        rows: list[dict[str, Any]] = self.read("GetCustomerSendDetailsByChannel", **params)
        return rows

    def violations(self, operation: str, body: Any = None, **params: Any) -> list[str]:
        """Return the violations of the contract in a request, as rules and places."""
        compiled = CONTRACT.operations[operation]
        query = tuple((name, str(value)) for name, value in params.items())
        request = Request(method=compiled.method, path=compiled.path, query=query, body=msgspec.json.encode(body))
        violations = compiled.read_parameters(request, {})[1]
        violations += compiled.read_body(request, body_rules(self.context.dialects))[1] if compiled.body else []
        return [f"{violation.rule} {violation.where}" for violation in violations]

    def planned_timers(self, campaign: CampaignPlan, now: Instant = SIX) -> tuple[Timer, ...]:
        """Schedule a campaign, and return its timers."""
        return campaign_access().schedule(self.context, self.state, now, campaign).timers

    def announce(self, campaign: CampaignPlan) -> tuple[Webhook, ...]:
        """Schedule a campaign, fire its timer, and return the webhooks."""
        (timer,) = self.planned_timers(campaign)
        return self.fire(timer).webhooks

    def fire(self, timer: Timer) -> Effects:
        """Return the effects of a timer."""
        return checked(SIMULATOR, self.context, SIMULATOR.on_timer(self.context, self.state, timer, timer.at))

    def listen(self, event: int, channel: int | None = None, url: str = "http://127.0.0.1:9000/a") -> None:
        """Register a listener, for a channel or (None) the general one."""
        body = {"EventTypeID": event, "ListenerURL": url} | ({} if channel is None else {"ChannelID": channel})
        assert self.call("RegisterEventListener", body).response.status == 200

    def begin(self) -> None:
        """Let the simulator set the timer of its first night."""
        self.apply(SIMULATOR.begin(self.context, self.state, self.now))

    def schedule(self, campaign: CampaignPlan) -> None:
        """Schedule a campaign; `advance` fires its timers."""
        self.apply(campaign_access().schedule(self.context, self.state, self.now, campaign))

    def cancel(self, campaign: int = 7001) -> list["SentWebhook"]:
        """Cancel a campaign now, and return the webhooks."""
        return self.apply(campaign_access().cancel(self.context, self.state, self.now, campaign))

    def apply(self, effects: Effects) -> list["SentWebhook"]:
        """Keep the timers of effects, and return the webhooks."""
        self.waiting += effects.timers
        return [SentWebhook(self.now, webhook) for webhook in effects.webhooks]

    def advance(self, to: Instant) -> list["SentWebhook"]:
        """Fire all timers up to and including an instant, and return the webhooks in order."""
        webhooks: list[SentWebhook] = []
        while due := [timer for timer in self.waiting if timer.at <= to]:
            timer = min(due, key=lambda timer: timer.at)
            self.waiting.remove(timer)
            self.now = max(self.now, timer.at)
            webhooks += self.apply(self.fire(timer))
        self.now = to
        return webhooks

    def add_trigger(self, trigger_plan: TriggerPlan) -> None:
        """Add a trigger."""
        self.apply(trigger_access().add(self.context, self.state, self.now, trigger_plan))

    def record_event(self, customer: str, event: str, **parameters: object) -> list["SentWebhook"]:
        """Let a customer cause an event now, and return the webhooks."""
        return self.record_events(customer, event=event, **parameters)

    def record_events(
        self, *customers: str, event: str, at: Instant | None = None, **parameters: object
    ) -> list["SentWebhook"]:
        """Let customers cause an event, now or at a later instant, and return the webhooks."""
        events = [CustomerEvent(customer=customer, event=event, parameters=parameters, at=at) for customer in customers]
        return self.apply(trigger_access().record(self.context, self.state, self.now, events))

    def obligations(self) -> list[dict[str, Any]]:
        """Return all obligations so far."""
        entries = [entry for _, entry in campaign_access().expectations(self.context, self.state)]
        return [dict(entry.fields) for entry in entries if entry.kind == "obligation"]


@dataclass(frozen=True)
class SentWebhook:
    """One webhook and its instant."""

    at: Instant
    webhook: Webhook

    @property
    def body(self) -> dict[str, Any]:
        """Return the decoded body."""
        decoded: dict[str, Any] = msgspec.json.decode(self.webhook.body)
        return decoded
