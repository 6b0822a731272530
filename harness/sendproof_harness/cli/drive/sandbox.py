"""The commands `sendproof sandbox ...`: sandboxes of running simulators, and their snapshots."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from sendproof_harness.bounded_file import read_bounded
from sendproof_harness.cli.drive.clock import rate_text
from sendproof_harness.cli.drive.opened import open_control, open_sandbox, print_result
from sendproof_harness.cli.drive.tables import print_facts, print_heading, print_lines, print_table, time_text
from sendproof_harness.cli.options import (
    CONTROL_URL,
    SANDBOX_VARIABLE,
    AsJson,
    RunningControlUrl,
    SandboxName,
)
from sendproof_harness.cli.parsing import CHANNEL_EXAMPLES, channel, listen_address, named_texts
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.scenario.values import LARGEST_SEED

Json = Mapping[str, Any]

SandboxArgument = Annotated[
    str, typer.Argument(envvar=SANDBOX_VARIABLE, help=f"Name of the sandbox. Same as {SANDBOX_VARIABLE}.")
]
# As much as the control API takes.
_MOST_SETTINGS_BYTES = 8 << 20

SnapshotName = Annotated[str, typer.Argument(help="Name of the snapshot.", show_default=False)]

group = typer.Typer(help="Create, reset and restore the sandboxes of running simulators.", no_args_is_help=True)


@group.command()
def create(
    name: Annotated[
        str | None, typer.Argument(help="Name of the sandbox. Default: a new one.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything that is random.", min=0, max=LARGEST_SEED)] = 1,
    customers: Annotated[int, typer.Option(help="Number of customers.", min=0, max=10_000_000)] = 1_000,
    channels: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            help=f"Channel and its provider, such as {CHANNEL_EXAMPLES}; may be repeated. Default: these two.",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First instant, such as 2026-03-02T06:00:00Z. Default: now.", show_default=False)
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Seconds of the sandbox per real second. Default: time is paused until you advance it.",
            min=0.001,
            max=100_000,
        ),
    ] = None,
    clock_of: Annotated[str | None, typer.Option(help="Sandbox with the clock to share.")] = None,
    dialects: Annotated[
        list[str] | None,
        typer.Option(
            "--dialect",
            metavar="NAME=OPTION",
            help="Option of a dialect, such as optimove.row_order=descending; may be repeated.",
        ),
    ] = None,
    no_rate_limits: Annotated[bool, typer.Option("--no-rate-limits", help="Accept any number of requests.")] = False,
    allow_remote_webhooks: Annotated[
        bool, typer.Option("--allow-remote-webhooks", help="Let webhooks leave this machine.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Check what the services send against the contracts.")] = (
        False
    ),
    settings: Annotated[
        Path | None,
        typer.Option(help="File with more settings, as JSON of the control API (createSandbox), instead of options."),
    ] = None,
    control_url: RunningControlUrl = CONTROL_URL,
    json: AsJson = False,
) -> None:
    """Create a sandbox with its own customers, clock and credentials.

    Example: sendproof sandbox create spring --customers 200 --start 2026-03-02T06:00:00Z
    """
    with open_control(control_url) as control:
        wanted = {
            "seed": seed,
            "audience": {"customers": customers},
            "clock": _clock(start, rate, clock_of),
            "rate_limits": not no_rate_limits,
            "allow_remote_webhooks": allow_remote_webhooks,
            "strict": strict,
            **({} if name is None else {"name": name}),
            **({} if channels is None else {"channels": [channel(text) for text in channels]}),
            **({} if dialects is None else {"dialects": named_texts("--dialect", dialects)}),
            **({} if settings is None else _read_settings(settings)),
        }
        print_result(control.create_sandbox(wanted), _print_sandbox, json=json)


@group.command("list")
def list_(control_url: RunningControlUrl = CONTROL_URL, json: AsJson = False) -> None:
    """List the sandboxes.

    Example: sendproof sandbox list
    """
    with open_control(control_url) as control:
        print_result(control.sandboxes(), _print_sandboxes, json=json)


@group.command()
def show(name: SandboxArgument = "default", control_url: RunningControlUrl = CONTROL_URL, json: AsJson = False) -> None:
    """Show the clock, channels, addresses and credentials of a sandbox.

    Example: sendproof sandbox show
    """
    with open_control(control_url) as control:
        print_result(control.sandbox(name), _print_sandbox, json=json)


@group.command()
def handover(
    file: Annotated[Path, typer.Argument(help="File to write. It contains credentials.", show_default=False)],
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Address at which your bridge will listen.")
    ] = "127.0.0.1:9000",
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Write the handover file of a sandbox, for your own bridge.

    Example: sendproof sandbox handover handover.json --listen 127.0.0.1:9000
    """
    # Only now: the scenarios that a handover can belong to are slow to import.
    from sendproof_harness.handover.write import handover_content, write_handover  # noqa: PLC0415

    with open_control(control_url) as control:
        content = handover_content(control.url, control.sandbox(sandbox), listen_address(listen))
        write_handover(content, file)
        print_result(content, partial(_print_handover, file), json=json)


