"""The command `explore`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sendproof_harness.cli.options import (
    AsJson,
    Bridge,
    Command,
    Results,
    Timeout,
    print_json,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.scenario.values import LARGEST_SEED
from sendproof_harness.suggestions import wrong_choice
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.search.explore.catalogue import SearchScope
    from sendproof_harness.search.explore.search import Exploration
    from sendproof_harness.search.explore.session import ExploreOptions
    from sendproof_harness.search.shrinking.budget import Budget

_MINUTE_S = 60.0
_FirstSeed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, help="First seed; the same seeds give the same search.")
]


def explore(
    minutes: Annotated[
        float | None, typer.Option(min=0.01, max=1_000_000, help="Start no new scenario after this many real minutes.")
    ] = None,
    runs: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Run at most this many scenarios.")] = None,
    seed: _FirstSeed = 1,
    bridge: Bridge = None,
    reset: Annotated[
        str | None,
        typer.Option(help="With --bridge: command that restarts it without data; SENDPROOF_HANDOVER names the file."),
    ] = None,
    command: Command = None,
    results: Results = Path("results"),
    provider: Annotated[str | None, typer.Option(help="Only use this provider.")] = None,
    flow: Annotated[str, typer.Option(help="What the bridge serves: scheduled, triggered, or both.")] = "both",
    message: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE",
            help="Also generate messages of this type: push, web_push, inbox or email. Can be repeated.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Leave out this feature or topic, such as clients. Can be repeated."),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Number of scenarios to run at once.")] = 1,
    shrink_budget: Annotated[
        str,
        typer.Option(help="Most runs, or most real time, to shrink the failure; 0 keeps it as it is."),
    ] = "200",
    all_failures: Annotated[bool, typer.Option("--all-failures", help="Continue after rounds with a failure.")] = False,
    timeout: Timeout = 60.0,
    json: AsJson = False,
) -> None:
    """Search for a scenario that a bridge fails.

    Sendproof generates scenarios from the seed: campaigns, triggers, customers, changes, times, dialect options and
    faults. It prefers what the runs so far did not exercise, and stops when a scenario fails. Then it shrinks that
    scenario, as `sendproof shrink` does. It prints which requirements met their situation, and which did not.

    Without --bridge and --command, the reference bridge is tested.

    Exit status: 0 no scenario failed, 1 one failed, 3 error (no run has a verdict).

    A bridge that serves one flow only needs --flow. A bridge that cannot do something else needs --without. All
    scenarios have SMS; a bridge that sends other messages, too, names each type with --message.

    Example: sendproof explore --minutes 10 --command "./my-bridge --port 9000"
    """
    from sendproof_harness.search.explore.search import SearchBudget  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.search.explore.session import ExploreOptions  # noqa: PLC0415
    from sendproof_harness.search.trial import BridgeUnderTest  # noqa: PLC0415

    refuse_two_bridges(bridge, command)
    shrink_within = _shrink_budget(shrink_budget)
    _check(minutes, runs, bridge, reset, parallel)
    options = ExploreOptions(
        bridge=BridgeUnderTest(command=command, url=bridge, reset=reset),
        results=results,
        budget=SearchBudget(
            runs=runs, seconds=None if minutes is None else minutes * _MINUTE_S, all_failures=all_failures
        ),
        seed=seed,
        scope=_scope(provider, flow, message or (), without or (), kills=bridge is None),
        parallel=parallel,
        timeout_s=timeout,
    )
    _run(options, shrink_within, as_json=json)


def _run(options: "ExploreOptions", shrink_within: "Budget | None", *, as_json: bool) -> NoReturn:
    """Explore, shrink the first failure, print both, and exit."""
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.run.processes import ProcessError  # noqa: PLC0415
    from sendproof_harness.search.explore.session import record, run_exploration  # noqa: PLC0415

    console = Terminal(sys.stderr if as_json else None)
    try:
        exploration = run_exploration(options, console)
        shrunk = _shrink(exploration, options, shrink_within, console)
    except (ProcessError, RunOptionsError) as error:
        refuse(str(error))
    if as_json:
        print_json(record(exploration) | {"shrunk": None if shrunk is None else str(shrunk)})
    raise typer.Exit(_exit_status(exploration))


def _check(minutes: float | None, runs: int | None, bridge: str | None, reset: str | None, parallel: int) -> None:
    """Refuse options that do not fit together."""
    if minutes is None and runs is None:
        refuse("expected --minutes or --runs, which end the search; for example --minutes 10")
    if (bridge is None) != (reset is None):
        refuse(
            "--bridge and --reset: expected both or none, because each scenario needs a bridge without data; "
            "use --command for a bridge that Sendproof starts"
        )
    if bridge is not None and parallel > 1:
        refuse("--parallel: expected 1 with --bridge, got more; one bridge cannot serve several scenarios at once")


def _scope(
    provider: str | None, flow: str, messages: Sequence[str], without: Sequence[str], *, kills: bool
) -> "SearchScope":
    """Return what the search may use; refuse an unknown provider or flow."""
    from sendproof_harness.search.explore.catalogue import FLOWS_SERVED, SearchScope, sms_providers  # noqa: PLC0415

    if provider is not None and provider not in sms_providers():
        refuse(wrong_choice("--provider", provider, sms_providers()))
    if flow not in FLOWS_SERVED:
        refuse(wrong_choice("--flow", flow, FLOWS_SERVED))
    return SearchScope(provider=provider, flow=flow, messages=messages, without=without, kills=kills)


def _shrink_budget(text: str) -> "Budget | None":
    """Return the budget of --shrink-budget, or None for 0; refuse a wrong one."""
    from sendproof_harness.search.shrinking.budget import parse_budget  # noqa: PLC0415 - see the docstring of this module

    try:
        return None if text == "0" else parse_budget(text)
    except ValueError as error:
        refuse(f"--shrink-budget: {str(error).removeprefix('--budget: ')}")


def _shrink(
    exploration: "Exploration", options: "ExploreOptions", budget: "Budget | None", console: Terminal
) -> Path | None:
    """Shrink the first failure; return the file with what is left, or None without one."""
    from sendproof_harness.search.explore.session import shrink_failure  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.search.shrinking.command import repeat_command  # noqa: PLC0415
    from sendproof_harness.search.shrinking.shrinker import NotReproducedError  # noqa: PLC0415

    if not exploration.failed or budget is None:
        return None
    try:
        _, output = shrink_failure(exploration.failed[0], options, budget, console)
    except NotReproducedError as error:
        console.print(str(error), soft_wrap=True)
        return None
    console.print(f"wrote {output}; run it again with:\n  {repeat_command(options.bridge, output)}", soft_wrap=True)
    return output


def _exit_status(exploration: "Exploration") -> int:
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415 - see the docstring of this module

    if exploration.failed:
        return EXIT_STATUS["fail"]
    has_verdict = any(status != "error" for status in exploration.statuses)
    return EXIT_STATUS["pass"] if has_verdict else EXIT_STATUS["error"]
