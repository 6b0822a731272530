"""The commands `sendproof clock ...`: the time of a running sandbox."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer
from rich.console import Console

from sendproof_harness.cli.drive.opened import open_sandbox, print_result
from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_table, time_text
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName
from sendproof_harness.cli.parsing import instant
from sendproof_harness.history.timestamps import parse_instant
from sendproof_harness.interruption import enter_stage
from sendproof_harness.output import echo
from sendproof_harness.terminal import Terminal

Json = Mapping[str, Any]

# Real seconds between two looks at a clock that advances.
_LOOK_S = 0.5

group = typer.Typer(help="Show, advance and pause the time of a running sandbox.", no_args_is_help=True)


@group.command()
def show(control_url: RunningControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False) -> None:
    """Show the time, its rate, the next due time, and the participants.

    Example: sendproof clock show
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.clock(sandbox), _print_clock, json=json)


@group.command()
def advance(
    to: Annotated[
        str,
        typer.Argument(
            metavar="BY|TO",
            help="Length of time such as 90m, 7d or 1h30m, or an instant such as 2026-03-02T09:00:00Z.",
            show_default=False,
        ),
    ],
    timeout: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="Real seconds to wait for the bridge to become idle.")
    ] = 600,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Advance the time, and let everything happen that is due on the way.

    Time jumps from one due instant to the next. Before each jump it waits for the bridges that take part.

    Example: sendproof clock advance 90m
    """
    enter_stage("advancing the clock")
    with open_sandbox(control_url, sandbox) as opened:
        before = opened.control.clock(sandbox)
        target = instant(to if to[:1] == "+" or "-" in to else f"+{to}", lambda: before["now"])
        if parse_instant(target) < parse_instant(before["now"]):
            raise ValueError(
                f"expected an instant after {before['now']} (now), got {to}; time does not go back: "
                "keep a snapshot and restore it (sendproof sandbox snapshot -h)"
            )
        with _progress(control_url, sandbox, before["now"], target):
            after = opened.control.advance(sandbox, {"to": target}, timeout)
        print_result(after, _print_clock, json=json)
        if not after["participants"]:
            echo("No bridge uses this clock, so time did not wait for the work of a bridge.", err=True)


@group.command()
def pause(control_url: RunningControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False) -> None:
    """Pause time until you advance it or set a rate.

    Example: sendproof clock pause
    """
    _set_rate(None, control_url, sandbox, json=json)


@group.command()
def rate(
    rate: Annotated[
        float,
        typer.Argument(
            min=0.001, max=100_000, help="Seconds of the sandbox per real second: 1 is real time.", show_default=False
        ),
    ],
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Let time pass by itself at a rate; also ends a pause.

    Example: sendproof clock rate 60
    """
    _set_rate(rate, control_url, sandbox, json=json)


def rate_text(clock: Json) -> str:
    """Return how time passes, in words."""
    if clock["rate"] is None:
        return "paused until you advance it"
    pace = "at the pace of real time" if clock["rate"] == 1 else f"at {clock['rate']:g} times the pace of real time"
    return pace if clock["mode"] == "virtual" else f"{pace}, cannot be advanced"


def _set_rate(value: float | None, control_url: str, sandbox: str, *, json: bool) -> None:
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.set_clock_rate(sandbox, value)
        print_result(opened.control.clock(sandbox), _print_clock, json=json)


def _print_clock(clock: Json, console: Console) -> None:
    facts = (
        ("time", time_text(clock["now"])),
        ("rate", rate_text(clock)),
        ("next due", time_text(clock["next"]) or "nothing"),
        ("in flight", f"{clock['in_flight']:,} requests and webhooks" if clock["in_flight"] else ""),
    )
    print_facts(console, facts)
    if clock["participants"]:
        print_heading(console, "Bridges that take part")
        rows = [
            (
                bridge["name"],
                "parked" if bridge["parked"] else "at work",
                time_text(bridge["until"]) or "-",
                f"{bridge['idle_wake_ups']:,}",
            )
            for bridge in clock["participants"]
        ]
        print_table(console, ("name", "is", "until", "idle wake-ups"), rows)


@contextmanager
def _progress(control_url: str, sandbox: str, start: str, target: str) -> Iterator[None]:
    """Show on stderr how far an advance is, if a person looks at it."""
    console, ended = Terminal(sys.stderr), threading.Event()
    if not console.is_terminal:
        yield
        return
    with console.status(_progress_text({"now": start, "participants": (), "in_flight": 0}, start, target)) as status:
        arguments = (control_url, sandbox, lambda clock: status.update(_progress_text(clock, start, target)), ended)
        threading.Thread(target=_watch, args=arguments, daemon=True).start()
        try:
            yield
        finally:
            ended.set()


def _watch(control_url: str, sandbox: str, show_clock: Callable[[Json], None], ended: threading.Event) -> None:
    """Show the clock now and then. It only informs: the command itself reports errors."""
    from sendproof_harness.control_client import ControlClient, ControlError  # noqa: PLC0415 - `--help` stays quick

    with ControlClient(control_url) as control, suppress(ControlError):
        while not ended.wait(_LOOK_S):
            show_clock(control.clock(sandbox))


def _progress_text(clock: Json, start: str, target: str) -> str:
    now, first, last = (parse_instant(text) for text in (clock["now"], start, target))
    share = 1.0 if last <= first else min(1.0, (now - first) / (last - first))
    busy = [bridge["name"] for bridge in clock["participants"] if not bridge["parked"]]
    waits = [*busy, *([f"{clock['in_flight']:,} calls"] if clock["in_flight"] else [])]
    return f"{time_text(clock['now'])}  {share:.0%}" + (f"  waits for {', '.join(waits)}" if waits else "")