@group.command()
def reset(
    name: SandboxArgument = "default", control_url: RunningControlUrl = CONTROL_URL, json: AsJson = False
) -> None:
    """Reset a sandbox to its beginning; keys, channels and seed stay.

    Example: sendproof sandbox reset
    """
    with open_control(control_url) as control:
        print_result(control.reset_sandbox(name), _print_sandbox, json=json)


@group.command()
def delete(
    name: Annotated[str, typer.Argument(help="Name of the sandbox.", show_default=False)],
    control_url: RunningControlUrl = CONTROL_URL,
    json: AsJson = False,
) -> None:
    """Delete a sandbox with everything in it.

    Example: sendproof sandbox delete spring
    """
    with open_control(control_url) as control:
        control.delete_sandbox(name)
        print_result(control.sandboxes(), _print_sandboxes, json=json)


@group.command()
def snapshot(
    name: SnapshotName,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Save the state of a sandbox under a name, to restore it later.

    Example: sendproof sandbox snapshot before-the-fault
    """
    with open_sandbox(control_url, sandbox) as opened:
        made = opened.control.create_snapshot(sandbox, name)
        print_result(made, lambda content, console: _print_snapshots([content], console), json=json)


@group.command()
def snapshots(
    control_url: RunningControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False
) -> None:
    """List the snapshots of a sandbox.

    Example: sendproof sandbox snapshots
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.snapshots(sandbox), _print_snapshots, json=json)


@group.command()
def restore(
    name: SnapshotName,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Restore a snapshot: the same continuation then gives the same history.

    Example: sendproof sandbox restore before-the-fault
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.restore_snapshot(sandbox, name)
        print_result(opened.control.sandbox(sandbox), _print_sandbox, json=json)


@group.command()
def delete_snapshot(
    name: SnapshotName,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Delete a snapshot; the sandbox stays as it is.

    Example: sendproof sandbox delete-snapshot before-the-fault
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.delete_snapshot(sandbox, name)
        print_result(opened.control.snapshots(sandbox), _print_snapshots, json=json)


def _clock(start: str | None, rate: float | None, clock_of: str | None) -> Json:
    """Return the clock of a new sandbox."""
    if clock_of is not None:
        return {"mode": "shared", "with": clock_of}
    own = {"start": start, "rate": rate}
    return {"mode": "virtual", **{name: value for name, value in own.items() if value is not None}}


def _read_settings(file: Path) -> dict[str, Any]:
    try:
        settings = msgspec.json.decode(read_bounded(file, _MOST_SETTINGS_BYTES))
    except OSError as error:
        raise ValueError(f"--settings: {file} cannot be read: {error.strerror}") from None
    except JSON_ERRORS as error:
        raise ValueError(f"--settings: expected JSON in {file}, got an error: {error}") from None
    if not isinstance(settings, dict):
        raise ValueError(f'--settings: expected an object such as {{"seed": 7}} in {file}')  # noqa: TRY004 - it refuses the command
    return settings


def _print_sandboxes(sandboxes: Sequence[Json], console: Console) -> None:
    rows = [
        (
            sandbox["sandbox"],
            time_text(sandbox["clock"]["now"]),
            "paused" if sandbox["clock"]["rate"] is None else f"{sandbox['clock']['rate']:g}",
            str(sandbox["seed"]),
            ", ".join(str(channel["id"]) for channel in sandbox["channels"]),
        )
        for sandbox in sandboxes
    ]
    print_table(console, ("sandbox", "time", "rate", "seed", "channels"), rows)


def _print_sandbox(sandbox: Json, console: Console) -> None:
    channels = [
        f"{channel['id']}  {channel['provider']}, {channel.get('kind', 'scheduled')}" for channel in sandbox["channels"]
    ]
    facts = (
        ("sandbox", sandbox["sandbox"]),
        ("time", f"{time_text(sandbox['clock']['now'])}, {rate_text(sandbox['clock'])}"),
        ("seed", str(sandbox["seed"])),
        ("country", sandbox["country"]),
        ("channels", "\n".join(channels)),
    )
    print_facts(console, facts)
    for name, service in sandbox["services"].items():
        print_heading(console, f"{name}  {service['url']}")
        print_lines(console, [f"  {key}={value}" for key, value in service["credentials"].items()])


def _print_handover(file: Path, content: Json, console: Console) -> None:
    print_lines(console, [f"wrote {file}; start your bridge with SENDPROOF_HANDOVER={file}"])
    address = content["listen"]
    print_facts(console, (("sandbox", content["sandbox"]), ("listen", f"{address['host']}:{address['port']}")))


def _print_snapshots(snapshots: Sequence[Json], console: Console) -> None:
    if not snapshots:
        print_lines(console, ["There are no snapshots; keep one with `sendproof sandbox snapshot`."])
        return
    rows = [(snapshot["name"], time_text(snapshot["at"]), f"{snapshot['n']:,}") for snapshot in snapshots]
    print_table(console, ("snapshot", "time", "journal entries"), rows)
