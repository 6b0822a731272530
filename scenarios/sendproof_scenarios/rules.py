"""What a schema cannot say: how the parts of a scenario must fit together. One function a rule."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction

from sendproof_scenarios.document import Document
from sendproof_scenarios.mistakes import Mistake, Place, choices, expected, nearest
from sendproof_scenarios.model import Advance, Plan, Scenario, WaitFor
from sendproof_scenarios.values import iso

# What Optimove's simulator knows of a customer; a text can only be filled in with these.
ATTRIBUTES = (
    "EMAIL",
    "FIRST_NAME",
    "LAST_NAME",
    "PHONENUMBER",
    "CITY",
    "COUNTRY",
    "LANGUAGE",
    "SMS_OPT_IN",
    "BALANCE",
)

# What a number can decide about the messages to it: docs/numbers.md.
FATES = (
    "delivered after 3 s",
    "delivered after 1 h",
    "delivered after 71 h",
    "undelivered after 3 s",
    "undelivered after 1 h",
    "undelivered after 71 h",
    "expired after 72 h",
    "invalid after 3 s",
    "unknown after 72 h",
    "never",
    "delivered, told twice",
    "delivered, told out of order",
    "delivered, told before the reply",
    "undelivered, delivered after all",
    "opted out",
    "landline",
    "blocked",
    "queue full",
    "delivered, 1 click",
    *(f"delivered, {clicks} clicks" for clicks in range(2, 10)),
    "delivered, replies STOP",
    "delivered, clicked, replies STOP",
)

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

Rule = Callable[[Scenario, Document], Iterator[Mistake]]


def broken_rules(scenario: Scenario, document: Document) -> list[Mistake]:
    """Every mistake that any rule finds."""
    return [mistake for rule in RULES for mistake in rule(scenario, document)]


def _names_are_unique(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    named: list[tuple[Place, object]] = [
        *((("channels", i, "id"), channel.id) for i, channel in enumerate(scenario.channels)),
        *((("templates", i, "title"), (t.provider, t.title)) for i, t in enumerate(scenario.templates)),
        *((("campaigns", i, "campaign"), campaign.campaign) for i, campaign in enumerate(scenario.campaigns)),
        *((("steps", i, "plan"), step.campaign) for i, step in enumerate(scenario.steps) if isinstance(step, Plan)),
    ]
    first: dict[tuple[object, object], Place] = {}
    for place, name in named:
        earlier = first.setdefault((place[0], name), place)
        if earlier != place:
            word = name[1] if isinstance(name, tuple) else name
            yield document.mistake(
                place, f"{word} already stands on line {document.lines[earlier]}; keep one of the two"
            )


def _providers_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    known = sorted({channel.provider for channel in scenario.channels})
    for index, template in enumerate(scenario.templates):
        if template.provider not in known:
            message = f'no channel has the provider "{template.provider}"; {choices(template.provider, known)}'
            yield document.mistake(("templates", index, "provider"), message)


def _placeholders_are_attributes(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    for index, template in enumerate(scenario.templates):
        for name in _PLACEHOLDER.findall(template.body):
            if name not in ATTRIBUTES:
                message = f'customers have no attribute "{name}"; {choices(name, ATTRIBUTES)}'
                yield document.mistake(("templates", index, "body"), message)


def _fates_are_known(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    fates = scenario.audience.fates
    for name in fates:
        if name not in FATES:
            hint = nearest(name, FATES)
            said = f'did you mean "{hint}"?' if hint else "docs/numbers.md lists them"
            yield document.mistake(("audience", "fates", name), f"no number decides this; {said}")
    total = sum(fates.values(), Fraction(0))
    if total > 1:
        yield document.mistake(
            ("audience", "fates"), f"expected shares that make 100% at most, got {float(total * 100):g}%"
        )


def _campaigns_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    known = [channel.id for channel in scenario.channels]
    for index, campaign in enumerate(scenario.campaigns):
        if campaign.channel not in known:
            message = f"there is no channel {campaign.channel}; {choices(str(campaign.channel), known)}"
            yield document.mistake(("campaigns", index, "channel"), message)


def _campaigns_fit_the_audience(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    there = scenario.audience.customers
    for index, campaign in enumerate(scenario.campaigns):
        needed = campaign.first_customer + campaign.customers
        if needed > there:
            what = f"at most {max(0, there - campaign.first_customer)}, as the audience has {there} customers"
            if campaign.first_customer:
                what += f" and this campaign begins at {campaign.first_customer}"
            yield document.mistake(("campaigns", index, "customers"), expected(what, campaign.customers))


def _splits_make_the_whole(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    for index, campaign in enumerate(scenario.campaigns):
        total = sum((split.share for split in campaign.splits), Fraction(0))
        if total != 1:
            message = f"expected shares that make 100%, got {float(total * 100):g}%"
            yield document.mistake(("campaigns", index, "splits"), message)


def _splits_have_a_template(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    providers = {channel.id: channel.provider for channel in scenario.channels}
    for index, campaign in enumerate(scenario.campaigns):
        provider = providers.get(campaign.channel)
        known = [template.title for template in scenario.templates if template.provider == provider]
        for number, split in enumerate(campaign.splits):
            if provider is not None and split.template not in known:
                message = f'{provider} has no template "{split.template}"; {choices(split.template, known)}'
                yield document.mistake(("campaigns", index, "splits", number, "template"), message)


def _times_follow_each_other(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    for index, campaign in enumerate(scenario.campaigns):
        if campaign.announced < scenario.starts:
            what = f"a time not before the scenario starts ({iso(scenario.starts)})"
            yield document.mistake(("campaigns", index, "announced"), expected(what, iso(campaign.announced)))
        for number, split in enumerate(campaign.splits):
            if split.send_at < campaign.announced:
                what = f"a time not before the campaign is announced ({iso(campaign.announced)})"
                place = ("campaigns", index, "splits", number, "send_at")
                yield document.mistake(place, expected(what, iso(split.send_at)))


def _plans_come_in_time(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    announced = {campaign.campaign: campaign.announced for campaign in scenario.campaigns}
    passed = timedelta()
    for index, step in enumerate(scenario.steps):
        if isinstance(step, Advance):
            passed += step.by
        elif isinstance(step, Plan) and step.campaign in announced:
            now = scenario.starts + passed
            if scenario.starts <= announced[step.campaign] < now:
                message = (
                    f"campaign {step.campaign} is announced at {iso(announced[step.campaign])},"
                    f" but by this step it is {iso(now)}; plan it earlier"
                )
                yield document.mistake(("steps", index, "plan"), message)


def _steps_and_campaigns_meet(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    known = [campaign.campaign for campaign in scenario.campaigns]
    planned = {step.campaign for step in scenario.steps if isinstance(step, Plan)}
    for index, step in enumerate(scenario.steps):
        if isinstance(step, Plan) and step.campaign not in known:
            message = f"there is no campaign {step.campaign}; {choices(str(step.campaign), known)}"
            yield document.mistake(("steps", index, "plan"), message)
    for index, campaign in enumerate(known):
        if campaign not in planned:
            message = f"no step plans this campaign; add `- plan: {campaign}` to the steps"
            yield document.mistake(("campaigns", index, "campaign"), message)


def _the_bridge_is_waited_for(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    if not isinstance(scenario.steps[0], WaitFor):
        message = "expected a wait_for first, such as {wait_for: {listeners: 1}}: the bridge needs a moment to start"
        yield document.mistake(("steps", 0), message)


def _waits_can_end(scenario: Scenario, document: Document) -> Iterator[Mistake]:
    providers = [channel.provider for channel in scenario.channels]
    there = sum(providers.count(template.provider) for template in scenario.templates)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, WaitFor) and step.templates > there:
            what = f"at most {there}, as many as the channels can have"
            yield document.mistake(("steps", index, "wait_for", "templates"), expected(what, step.templates))


RULES: tuple[Rule, ...] = (
    _names_are_unique,
    _providers_have_a_channel,
    _placeholders_are_attributes,
    _fates_are_known,
    _campaigns_have_a_channel,
    _campaigns_fit_the_audience,
    _splits_make_the_whole,
    _splits_have_a_template,
    _times_follow_each_other,
    _plans_come_in_time,
    _steps_and_campaigns_meet,
    _the_bridge_is_waited_for,
    _waits_can_end,
)
