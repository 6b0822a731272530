"""The command `shrink`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.cli.history_file import find_history_file
from sendproof_harness.cli.options import AsJson, Bridge, Command, Timeout, print_json, refuse, refuse_two_bridges
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.search.shrinking.failed_run import FailedRun
    from sendproof_harness.search.shrinking.shrinker import Shrunk
    from sendproof_harness.search.trial import BridgeUnderTest


def shrink(
    run: Annotated[Path, typer.Argument(help="Results folder of a failed run, or its history.", show_default=False)],
    requirement: Annotated[
        str | None,
        typer.Option(help="Requirement or check to keep failing, such as R401. Default: the first that failed."),
    ] = None,
    any_cause: Annotated[
        bool, typer.Option("--any-cause", help="Keep the requirement failing, for any cause.")
    ] = False,
    bridge: Bridge = None,
    reset: Annotated[
        str | None,
        typer.Option(help="With --bridge: command that restarts it without data; SENDPROOF_HANDOVER names the file."),
    ] = None,
    command: Command = None,
    budget: Annotated[str, typer.Option(help="Most runs, or most real time, such as 300 or '20 minutes'.")] = "200",
    output: Annotated[
        Path | None, typer.Option(help="File for the smallest scenario. Default: RUN-shrunk.yaml.", show_default=False)
    ] = None,
    timeout: Timeout = 60.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the results of an interrupted search.")] = False,
    json: AsJson = False,
) -> None:
    """Find the smallest scenario that still makes a failed run fail.

    Sendproof runs the scenario of the failed run again and again, with fewer customers, steps, faults and words, until
    nothing more can be removed. Then it writes the result as a scenario file, and runs it. Name your bridge as for the
    failed run, whose output has the whole command. The same command continues an interrupted search.

    Exit status: 0 the scenario is written, 2 the failure did not occur again, 3 error.

    Example: sendproof shrink results/first_week
    """
    from sendproof_harness.report.combined.record import RecordError  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.run.errors import RunError  # noqa: PLC0415
    from sendproof_harness.run.processes import ProcessError  # noqa: PLC0415
    from sendproof_harness.search.shrinking.budget import parse_budget  # noqa: PLC0415
    from sendproof_harness.search.shrinking.command import (  # noqa: PLC0415
        ShrinkOptions,
        default_output,
        memory_file,
        shrink_run,
    )
    from sendproof_harness.search.shrinking.shrinker import NotReproducedError  # noqa: PLC0415

    refuse_two_bridges(bridge, command)
    history = find_history_file(run)
    failed = _failed_run(history, requirement, any_cause=any_cause)
    tested = _bridge(failed, bridge, command, reset)
    try:
        options = ShrinkOptions(
            budget=parse_budget(budget),
            output=output or default_output(history, failed.name),
            memory=memory_file(history, failed, tested),
            timeout_s=timeout,
            fresh=fresh,
        )
        shrunk, status = shrink_run(failed, tested, options, Terminal(sys.stderr if json else None))
    except NotReproducedError as error:
        from sendproof_harness.output import echo  # noqa: PLC0415

        echo(str(error), err=True)
        raise typer.Exit(2) from error
    except (ValueError, RunError, ProcessError, RecordError, OSError) as error:
        refuse(str(error))
    _print_result(shrunk, options.output, tested, status, json=json)


def _failed_run(history: Path, requirement: str | None, *, any_cause: bool) -> "FailedRun":
    from sendproof_harness.history.reader import HistoryError  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.search.shrinking.failed_run import NoFailureError, read_failed_run  # noqa: PLC0415

    try:
        return read_failed_run(history, requirement, any_cause=any_cause)
    except NoFailureError as error:
        refuse(str(error))
    except (HistoryError, OSError) as error:
        refuse(f"{history}: {getattr(error, 'strerror', None) or error}")


def _bridge(failed: "FailedRun", url: str | None, command: str | None, reset: str | None) -> "BridgeUnderTest":
    """Return the bridge of the options, or else the reference bridge; a bridge that is already running must be reset.

    A results folder may come from someone else, so no command in it is started, and no URL in it is called.
    """
    from sendproof_harness.run.identity import REFERENCE_BRIDGE  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.search.trial import BridgeUnderTest  # noqa: PLC0415

    if not (url or command or failed.bridge == REFERENCE_BRIDGE):
        option = "--bridge URL and --reset" if failed.bridge.startswith(("http://", "https://")) else "--command"
        refuse(
            f"expected {option} with the bridge of this run, got neither; the run names {failed.bridge!r}, but "
            "Sendproof starts and calls nothing that a file names"
        )
    named = BridgeUnderTest(url=url, command=command)
    if named.url is not None and reset is None:
        refuse(
            f"--reset: expected a command that restarts the bridge at {named.url} without its data, got none; every "
            "run of a search needs a bridge without data of earlier runs. Or let --command start the bridge"
        )
    if named.url is None and reset is not None:
        refuse("--reset: expected --bridge with it; a bridge that --command starts restarts for every run")
    return dataclasses.replace(named, reset=reset)


def _print_result(shrunk: "Shrunk", output: Path, bridge: "BridgeUnderTest", status: str, *, json: bool) -> None:
    from sendproof_harness.output import echo  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.search.shrinking.command import repeat_command  # noqa: PLC0415

    command = repeat_command(bridge, output)
    if json:
        content = dataclasses.asdict(shrunk) | {"scenario": str(output), "command": command, "verdict": status}
        for key in ("before", "after"):
            content[key]["lasts"] = content[key]["lasts"].total_seconds()
        print_json(content)
    else:
        echo(f"wrote {output}; run it again with:\n  {command}")
