"""The commands `sendproof fault ...`: faults of a running sandbox."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from sendproof_harness.cli.drive.groups import listing_group
from sendproof_harness.cli.drive.opened import open_sandbox, print_result
from sendproof_harness.cli.drive.tables import print_lines, print_table
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName
from sendproof_harness.cli.parsing import length, parameters

Json = Mapping[str, Any]

_VIRTUAL_TIME = "virtual milliseconds"
_ALL = "all"
_POSITION = ("id", "fault", "call", "webhook", "where", "nth", "times", "when", "injected")

group = listing_group("Add and remove faults of a running sandbox.")


@group.command()
def add(
    fault: Annotated[str, typer.Argument(help="Name of the fault, as in `sendproof faults`.", show_default=False)],
    call: Annotated[str | None, typer.Option(help="Call to affect, such as optimove.GetCustomerAttributes.")] = None,
    webhook: Annotated[str | None, typer.Option(help="Webhook to affect, such as optimove.13.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Parameter or field that must be equal, such as CampaignID=7001; may be repeated."),
    ] = None,
    nth: Annotated[int, typer.Option(help="The first affected call or webhook.", min=1)] = 1,
    times: Annotated[str, typer.Option(help="Number of affected ones in a row, or all.")] = "1",
    when: Annotated[
        str | None, typer.Option(help="Before or after the effect of the call. Default: that of the fault.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting of the fault, such as status=503 or by=30m; may be repeated."),
    ] = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Add a fault: the next matching call or webhook is affected.

    Example: sendproof fault add status --call optimove.UpdateCampaignMetrics --set status=503 --times 2
    """
    with open_sandbox(control_url, sandbox) as opened:
        catalogue = opened.control.fault_catalogue()
        if call is None and webhook is None and fault in {kind["fault"] for kind in catalogue}:
            raise ValueError(
                "expected --call such as textlocal.bulk_json, or --webhook such as optimove.13, got neither"
            )
        position = {"call": call, "webhook": webhook, "when": when}
        wanted = {
            "fault": fault,
            **{name: value for name, value in position.items() if value is not None},
            "where": parameters(where or []),
            "nth": nth,
            "times": _times(times),
            **_settings(fault, setting or [], catalogue),
        }
        added = opened.control.add_faults(sandbox, [wanted])
        print_result(added, _print_faults, json=json)


@group.command("list")
def list_(control_url: RunningControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False) -> None:
    """List the active faults, and how often each was injected.

    Example: sendproof fault list
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.faults(sandbox), _print_faults, json=json)


@group.command()
def remove(
    fault: Annotated[str, typer.Argument(help="Id of the fault, as in `sendproof fault list`.", show_default=False)],
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Remove one fault. What it did stays in the history.

    Example: sendproof fault remove f1
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.remove_fault(sandbox, fault)
        print_result(opened.control.faults(sandbox), _print_faults, json=json)


@group.command()
def clear(control_url: RunningControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False) -> None:
    """Remove all faults. What they did stays in the history.

    Example: sendproof fault clear
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.clear_faults(sandbox)
        print_result(opened.control.faults(sandbox), _print_faults, json=json)


def _times(text: str) -> int | str:
    if text == _ALL:
        return text
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"--times: expected a whole number from 1, or {_ALL}, got {text!r}")
    return int(text)


def _settings(fault: str, texts: Sequence[str], catalogue: Sequence[Json]) -> dict[str, Any]:
    """Return the settings of a fault; one in virtual time may be a length of time such as 30m."""
    fields: Json = next((kind["fields"] for kind in catalogue if kind["fault"] == fault), {})
    return {
        name: length(value) if fields.get(name, {}).get("x-unit") == _VIRTUAL_TIME and isinstance(value, str) else value
        for name, value in parameters(texts).items()
    }


def _print_faults(faults: Sequence[Json], console: Console) -> None:
    if not faults:
        print_lines(console, ["There are no faults; add one with `sendproof fault add`."])
        return
    rows = [
        (
            fault["id"],
            fault["fault"],
            fault.get("call") or fault["webhook"],
            _affected(fault),
            fault["when"],
            f"{fault['injected']:,}",
            _settings_text(fault),
        )
        for fault in faults
    ]
    print_table(console, ("id", "fault", "at", "affects", "when", "injected"), rows, text="settings")


def _affected(fault: Json) -> str:
    """Return the affected calls or webhooks, counted from 1: `call 1`, `calls 2-4` or `all calls from 3`."""
    target = "call" if "call" in fault else "webhook"
    first, times = fault["nth"], fault["times"]
    if times == _ALL:
        return f"all {target}s" if first == 1 else f"all {target}s from {first}"
    return f"{target} {first}" if times == 1 else f"{target}s {first}-{first + times - 1}"


def _settings_text(fault: Json) -> str:
    conditions = [f"where {name} is {value}" for name, value in fault["where"].items()]
    settings = [f"{name}={value}" for name, value in fault.items() if name not in _POSITION and value not in {None, ""}]
    return ", ".join([*settings, *conditions])
