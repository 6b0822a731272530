"""Scenarios of load tests, built from a few options instead of a file."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from sendproof_harness.load.model import Kind
from sendproof_harness.load.tracking.trigger_tracker import ORDER_EVENT, ORDER_PARAMETER
from sendproof_harness.providers import DEFAULT_PROVIDER
from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.fault_kinds import parse_fault
from sendproof_harness.scenario.model import (
    CONSENT_BY_ATTRIBUTE,
    EMAIL,
    PUSH,
    SMS,
    WEB_PUSH,
    Advance,
    Audience,
    BridgeRequirements,
    Campaign,
    ChangeTemplate,
    Channel,
    Criterion,
    CustomerEvents,
    CustomerSelection,
    DefineTrigger,
    OptOut,
    Part,
    PlanCampaign,
    Scenario,
    Split,
    Step,
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
#: The virtual days of receipts and reports after the last mixed day.
DAYS_AFTER = 2
_DAY_STARTS, _NIGHTLY = datetime(2026, 3, 2, tzinfo=UTC), "05:30"
_DAY_TEMPLATES = {
    "Morning": "Good morning {{FIRST_NAME}}, there is news in {{CITY}}. Reply STOP to opt out.",
    "Evening": "Good evening {{FIRST_NAME}}. Reply STOP to opt out.",
    ORDER_TEMPLATE_TITLE: "Hello {{FIRST_NAME}}, your order is on its way.",
}
_OPTED_OUT, _UNUSABLE = Fraction(4, 100), Fraction(2, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Options of a load test, from the command line of `sendproof load` or of Locust."""

    kind: Kind
    customers: int
    seed: int = 1
    provider: str = DEFAULT_PROVIDER
    message: str = SMS
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


def load_audience(options: LoadOptions) -> Audience:
    """Return the audience; 4% of the customers have opted out and 2% have unusable numbers.

    For messages to a device, browser or e-mail address, 4% do not want them and 2% have none.
    """
    audience = Audience(
        customers=options.customers,
        opted_out=_OPTED_OUT,
        unusable_numbers=_UNUSABLE,
        country=provider_record(options.provider).default_country,
    )
    shares = {"none": _UNUSABLE, "no_consent": _OPTED_OUT}
    if options.message == PUSH:
        return replace(audience, devices=shares)
    if options.message == WEB_PUSH:
        return replace(audience, browsers=shares)
    return replace(audience, addresses=shares) if options.message == EMAIL else audience


def _template(options: LoadOptions) -> Template:
    """Return the template of the campaign, with a title or subject if messages of its type have one."""
    is_sms = options.message == SMS
    return Template(
        provider=options.provider,
        title=TEMPLATE_TITLE,
        body=f"<p>{TEMPLATE_BODY}</p>" if options.message == EMAIL else TEMPLATE_BODY,
        message=options.message,
        heading=None if is_sms else "News for {{FIRST_NAME}}",
    )


def campaign_scenario(options: LoadOptions) -> Scenario:
    """Return a scenario with one campaign to all customers, and the requested days of receipts and reports."""
    split = Split(share=Fraction(1), template=TEMPLATE_TITLE, send_at=SEND_AT)
    planned_campaign = Campaign(
        campaign=CAMPAIGN_ID,
        name="",
        customers=options.customers,
        first_customer=0,
        announced=START + timedelta(minutes=30),
        parts=(Part(channel=SCHEDULED_CHANNEL, splits=(split,)),),
    )
    steps = (
        _READY,
        PlanCampaign(campaign=CAMPAIGN_ID),
        Advance(by=timedelta(hours=3)),
        Advance(by=timedelta(days=options.days)),
    )
    return Scenario(
        name=TEMPLATE_TITLE,
        about="",
        seed=options.seed,
        starts=START,
        audience=load_audience(options),
        channels=(Channel(id=SCHEDULED_CHANNEL, provider=options.provider, message=options.message),),
        templates=(_template(options),),
        campaigns=(planned_campaign,),
        steps=steps,
        bridge=_requirements(options),
        rate_limits=options.rate_limits,
        faults=_duplicate_faults(options),
    )


def _duplicate_faults(options: LoadOptions) -> tuple[dict[str, object], ...]:
    if not options.duplicates:
        return ()
    fault = {"fault": "duplicate_webhook", "webhook": "any.receipt", "times": "all", "copies": options.duplicates}
    return (parse_fault(fault, options.provider),)


