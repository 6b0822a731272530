"""A draft from a history: of a recorded run, or of a sandbox that a user drove by hand.

The actions of the user become parts and steps of the scenario. What a scenario has no step for becomes a comment, so
that nothing is lost without a word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sendproof_harness.history.header import Header
from sendproof_harness.history.records import Action, Cancelled, CustomerEvent, History, ProviderTemplate
from sendproof_harness.providers import provider
from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.fault_kinds import DURATION_KEYS, KINDS
from sendproof_harness.scenario.values import duration_text
from sendproof_harness.session.draft.draft import Draft, DraftStep
from sendproof_harness.session.draft.recorded_values import (
    Criterion,
    Split,
    campaign_of,
    check_header,
    templates_of,
    trigger_of,
)

# A bridge needs some time before the first campaign, to register and to list its templates.
_SET_UP = timedelta(minutes=30)
# Optimove wants reports for seven days after a message.
_REPORTS = timedelta(days=8)
_SHARES = ("opted_out", "unusable_numbers")
_SHARE_MAPS = ("outcomes", "spellings")
_WISHES = ("consent", "reports", "reports_a_day", "opt_outs")
_SECOND = 1_000
# What a fault has in a history and not in a scenario file.
_NOT_OF_A_FAULT = frozenset({"id", "secret", "other_secret"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A history, its header as plain JSON, and the name of the run or sandbox."""

    history: History
    header: Mapping[str, Any]
    name: str


def draft_from_history(recorded: Recorded) -> Draft:
    """Return the draft; `ValueError` if the history has nothing to repeat, `HistoryError` if a part is not valid."""
    history, header = recorded.history, recorded.history.header
    check_header(recorded.header)
    campaigns = [_campaign(action) for action in _actions(history, "scheduleCampaign")]
    triggers = [_trigger(action) for action in _actions(history, "addTrigger")]
    if not campaigns and not triggers:
        raise ValueError(
            f"expected a campaign or a trigger in {recorded.name}, got none; schedule one, or use the options of `new`"
        )
    starts = _starts(header, campaigns)
    steps = sorted(_steps(history, starts), key=lambda step: step.at)
    audience = _audience(header.audience)
    scenario = next(iter(history.scenarios), None)
    wishes = {name: value for name in _WISHES if scenario and (value := getattr(scenario, name)) is not None}
    if header.audience.get("consent") == "attribute":
        wishes["consent"] = "attribute"
    if any(provider(channel.provider).needs_account_webhooks for channel in header.channels):
        wishes["account_webhooks"] = True
    return Draft(
        name=scenario.name if scenario is not None else f"As in {recorded.name}",
        about=f"Drafted from {recorded.name}: say here which mistake of a bridge this scenario shows.",
        seed=header.seed,
        starts=starts,
        providers=(),
        audience=audience,
        channels=[_channel(channel) for channel in recorded.header["channels"]],
        templates=_templates(history),
        campaigns=campaigns,
        triggers=triggers,
        steps=[_ready(starts, header, campaigns, triggers), *steps],
        until=_until(history, campaigns, steps),
        bridge=wishes,
        dialects=header.dialects,
        faults=[_fault(fault) for fault in recorded.header.get("faults", ())],
    )


def _actions(history: History, operation: str) -> list[Action]:
    return [action for action in history.actions if action.operation == operation]


def _time(instant: int) -> datetime:
    """Return an instant in whole seconds: services write their times so."""
    return datetime.fromtimestamp(instant // 1000, UTC)


def _share(value: float) -> str:
    return f"{value * 100:.6g}%"


# -- parts -----------------------------------------------------------------------------------------------


def _starts(header: Header, campaigns: Sequence[Mapping[str, Any]]) -> datetime:
    """Return a start that leaves a bridge time to get ready before the first announcement."""
    begin = _time(header.clock.start or header.ended)
    announced: list[datetime] = [campaign["announced"] for campaign in campaigns if "announced" in campaign]
    return min([begin, *(at - _SET_UP for at in announced)])


def _audience(recipe: Mapping[str, Any]) -> dict[str, Any]:
    audience = {name: value for name, value in recipe.items() if name != "consent"}
    for name in _SHARES:
        if name in audience:
            audience[name] = _share(audience[name])
    for name in _SHARE_MAPS:
        if name in audience:
            audience[name] = {key: _share(value) for key, value in audience[name].items()}
    for attribute in audience.get("attributes", ()):
        if "values" in attribute:
            attribute["values"] = {key: _share(value) for key, value in attribute["values"].items()}
    return audience


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in channel.items() if (name, value) != ("kind", "scheduled")}


