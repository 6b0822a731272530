"""A draft from a few options: one campaign, one trigger, or both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sendproof_harness.session.draft.draft import Draft, DraftStep

SCHEDULED, TRIGGERED = "scheduled", "triggered"
_STARTS = datetime(2026, 3, 2, 6, tzinfo=UTC)
_ANNOUNCED, _SENT, _EVENTS = timedelta(minutes=30), timedelta(hours=3), timedelta(hours=4)
# Optimove wants reports for seven days after a message.
_REPORTS = timedelta(days=8)
_CHANNELS = {SCHEDULED: 505, TRIGGERED: 250}
_TEMPLATES = {
    SCHEDULED: ("Spring welcome", "Hello {{FIRST_NAME}}, spring is here. Reply STOP to opt out."),
    TRIGGERED: ("Your basket", "{{FIRST_NAME}}, your basket waits in {{CITY}}. Reply STOP to opt out."),
}
_TRIGGER, _EVENT = "Basket left", "basket"
# Shares alone may leave a small audience without a customer who opted out, and then that rule is not tested.
_INDIVIDUALS = ({"customer": 0, "protection": "provider_list"}, {"customer": 1, "protection": "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """What a user chooses. `templates` are (title, text) of the first flow; without any, there is one for each flow."""

    name: str
    flows: Sequence[str]
    providers: Sequence[str]
    customers: int
    templates: Sequence[tuple[str, str]]
    seed: int
    days: int | None = None


def draft_from_options(options: DraftOptions) -> Draft:
    """Return the draft."""
    carrier = options.providers[0] if len(options.providers) == 1 else "any"
    texts = {flow: [_TEMPLATES[flow]] for flow in options.flows}
    if options.templates:
        texts[options.flows[0]] = list(options.templates)
    templates = [(flow, title, body) for flow in options.flows for title, body in texts[flow]]
    steps = [_ready(len(options.flows)), *_steps(options)]
    length = _REPORTS if options.days is None else timedelta(days=options.days)
    return Draft(
        name=options.name,
        about="Say here which mistake of a bridge this scenario shows.",
        seed=options.seed,
        starts=_STARTS,
        providers=options.providers if carrier == "any" else (),
        audience=_audience(options.customers),
        channels=[_channel(flow, carrier) for flow in options.flows],
        templates=[{"provider": carrier, "title": title, "body": body} for _, title, body in templates],
        campaigns=[_campaign(texts[SCHEDULED])] if SCHEDULED in options.flows else [],
        triggers=[_trigger(texts[TRIGGERED][0][0])] if TRIGGERED in options.flows else [],
        steps=steps,
        until=_STARTS + length,
    )


def _audience(customers: int) -> dict[str, Any]:
    audience = {"customers": customers, "opted_out": "4%", "unusable_numbers": "2%"}
    return audience | ({"individuals": list(_INDIVIDUALS)} if customers >= len(_INDIVIDUALS) else {})


def _channel(flow: str, carrier: str) -> dict[str, Any]:
    return {"id": _CHANNELS[flow], "provider": carrier, **({"kind": TRIGGERED} if flow == TRIGGERED else {})}


def _campaign(templates: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "campaign": 7001,
        "channel": _CHANNELS[SCHEDULED],
        "announced": _STARTS + _ANNOUNCED,
        "splits": [
            {"share": share, "template": title, "send_at": _STARTS + _SENT}
            for share, (title, _) in zip(equal_shares(len(templates)), templates, strict=True)
        ],
    }


def _trigger(title: str) -> dict[str, Any]:
    return {
        "trigger": _TRIGGER,
        "campaign": 8001,
        "channel": _CHANNELS[TRIGGERED],
        "template": title,
        "criteria": [{"event": _EVENT}],
    }


def _ready(listeners: int) -> DraftStep:
    wait = {"listeners": listeners, "synchronised": True}
    return DraftStep(at=_STARTS, key="wait_for", value=wait, comment="the bridge is ready")


def _steps(options: DraftOptions) -> list[DraftStep]:
    steps = []
    if SCHEDULED in options.flows:
        steps.append(DraftStep(at=_STARTS, key="plan", value=7001))
    if TRIGGERED in options.flows:
        events = {
            "event": _EVENT,
            "customers": min(options.customers, max(2, options.customers // 4)),
            "spread": "1 hour",
        }
        steps.append(DraftStep(at=_STARTS, key="trigger", value=_TRIGGER))
        steps.append(DraftStep(at=_STARTS + _EVENTS, key="events", value=events))
    return steps


def equal_shares(count: int) -> list[str]:
    """Return equal shares that add up to 100%."""
    share = round(100 / count, 2)
    return [f"{share:g}%"] * (count - 1) + [f"{round(100 - share * (count - 1), 2):g}%"]
