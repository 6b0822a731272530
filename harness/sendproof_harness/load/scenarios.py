"""The scenarios of load tests: made of a few settings, not of a file."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from sendproof_harness.load.model import Kind
from sendproof_harness.load.trigger_tracker import ORDER_EVENT, ORDER_PARAMETER
from sendproof_harness.providers import DEFAULT_PROVIDER
from sendproof_harness.providers import provider as record_of
from sendproof_harness.scenario.fault_kinds import parse_fault
from sendproof_harness.scenario.model import (
    Advance,
    Audience,
    BridgeRequirements,
    Campaign,
    Channel,
    Criterion,
    DefineTrigger,
    Part,
    PlanCampaign,
    Scenario,
    Split,
    Template,
    Trigger,
    WaitFor,
)

CAMPAIGN_ID = 7001
SCHEDULED_CHANNEL = 505
TRIGGERED_CHANNEL = 250
TEMPLATE_TITLE = "Sendproof load"
TEMPLATE_BODY = "Hello {{FIRST_NAME}}, there is news in {{CITY}}. Reply STOP to opt out."
ORDER_TEMPLATE_TITLE = "Sendproof order"
ORDER_TEMPLATE_BODY = "Hello {{FIRST_NAME}}, order {{" + ORDER_PARAMETER + "}} is on its way."
TRIGGER = "Load"
TRIGGER_CAMPAIGN = 8001
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SEND_AT = START + timedelta(hours=3)
_READY = WaitFor(listeners=1, templates=1)
_OPTED_OUT, _UNUSABLE = Fraction(4, 100), Fraction(2, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What is asked of a load test, by whichever command line."""

    kind: Kind
    customers: int
    seed: int = 1
    provider: str = DEFAULT_PROVIDER
    days: int = 7
    rate: float = 200
    seconds: float = 60
    shape: str = "steady"
    duplicates: int = 0
    rate_limits: bool = True
    bridge: str | None = None
    command: str | None = None
    control_url: str | None = None
    results: Path = Path("results")
    thresholds: Path | None = None
    timeout_s: float = 60.0
    keep_history: bool = False


def load_audience(wanted: LoadOptions) -> Audience:
    """A few of them opted out, and of a few more there is no number."""
    country = record_of(wanted.provider).default_country
    return Audience(customers=wanted.customers, opted_out=_OPTED_OUT, unusable_numbers=_UNUSABLE, country=country)


def campaign_scenario(wanted: LoadOptions) -> Scenario:
    """One campaign for everybody, through so many days of receipts and reports."""
    split = Split(share=Fraction(1), template=TEMPLATE_TITLE, send_at=SEND_AT)
    planned = Campaign(
        campaign=CAMPAIGN_ID,
        name="",
        customers=wanted.customers,
        first_customer=0,
        announced=START + timedelta(minutes=30),
        parts=(Part(channel=SCHEDULED_CHANNEL, splits=(split,)),),
    )
    steps = (
        _READY,
        PlanCampaign(campaign=CAMPAIGN_ID),
        Advance(by=timedelta(hours=3)),
        Advance(by=timedelta(days=wanted.days)),
    )
    return Scenario(
        name=TEMPLATE_TITLE,
        about="",
        seed=wanted.seed,
        starts=START,
        audience=load_audience(wanted),
        channels=(Channel(id=SCHEDULED_CHANNEL, provider=wanted.provider),),
        templates=(Template(provider=wanted.provider, title=TEMPLATE_TITLE, body=TEMPLATE_BODY),),
        campaigns=(planned,),
        steps=steps,
        bridge=_wishes(wanted),
        rate_limits=wanted.rate_limits,
        faults=_copies(wanted),
    )


def _copies(wanted: LoadOptions) -> tuple[dict[str, object], ...]:
    if not wanted.duplicates:
        return ()
    every = {"fault": "duplicate_webhook", "webhook": "any.receipt", "times": "all", "copies": wanted.duplicates}
    return (parse_fault(every, wanted.provider),)


def _wishes(wanted: LoadOptions) -> BridgeRequirements:
    """Return the wishes: receipts, if the provider only posts them to the address in its account's settings."""
    needs_account_webhook = record_of(wanted.provider).receipts_need_account_webhook
    return BridgeRequirements(account_webhooks=wanted.kind == "receipts" and needs_account_webhook)


def trigger_scenario(wanted: LoadOptions) -> Scenario:
    """A trigger that every customer meets with every event."""
    trigger = Trigger(
        trigger=TRIGGER,
        campaign=TRIGGER_CAMPAIGN,
        channel=TRIGGERED_CHANNEL,
        template=ORDER_TEMPLATE_TITLE,
        criteria=(Criterion(event=ORDER_EVENT),),
        repeat=True,
    )
    return Scenario(
        name=ORDER_TEMPLATE_TITLE,
        about="",
        seed=wanted.seed,
        starts=START,
        audience=load_audience(wanted),
        channels=(Channel(id=TRIGGERED_CHANNEL, provider=wanted.provider, kind="triggered"),),
        templates=(Template(provider=wanted.provider, title=ORDER_TEMPLATE_TITLE, body=ORDER_TEMPLATE_BODY),),
        campaigns=(),
        triggers=(trigger,),
        steps=(_READY, DefineTrigger(trigger=TRIGGER)),
        rate_limits=wanted.rate_limits,
    )
