"""The command `compare`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.cli.options import (
    AsJson,
    ControlUrl,
    ScenarioSeed,
    Timeout,
    print_json,
    refuse,
)
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.scenario.model import Scenario

Scenarios = Annotated[
    list[Path] | None,
    typer.Option("--scenario", metavar="FILE", help="Scenario file or folder to run with both. Can be repeated."),
]


def compare(
    first: Annotated[
        str,
        typer.Argument(metavar="A", help="A command, `reference`, or a results folder. With --since: the only bridge."),
    ],
    second: Annotated[str | None, typer.Argument(metavar="[B]", help="The other bridge.", show_default=False)] = None,
    scenario: Scenarios = None,
    since: Annotated[
        str | None, typer.Option(metavar="A", help="The earlier version of the bridge: report regressions only.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Run only the scenarios of this provider.")] = None,
    seed: ScenarioSeed = None,
    control_url: ControlUrl = None,
    results: Annotated[Path, typer.Option(help="Folder for the runs, as A and B below it.")] = Path("results/compare"),
    timeout: Timeout = 60.0,
    json: AsJson = False,
) -> None:
    """Run scenarios with two bridges, and report the differences.

    The differences are those per recipient, statement and call.

    Each bridge is a command that starts it, the word `reference`, or the results folder of `sendproof run`. The
    contracts leave open how many requests a bridge makes, when, and in which batches; such differences do not count.

    Exit status: 0 no difference, 1 a difference or (with --since) a regression, 2 not everything could be compared, 3
    error.

    Example: sendproof compare "./my-bridge" --since "./my-bridge-1.4" --scenario scheduled/first_campaign
    """
    from sendproof_harness.comparison.bridges import parse_bridge  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.comparison.documents import comparison_document  # noqa: PLC0415
    from sendproof_harness.comparison.play import PlayError  # noqa: PLC0415
    from sendproof_harness.comparison.text import print_bridges, print_compared, print_conclusion  # noqa: PLC0415
    from sendproof_harness.comparison.two_bridges import PlaySettings, compare_bridges  # noqa: PLC0415
    from sendproof_harness.judge.verdict import EXIT_STATUS, worst_status  # noqa: PLC0415

    try:
        of_first, of_second = map(parse_bridge, _sides(first, second, since))
    except ValueError as error:
        refuse(str(error))
    are_recorded = of_first.is_recorded and of_second.is_recorded
    commands = [of_one.text for of_one in (of_first, of_second) if not of_one.is_recorded]
    scenarios = {} if are_recorded and not scenario else _select(scenario, provider, seed, commands)
    settings = PlaySettings(results=results, control_url=control_url, timeout_s=timeout)
    console, only, compared = Terminal(sys.stderr if json else None), since is not None, []
    print_bridges(of_first, of_second, console)
    try:
        for comparison in compare_bridges(of_first, of_second, scenarios, settings):
            compared.append(comparison)
            print_compared(comparison, console, regressions_only=only)
    except PlayError as error:
        refuse(str(error))
    status = worst_status(comparison.status(regressions_only=only) for comparison in compared)
    print_conclusion(status, len(compared), console, regressions_only=only)
    if json:
        print_json(comparison_document((of_first, of_second), compared, status, regressions_only=only))
    raise typer.Exit(EXIT_STATUS[status])


def _sides(first: str, second: str | None, since: str | None) -> tuple[str, str]:
    """Return A and B; refuse one bridge alone, and three."""
    if since is not None and second is not None:
        refuse("--since: expected one bridge with it, got two; leave B out, and name the earlier version with --since")
    if since is not None:
        return since, first
    if second is None:
        refuse("expected two bridges, got one; name B, or the earlier version of the bridge with --since")
    return first, second


def _select(
    files: list[Path] | None, provider: str | None, seed: int | None, commands: list[str]
) -> "Mapping[str, Scenario]":
    """Return the scenarios by the names of their runs; refuse wrong files, or none for these commands."""
    from sendproof_harness.run.runner import RunOptions  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.session.selection import RunRefusedError, Selection, select_scenarios  # noqa: PLC0415

    if not files:
        refuse(
            "--scenario: expected at least one file, such as scheduled/one_text_one_time, got none; only results "
            f"folders need none, and got {' and '.join(map(repr, commands))}"
        )
    try:
        return select_scenarios(files, Selection(seed=seed, provider=provider), RunOptions())
    except RunRefusedError as error:
        refuse(str(error))
