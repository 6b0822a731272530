"""What the commands print for a person: campaigns as Optimove's screens show them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

# The order of Optimove's numbers for them.
_METRICS = ("sent", "delivered", "opened", "clicked", "unsubscribed", "dropped", "spam report", "bounced")

_FIGURES = frozenset({"target group", "recipients", "customers", *_METRICS})

Json = Mapping[str, Any]


def template(added: Json, console: Console) -> None:
    """A template as its provider holds it."""
    for name in ("id", "title", "body"):
        console.print(f"{name:<6} {added[name]}", highlight=False, markup=False)


def campaigns(listed: Sequence[Json], console: Console) -> None:
    """Every campaign in a line, with those metrics of which any came back."""
    if not listed:
        console.print("There are no campaigns yet; schedule one with `sendproof marketer schedule`.", highlight=False)
        return
    names = _columns(name for one in listed for name in one["metrics"])
    table = _table("campaign", "name", "is", "channels", "target group", "recipients", *names)
    for one in listed:
        group = one["target_group"]
        table.add_row(
            str(one["campaign"]),
            one["name"],
            f"{one['kind']}, {_word(one['state'])}",
            ", ".join(map(str, one["channels"])),
            "" if group is None else f"{group['customers']:,}",
            f"{one['recipients']:,}",
            *(_figure(one["metrics"].get(name)) for name in names),
        )
    console.print(table)


def report(told: Json, console: Console) -> None:
    """One campaign: what it is, who gets what, and what came back."""
    for line in _head(told):
        console.print(line, highlight=False, markup=False)
    console.print()
    console.print(_executions(told["executions"]))
    for title, table in (("Metrics", _metrics(told["metrics"])), ("Also told", _said(told))):
        console.print(f"\n{title}", style="bold")
        console.print(table if table.row_count else "nothing yet", highlight=False)
    if told["notifications"]:
        console.print("\nNotifications", style="bold")
        console.print(_notifications(told["notifications"]))


def _head(told: Json) -> list[str]:
    group, clearance = told["target_group"], told["clearance"]
    lines = [
        f"campaign      {told['campaign']}  {told['name']}",
        f"is            {told['kind']}, {_word(told['state'])}",
    ]
    if group is not None:
        lines.append(f"target group  {group['id']}, {group['customers']:,} customers")
    lines += [*map(_when, told["criteria"]), f"recipients    {told['recipients']:,}"]
    lines += [
        f"{name:13} {_time(told[key])}"
        for name, key in (("announced", "announced_at"), ("cancelled", "cancelled_at"))
        if told[key]
    ]
    if clearance is not None:
        state = "over" if clearance["closed"] else f"required by {_time(clearance['required_by'])}"
        lines.append(f"clearance     {state}, {clearance['cleared']:,} customers cleared")
    return lines


def _executions(executions: Iterable[Json]) -> Table:
    table = _table("channel", "provider", "template", "name", "scheduled time (UTC)", "recipients")
    for one in executions:
        table.add_row(
            str(one["channel"]),
            one["provider"],
            str(one["template"]),
            one["title"] if one["name"] is None else one["name"],
            _time(one["scheduled_time"]) or "at once",
            f"{one['recipients']:,}",
        )
    return table


def _metrics(metrics: Sequence[Json]) -> Table:
    """A line for each channel and template, a column for each metric that came."""
    names = _columns(one["name"] for one in metrics)
    table = _table("channel", "template", *names)
    for channel, template in dict.fromkeys((one["channel"], one["template"]) for one in metrics):
        values = {o["name"]: o["value"] for o in metrics if (o["channel"], o["template"]) == (channel, template)}
        table.add_row(str(channel), str(template), *(_figure(values.get(name)) for name in names))
    return table


def _said(told: Json) -> Table:
    table = _table("by", "what", "customers")
    for one in told["interactions"]:
        what = f"{one['name']} on {one['date']}: channel {one['channel']}, template {one['template']}"
        table.add_row("interactions", what, _figure(one["customers"]))
    for one in told["engagement"]:
        table.add_row("signed events", one["event"], _figure(one["events"]))
    for one in told["preferences"]:
        what = f"mode {one['mode']} ({'opted out' if one['opted_out'] else 'opted in'}) on channel {one['channel']}"
        table.add_row("channel preference", what, _figure(one["customers"]))
    for one in told["attributes"]:
        table.add_row("attribute", f"{one['name']} changed", _figure(one["customers"]))
    return table


def _notifications(listed: Iterable[Json]) -> Table:
    table = _table("event", "listener", "attempts", "answered")
    for one in listed:
        answers = [attempt["error"] or str(attempt["status"]) for attempt in one["attempts"]]
        table.add_row(one["event"], one["url"], str(len(answers)), ", ".join(answers))
    return table


def triggered(done: Json, console: Console) -> None:
    """What customers' events led to."""
    console.print(f"events reported {done['events']:,}, triggers fired {len(done['triggered']):,}", highlight=False)
    for one in done["triggered"]:
        console.print(
            f"  {one['trigger']}: customer {one['customer']}, campaign {one['campaign']}, channel {one['channel']}, "
            f"template {one['template']}",
            highlight=False,
            markup=False,
        )


def trigger(made: Json, console: Console) -> None:
    """A trigger that is looked out for."""
    console.print(f"campaign      {made['campaign']}  {made['trigger']}", highlight=False, markup=False)
    template = made["template"]
    console.print(
        f"channel       {made['channel']}, template {template['id']} {template['name']}", highlight=False, markup=False
    )
    for line in map(_when, made["criteria"]):
        console.print(line, highlight=False, markup=False)


def _when(one: Json) -> str:
    where = "".join(f", {name} is {value!r}" for name, value in one["where"].items())
    within = "" if one["within_ms"] is None else f", within {one['within_ms'] // 1000} s"
    return f"when          {one['count']} x {one['event']}{where}{within}"


def _columns(names: Iterable[str]) -> list[str]:
    """Metrics in Optimove's order, then those that nobody has a name for."""
    came = set(names)
    return [name for name in _METRICS if name in came] + sorted(came - set(_METRICS))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        wraps = column in {"name", "what", "is", "listener"}
        table.add_column(column, justify="right" if column in _FIGURES else "left", no_wrap=not wraps)
    return table


def _time(text: str | None) -> str:
    """An instant as Optimove writes it."""
    return "" if text is None else text[:19].replace("T", " ")


def _figure(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _word(state: str) -> str:
    return state.replace("_", " ")