def _templates(history: History) -> list[dict[str, Any]]:
    return [
        {"provider": action.service, "title": template["title"], "body": template["body"]}
        for action in _actions(history, "addTemplates")
        for template in templates_of(action)
    ]


def _campaign(action: Action) -> dict[str, Any]:
    body = campaign_of(action)
    campaign: dict[str, Any] = {"campaign": body["campaign"]}
    if "channels" in body:
        campaign["channels"] = [
            {"channel": part["channel"], "splits": _splits(part["splits"])} for part in body["channels"]
        ]
    else:
        campaign["channel"] = body["channel"]
    campaign |= {name: body[name] for name in ("name", "first_customer", "day") if body.get(name)}
    campaign["customers"] = body["customers"]
    if campaign.get("name") == f"Campaign {body['campaign']}":
        del campaign["name"]
    if "day" not in body:
        campaign["announced"] = _time(body.get("announce_at", action.at))
    if "conditional" in body:
        campaign["clearance_by"] = _time(body["conditional"]["clearance_by"])
    if "cancel_at" in body:
        campaign["cancel_at"] = _time(body["cancel_at"])
    if body.get("control_group"):
        campaign["control_group"] = _share(body["control_group"])
    return campaign if "channels" in body else {**campaign, "splits": _splits(body["splits"])}


def _splits(splits: Sequence[Split]) -> list[dict[str, Any]]:
    total = sum(split["share"] for split in splits)
    shares = [round(split["share"] / total * 100, 4) for split in splits]
    # They must add up to 100%.
    shares[-1] = round(100 - sum(shares[:-1]), 4)
    return [
        {
            "share": f"{share:.8g}%",
            "template": split["template"],
            "send_at": _time(split["send_at"]),
            **({"group": split["group"]} if split.get("group", 1) != 1 else {}),
        }
        for share, split in zip(shares, splits, strict=True)
    ]


def _trigger(action: Action) -> dict[str, Any]:
    body = trigger_of(action)
    trigger: dict[str, Any] = {name: body[name] for name in ("trigger", "campaign", "channel", "template")}
    trigger["criteria"] = [_criterion(condition) for condition in body["criteria"]]
    if body.get("exclude"):
        trigger["exclude"] = body["exclude"]
    return {**trigger, **({"repeat": True} if body.get("repeat") else {})}


def _criterion(condition: Criterion) -> dict[str, Any]:
    criterion: dict[str, Any] = {"event": condition["event"]}
    if condition.get("count", 1) > 1:
        criterion["count"] = condition["count"]
    if condition.get("where"):
        criterion["where"] = condition["where"]
    if "within_ms" in condition:
        criterion["within"] = duration_text(timedelta(milliseconds=condition["within_ms"]))
    return criterion


