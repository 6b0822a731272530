"""Text output of `sendproof marketer`: campaigns as Optimove's screens show them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_lines, print_table, time_text

# In the order of Optimove's metric numbers.
_METRICS = ("sent", "delivered", "opened", "clicked", "unsubscribed", "dropped", "spam report", "bounced")

Json = Mapping[str, Any]
Rows = Sequence[Sequence[str]]


def template(added: Json, console: Console) -> None:
    """Print a template of a provider."""
    print_facts(console, [(name, str(added[name])) for name in ("id", "title", "body")])


def preview(shown: Json, console: Console) -> None:
    """Print the preview of a template: the text, its translations, and the rest by name."""
    print_lines(console, [shown["text"]])
    rest = {name: str(shown[name]) for name in ("sender", "number", "template") if name in shown}
    print_facts(console, [*shown.get("translations", {}).items(), *rest.items()])


def campaigns(listed: Sequence[Json], console: Console) -> None:
    """Print one line for each campaign, with a column for each metric that was reported."""
    if not listed:
        print_lines(console, ["There are no campaigns yet; schedule one with `sendproof marketer schedule`."])
        return
    metrics = _metric_columns(name for campaign in listed for name in campaign["metrics"])
    rows = [
        (
            str(campaign["campaign"]),
            campaign["name"],
            _state_text(campaign["state"]),
            ", ".join(map(str, campaign["channels"])),
            f"{campaign['recipients']:,}",
            *(_number(campaign["metrics"].get(name)) for name in metrics),
        )
        for campaign in listed
    ]
    print_table(console, ("campaign", "name", "state", "channels", "recipients", *metrics), rows)


def report(campaign: Json, console: Console) -> None:
    """Print one campaign: its state, its executions, and everything that was reported."""
    print_facts(console, _head(campaign))
    print_heading(console, "Executions")
    print_table(console, *_executions(campaign["executions"]), text="name")
    print_heading(console, "Metrics")
    _print_table_if_any(console, *_metrics(campaign["metrics"]))
    print_heading(console, "Also reported")
    _print_table_if_any(console, ("by", "customers"), list(_other_reports(campaign)), text="what")
    if campaign["notifications"]:
        print_heading(console, "Webhooks")
        print_table(console, ("event", "attempts", "listener"), _webhooks(campaign["notifications"]), text="responses")


def triggered(recorded: Json, console: Console) -> None:
    """Print the triggers that customer events fired."""
    fired = [
        f"  {trigger_['trigger']}: customer {trigger_['customer']}, campaign {trigger_['campaign']}, "
        f"channel {trigger_['channel']}, template {trigger_['template']}"
        for trigger_ in recorded["triggered"]
    ]
    print_lines(console, [f"events recorded {recorded['events']:,}, triggers fired {len(fired):,}", *fired])


def trigger(defined: Json, console: Console) -> None:
    """Print a trigger and its criteria."""
    template_ = defined["template"]
    facts = [
        ("campaign", f"{defined['campaign']}  {defined['trigger']}"),
        ("channel", f"{defined['channel']}, template {template_['id']} {template_['name']}"),
        *map(_criterion, defined["criteria"]),
    ]
    print_facts(console, facts)


def _print_table_if_any(console: Console, columns: Sequence[str], rows: Rows, *, text: str | None = None) -> None:
    if rows:
        print_table(console, columns, rows, text=text)
    else:
        print_lines(console, ["nothing yet"])


def _head(campaign: Json) -> Iterator[tuple[str, str]]:
    group, clearance = campaign["target_group"], campaign["clearance"]
    yield "campaign", f"{campaign['campaign']}  {campaign['name']}"
    yield "is", f"{campaign['kind']}, {_state_text(campaign['state'])}"
    if group is not None:
        control = campaign["control_group"]
        rest = f", {control:,} of them in the control group" if control else ""
        yield "target group", f"{group['id']}, {group['customers']:,} customers{rest}"
    yield from map(_criterion, campaign["criteria"])
    yield "recipients", f"{campaign['recipients']:,}"
    yield "announced", time_text(campaign["announced_at"])
    yield "cancelled", time_text(campaign["cancelled_at"])
    if clearance is not None:
        state = "over" if clearance["closed"] else f"required by {time_text(clearance['required_by'])}"
        yield "clearance", f"{state}, {clearance['cleared']:,} customers cleared"


def _executions(executions: Sequence[Json]) -> tuple[Sequence[str], Rows]:
    """Return columns, and a row for each split: its group if the campaign is an A/B test, and the template's name."""
    is_test = len({execution["group"] for execution in executions}) > 1
    columns = ("channel", "provider", "template", "scheduled time", "recipients")
    rows = [
        (
            str(execution["channel"]),
            execution["provider"],
            str(execution["template"]),
            time_text(execution["scheduled_time"]) or "at once",
            f"{execution['recipients']:,}",
            *([str(execution["group"])] if is_test else []),
            execution["title"] if execution["name"] is None else execution["name"],
        )
        for execution in executions
    ]
    return (*columns, *(["group"] if is_test else [])), rows


def _metrics(metrics: Sequence[Json]) -> tuple[Sequence[str], Rows]:
    """Return columns, one for each reported metric, and a row for each channel and template."""
    names = _metric_columns(metric["name"] for metric in metrics)
    values = {(metric["channel"], metric["template"], metric["name"]): metric["value"] for metric in metrics}
    places = dict.fromkeys((metric["channel"], metric["template"]) for metric in metrics)
    rows = [
        (str(channel), str(template_), *(_number(values.get((channel, template_, name))) for name in names))
        for channel, template_ in places
    ]
    return ("channel", "template", *names), rows


def _other_reports(campaign: Json) -> Iterator[tuple[str, str, str]]:
    for report_ in campaign["interactions"]:
        place = f"channel {report_['channel']}, template {report_['template']}"
        yield "interactions", _number(report_["customers"]), f"{report_['name']} on {report_['date']}: {place}"
    for report_ in campaign["engagement"]:
        yield "signed events", _number(report_["events"]), report_["event"]
    for report_ in campaign["preferences"]:
        state = "opted out" if report_["opted_out"] else "opted in"
        what = f"mode {report_['mode']} ({state}) on channel {report_['channel']}"
        yield "channel preference", _number(report_["customers"]), what
    for report_ in campaign["attributes"]:
        yield "attribute", _number(report_["customers"]), f"{report_['name']} changed"


def _webhooks(webhooks: Iterable[Json]) -> Rows:
    return [
        (
            webhook["event"],
            str(len(webhook["attempts"])),
            webhook["url"],
            ", ".join(attempt["error"] or str(attempt["status"]) for attempt in webhook["attempts"]),
        )
        for webhook in webhooks
    ]


def _criterion(criterion: Json) -> tuple[str, str]:
    where = "".join(f", {name} is {value!r}" for name, value in criterion["where"].items())
    within = "" if criterion["within_ms"] is None else f", within {criterion['within_ms'] // 1000} s"
    return "when", f"{criterion['count']} x {criterion['event']}{where}{within}"


def _metric_columns(names: Iterable[str]) -> list[str]:
    """Return the metrics in Optimove's order, then those without a known name."""
    reported = set(names)
    return [name for name in _METRICS if name in reported] + sorted(reported - set(_METRICS))


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _state_text(state: str) -> str:
    return state.replace("_", " ")
