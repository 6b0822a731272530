"""Text output of `sendproof marketer`: campaigns as Optimove's screens show them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

# In the order of Optimove's metric numbers.
_METRICS = ("sent", "delivered", "opened", "clicked", "unsubscribed", "dropped", "spam report", "bounced")
_NUMERIC_COLUMNS = frozenset({"target group", "recipients", "customers", *_METRICS})
_WRAPPED_COLUMNS = frozenset({"name", "what", "is", "listener"})

Json = Mapping[str, Any]


def template(added: Json, console: Console) -> None:
    """Print a template of a provider."""
    for name in ("id", "title", "body"):
        console.print(f"{name:<6} {added[name]}", highlight=False, markup=False)


def preview(shown: Json, console: Console) -> None:
    """Print the preview of a template: the text, its translations, and the rest by name."""
    console.print(shown["text"], highlight=False, markup=False)
    for value, text in shown.get("translations", {}).items():
        console.print(f"{value:<9} {text}", highlight=False, markup=False)
    for name in ("sender", "number", "template"):
        if name in shown:
            console.print(f"{name:<9} {shown[name]}", highlight=False, markup=False)


def campaigns(listed: Sequence[Json], console: Console) -> None:
    """Print one line for each campaign, with a column for each metric that was reported."""
    if not listed:
        message = "There are no campaigns yet; schedule one with `sendproof marketer schedule`."
        console.print(message, highlight=False)
        return
    metrics = _metric_columns(name for campaign in listed for name in campaign["metrics"])
    table = _table("campaign", "name", "is", "channels", "target group", "recipients", *metrics)
    for campaign in listed:
        group = campaign["target_group"]
        table.add_row(
            str(campaign["campaign"]),
            campaign["name"],
            f"{campaign['kind']}, {_state_text(campaign['state'])}",
            ", ".join(map(str, campaign["channels"])),
            "" if group is None else f"{group['customers']:,}",
            f"{campaign['recipients']:,}",
            *(_number(campaign["metrics"].get(name)) for name in metrics),
        )
    console.print(table)


def report(campaign: Json, console: Console) -> None:
    """Print one campaign: its state, its executions, and everything that was reported."""
    for line in _head(campaign):
        console.print(line, highlight=False, markup=False)
    console.print()
    console.print(_executions(campaign["executions"]))
    for title, table in (("Metrics", _metrics(campaign["metrics"])), ("Also reported", _other_reports(campaign))):
        console.print(f"\n{title}", style="bold")
        console.print(table if table.row_count else "nothing yet", highlight=False)
    if campaign["notifications"]:
        console.print("\nWebhooks", style="bold")
        console.print(_webhooks(campaign["notifications"]))


def triggered(recorded: Json, console: Console) -> None:
    """Print the triggers that customer events fired."""
    fired = recorded["triggered"]
    console.print(f"events recorded {recorded['events']:,}, triggers fired {len(fired):,}", highlight=False)
    for trigger_ in fired:
        console.print(
            f"  {trigger_['trigger']}: customer {trigger_['customer']}, campaign {trigger_['campaign']}, "
            f"channel {trigger_['channel']}, template {trigger_['template']}",
            highlight=False,
            markup=False,
        )


def trigger(defined: Json, console: Console) -> None:
    """Print a trigger and its criteria."""
    template_ = defined["template"]
    lines = [
        f"campaign      {defined['campaign']}  {defined['trigger']}",
        f"channel       {defined['channel']}, template {template_['id']} {template_['name']}",
        *map(_criterion, defined["criteria"]),
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _head(campaign: Json) -> list[str]:
    group, clearance = campaign["target_group"], campaign["clearance"]
    lines = [
        f"campaign      {campaign['campaign']}  {campaign['name']}",
        f"is            {campaign['kind']}, {_state_text(campaign['state'])}",
    ]
    if group is not None:
        control = campaign["control_group"]
        rest = f", {control:,} of them in the control group" if control else ""
        lines.append(f"target group  {group['id']}, {group['customers']:,} customers{rest}")
    lines += [*map(_criterion, campaign["criteria"]), f"recipients    {campaign['recipients']:,}"]
    lines += [
        f"{name:13} {_time(campaign[key])}"
        for name, key in (("announced", "announced_at"), ("cancelled", "cancelled_at"))
        if campaign[key]
    ]
    if clearance is not None:
        state = "over" if clearance["closed"] else f"required by {_time(clearance['required_by'])}"
        lines.append(f"clearance     {state}, {clearance['cleared']:,} customers cleared")
    return lines


def _executions(executions: Sequence[Json]) -> Table:
    """Return a table with a row for each split, with its group if the campaign is an A/B test."""
    is_test = len({execution["group"] for execution in executions}) > 1
    table = _table(
        "channel", "provider", "template", "name", "scheduled time (UTC)", "recipients", *(["group"] if is_test else [])
    )
    for execution in executions:
        table.add_row(
            str(execution["channel"]),
            execution["provider"],
            str(execution["template"]),
            execution["title"] if execution["name"] is None else execution["name"],
            _time(execution["scheduled_time"]) or "at once",
            f"{execution['recipients']:,}",
            *([str(execution["group"])] if is_test else []),
        )
    return table


def _metrics(metrics: Sequence[Json]) -> Table:
    """Return a table with a row for each channel and template, and a column for each reported metric."""
    names = _metric_columns(metric["name"] for metric in metrics)
    values = {(metric["channel"], metric["template"], metric["name"]): metric["value"] for metric in metrics}
    table = _table("channel", "template", *names)
    for channel, template_ in dict.fromkeys((metric["channel"], metric["template"]) for metric in metrics):
        table.add_row(
            str(channel), str(template_), *(_number(values.get((channel, template_, name))) for name in names)
        )
    return table


def _other_reports(campaign: Json) -> Table:
    table = _table("by", "what", "customers")
    for report_ in campaign["interactions"]:
        place = f"channel {report_['channel']}, template {report_['template']}"
        table.add_row("interactions", f"{report_['name']} on {report_['date']}: {place}", _number(report_["customers"]))
    for report_ in campaign["engagement"]:
        table.add_row("signed events", report_["event"], _number(report_["events"]))
    for report_ in campaign["preferences"]:
        state = "opted out" if report_["opted_out"] else "opted in"
        what = f"mode {report_['mode']} ({state}) on channel {report_['channel']}"
        table.add_row("channel preference", what, _number(report_["customers"]))
    for report_ in campaign["attributes"]:
        table.add_row("attribute", f"{report_['name']} changed", _number(report_["customers"]))
    return table


def _webhooks(webhooks: Iterable[Json]) -> Table:
    table = _table("event", "listener", "attempts", "responses")
    for webhook in webhooks:
        responses = [attempt["error"] or str(attempt["status"]) for attempt in webhook["attempts"]]
        table.add_row(webhook["event"], webhook["url"], str(len(responses)), ", ".join(responses))
    return table


def _criterion(criterion: Json) -> str:
    where = "".join(f", {name} is {value!r}" for name, value in criterion["where"].items())
    within = "" if criterion["within_ms"] is None else f", within {criterion['within_ms'] // 1000} s"
    return f"when          {criterion['count']} x {criterion['event']}{where}{within}"


def _metric_columns(names: Iterable[str]) -> list[str]:
    """Return the metrics in Optimove's order, then those without a known name."""
    reported = set(names)
    return [name for name in _METRICS if name in reported] + sorted(reported - set(_METRICS))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in _NUMERIC_COLUMNS else "left",
            no_wrap=column not in _WRAPPED_COLUMNS,
        )
    return table


def _time(text: str | None) -> str:
    """Return an instant in the form of Optimove."""
    return "" if text is None else text[:19].replace("T", " ")


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _state_text(state: str) -> str:
    return state.replace("_", " ")