def _fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault of a header, which has every setting in the form of the control API, without the defaults."""
    usual = {"where": {}, "nth": 1, "times": 1, "when": KINDS[fault["fault"]].when[0]}
    return {
        name: duration_text(timedelta(milliseconds=value)) if name in DURATION_KEYS else value
        for name, value in fault.items()
        if name not in _NOT_OF_A_FAULT
        and value is not None
        and (name not in usual or value != usual[name])
        and (name not in DURATION_KEYS or value)
    }


# -- steps -----------------------------------------------------------------------------------------------


def _ready(
    starts: datetime, header: Header, campaigns: Sequence[Mapping[str, Any]], triggers: Sequence[Mapping[str, Any]]
) -> DraftStep:
    kinds = {"scheduled": bool(campaigns), "triggered": bool(triggers)}
    listeners = sum(kinds.get(channel.kind, False) for channel in header.channels)
    wait = {"listeners": max(1, listeners), "synchronised": True}
    return DraftStep(at=starts, key="wait_for", value=wait, comment="the bridge is ready")


def _steps(history: History, starts: datetime) -> Iterator[DraftStep]:
    for action in _actions(history, "scheduleCampaign"):
        # As early as possible: only the announcement has effects.
        yield DraftStep(at=starts, key="plan", value=action.body["campaign"])
    for action in _actions(history, "addTrigger"):
        yield DraftStep(at=max(starts, _time(action.at)), key="trigger", value=action.body["trigger"])
    yield from map(_cancel, _cancelled_by_hand(history))
    yield from _events(history)
    yield from map(_template_change, _later_changes(history.provider_templates))
    yield from (_without_step(key.at, f"{key.service} key {key.name!r} was {key.action}") for key in _keys(history))
    yield from (
        _without_step(change.at, f"a batch file or the API changed {len(change.changes)} attributes")
        for change in history.attributes
        if change.source == "batch_file"
    )


def _cancelled_by_hand(history: History) -> Iterable[Cancelled]:
    """Return the cancellations without those at the `cancel_at` of their campaign."""
    scheduled = [campaign_of(action) for action in _actions(history, "scheduleCampaign")]
    automatic = {(body["campaign"], _time(body["cancel_at"])) for body in scheduled if "cancel_at" in body}
    return (
        cancelled for cancelled in history.cancellations if (cancelled.campaign, _time(cancelled.at)) not in automatic
    )


def _cancel(cancelled: Cancelled) -> DraftStep:
    return DraftStep(at=_time(cancelled.at), key="cancel", value=cancelled.campaign)


def _keys(history: History) -> Iterable[Any]:
    return (key for key in history.keys if key.action != "created")


def _later_changes(changes: Iterable[ProviderTemplate]) -> Iterable[ProviderTemplate]:
    return (change for change in changes if change.action != "created")


def _template_change(change: ProviderTemplate) -> DraftStep:
    return _without_step(change.at, f"template {change.id} of {change.service} was {change.action}")


def _without_step(at: int, what: str) -> DraftStep:
    text = f"{_time(at):%Y-%m-%d %H:%M:%S}: {what}; add a step for it, see: sendproof docs reference/scenario-file"
    return DraftStep(at=_time(at), key=None, comment=text)


def _events(history: History) -> Iterator[DraftStep]:
    """Yield the events: one step for consecutive customers with the same event, at once or evenly spread."""
    individuals = history.header.audience.get("individuals", ())
    ids = CustomerIds({individual["customer"]: individual["id"] for individual in individuals if "id" in individual})
    run: list[CustomerEvent] = []
    for event in history.customer_events:
        if run and not _continues(run, event, ids):
            yield _events_step(run, ids)
            run = []
        run.append(event)
    if run:
        yield _events_step(run, ids)


def _continues(run: Sequence[CustomerEvent], event: CustomerEvent, ids: CustomerIds) -> bool:
    last = run[-1]
    is_same = (last.event, last.visitor, last.parameters) == (event.event, event.visitor, event.parameters)
    if not is_same:
        return False
    if not event.visitor:
        position, before = ids.position(event.customer), ids.position(last.customer)
        if position is None or before is None or position != before + 1:
            return False
    # In whole milliseconds, equal parts of a time differ by one.
    return run[1:] == [] or abs((event.at - last.at) - (run[1].at - run[0].at)) <= 1


def _events_step(run: Sequence[CustomerEvent], ids: CustomerIds) -> DraftStep:
    first, length = run[0], run[-1].at - run[0].at
    position = ids.position(first.customer)
    if not first.visitor and position is None:
        return _without_step(first.at, f"{first.customer}, who is not in the audience, had the event {first.event}")
    value: dict[str, Any] = {"event": first.event, ("visitors" if first.visitor else "customers"): len(run)}
    if not first.visitor and position:
        value["first_customer"] = position
    if first.parameters:
        value["parameters"] = first.parameters
    if length >= _SECOND:
        # The first of n customers comes at once, and the last one a part of n before the end.
        value["spread"] = duration_text(timedelta(seconds=round(length / (len(run) - 1) * len(run) / _SECOND)))
    return DraftStep(at=_time(first.at), key="events", value=value)


def _until(history: History, campaigns: Sequence[Mapping[str, Any]], steps: Sequence[DraftStep]) -> datetime:
    """Return the end: after the last report that is due, or when the history ended, if that is later."""
    sent: list[datetime] = [split["send_at"] for campaign in campaigns for split in _all_splits(campaign)]
    last = max([*sent, *(step.at for step in steps)])
    return max(last + _REPORTS, _time(history.header.ended))


def _all_splits(campaign: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    parts: Sequence[Mapping[str, Any]] = campaign.get("channels", [campaign])
    return (split for part in parts for split in part["splits"])