def _requirements(options: LoadOptions) -> BridgeRequirements:
    """Return the requirements: an account webhook, if the provider posts receipts only to that address.

    Without it, a bridge can learn the same from a provider's record, but not from a mail relay.
    """
    record = provider_record(options.provider)
    return BridgeRequirements(
        account_webhooks=record.receipts_need_account_webhook and (options.kind == "receipts" or not record.has_record),
        consent=None if options.message == SMS else CONSENT_BY_ATTRIBUTE,
    )


def trigger_scenario(options: LoadOptions) -> Scenario:
    """Return a scenario with a trigger that every order event of a customer meets."""
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
        seed=options.seed,
        starts=START,
        audience=load_audience(options),
        channels=(Channel(id=TRIGGERED_CHANNEL, provider=options.provider, kind="triggered"),),
        templates=(Template(provider=options.provider, title=ORDER_TEMPLATE_TITLE, body=ORDER_TEMPLATE_BODY),),
        campaigns=(),
        triggers=(trigger,),
        steps=(_READY, DefineTrigger(trigger=TRIGGER)),
        rate_limits=options.rate_limits,
    )


def mixed_day_scenario(options: LoadOptions) -> Scenario:
    """Return a scenario of whole days: nightly process, template changes, campaigns, triggers, opt-outs and reports."""
    channels = (
        Channel(id=SCHEDULED_CHANNEL, provider=options.provider),
        Channel(id=TRIGGERED_CHANNEL, provider=options.provider, kind="triggered"),
    )
    trigger = replace(trigger_scenario(options).triggers[0], criteria=(Criterion(event=ORDER_EVENT),))
    return Scenario(
        name="Sendproof day",
        about="",
        seed=options.seed,
        starts=_DAY_STARTS,
        nightly=_NIGHTLY,
        audience=replace(load_audience(options), outcomes={"delivered, replies STOP": Fraction(2, 100)}),
        channels=channels,
        templates=tuple(
            Template(provider=options.provider, title=title, body=body) for title, body in _DAY_TEMPLATES.items()
        ),
        campaigns=tuple(campaign for day in range(options.days) for campaign in _campaigns_of(options, day)),
        triggers=(trigger,),
        steps=(
            WaitFor(listeners=len(channels), synchronised=True),
            DefineTrigger(trigger=TRIGGER),
            *(step for day in range(options.days) for step in _steps_of(options, day)),
            Advance(by=timedelta(days=DAYS_AFTER)),
        ),
        bridge=BridgeRequirements(opt_outs="preference", account_webhooks=True),
        rate_limits=options.rate_limits,
    )


def _campaigns_of(options: LoadOptions, day: int) -> tuple[Campaign, ...]:
    """Return the two campaigns of a day, which go to all customers at nine and at six."""
    midnight = _DAY_STARTS + timedelta(days=day)
    return tuple(
        Campaign(
            campaign=CAMPAIGN_ID + 10 * day + number,
            name="",
            customers=options.customers,
            first_customer=0,
            announced=None,
            parts=(
                Part(
                    channel=SCHEDULED_CHANNEL,
                    splits=(Split(share=Fraction(1), template=title, send_at=midnight + timedelta(hours=hour)),),
                ),
            ),
        )
        for number, (title, hour) in enumerate((("Morning", 9), ("Evening", 18)))
    )


def _steps_of(options: LoadOptions, day: int) -> tuple[Step, ...]:
    """Return the steps of a day. Orders come from eight to six, while the campaigns are read, sent and reported."""
    customers_of = CustomerSelection(share=Fraction(20, 100))
    evening = f"Good evening {{{{FIRST_NAME}}}}, this is day {day + 1}. Reply STOP to opt out."
    return (
        *(PlanCampaign(campaign=CAMPAIGN_ID + 10 * day + number) for number in range(2)),
        Advance(by=timedelta(hours=8)),
        CustomerEvents(event=ORDER_EVENT, selection=customers_of, spread=timedelta(hours=10)),
        Advance(by=timedelta(hours=4)),
        ChangeTemplate(provider=options.provider, title="Evening", body=evening),
        OptOut(by="preference", channel=SCHEDULED_CHANNEL, selection=CustomerSelection(share=Fraction(1, 100))),
        Advance(by=timedelta(hours=12)),
    )
