"""The command `run`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sendproof_harness.cli.options import (
    Accept,
    AllowUnknown,
    AsJson,
    Bridge,
    Command,
    ControlUrl,
    Results,
    ScenarioSeed,
    Timeout,
    accepted_failures,
    allowed_checks,
    print_json,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.run.runner import RunOptions
    from sendproof_harness.session.schedule import Schedule, Shard
    from sendproof_harness.session.selection import Selection


ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="NUMBER/TOTAL", help="Run only this part of the scenarios, such as 2/4 in the 2nd of 4 jobs."
    ),
]
AllDialects = Annotated[
    bool, typer.Option("--all-dialects", help="Also run each scenario with every non-default option of every dialect.")
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Start no other scenario after one that did not pass.")]
LastFailed = Annotated[
    bool, typer.Option("--last-failed", help="Run only scenarios that have no pass in the results folder.")
]


def run(
    files: Annotated[
        list[Path],
        typer.Argument(help="Scenario files or folders; `scenarios` is the whole library.", show_default=False),
    ],
    bridge: Bridge = None,
    command: Command = None,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    timeout: Timeout = 60.0,
    seed: ScenarioSeed = None,
    clock_rate: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=100_000,
            help="Run the clock at this multiple of real time instead of jumping; 1 is real time.",
        ),
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Run only the scenarios of this provider.")] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Number of scenarios to run at once.")] = 1,
    shard: ShardText = None,
    fail_fast: FailFast = False,
    last_failed: LastFailed = False,
    random_faults: Annotated[int, typer.Option(min=0, max=100, help="Add this many faults, chosen from the seed.")] = 0,
    all_dialects: AllDialects = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Check all that the simulators send against the contracts; violations are errors."
        ),
    ] = False,
    allow_unknown: AllowUnknown = None,
    accept: Accept = None,
    json: AsJson = False,
) -> None:
    """Run scenarios against a bridge and judge every recipient.

    Without --bridge and --command, the reference bridge is tested. With --json, stdout has only the verdict and the
    files of each scenario, and everything else goes to stderr.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (the run proves nothing).

    Example: sendproof run scenarios/scheduled/first_campaign.yaml --command "./my-bridge --port 9000"
    """
    from sendproof_harness.preflight.checks import handover_problems  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.run.runner import RunOptions  # noqa: PLC0415
    from sendproof_harness.session.schedule import Schedule  # noqa: PLC0415
    from sendproof_harness.session.selection import Selection  # noqa: PLC0415

    refuse_two_bridges(bridge, command)
    if bridge is not None and parallel > 1:
        refuse(
            "--parallel: expected 1 with --bridge, got more; one running bridge cannot serve several scenarios at once"
        )
    schedule = Schedule(parallel=parallel, shard=_shard(shard), fail_fast=fail_fast, last_failed=last_failed)
    options = RunOptions(
        bridge=bridge,
        command=command,
        control_url=control_url,
        results=results,
        timeout_s=timeout,
        clock_rate=clock_rate,
        strict=strict,
        allow_unknown=allowed_checks(allow_unknown),
        accepted=accepted_failures(accept),
        preflight=handover_problems,
    )
    selection = Selection(seed=seed, provider=provider, random_faults=random_faults, all_dialects=all_dialects)
    _run(files, selection, options, schedule, json=json)


def _shard(text: str | None) -> "Shard | None":
    """Return the shard of --shard; refuse a wrong one."""
    from sendproof_harness.session.schedule import parse_shard  # noqa: PLC0415 - see the docstring of this module

    try:
        return None if text is None else parse_shard(text)
    except ValueError as error:
        refuse(str(error))


def _run(
    files: "list[Path]", selection: "Selection", options: "RunOptions", schedule: "Schedule", *, json: bool
) -> NoReturn:
    """Run the selected scenarios, and exit with the worst status."""
    from sendproof_harness.judge.verdict import EXIT_STATUS, worst_status  # noqa: PLC0415
    from sendproof_harness.session.outcome import session_outcome  # noqa: PLC0415
    from sendproof_harness.session.selection import RunRefusedError  # noqa: PLC0415
    from sendproof_harness.session.session import run_session  # noqa: PLC0415

    console = Terminal(sys.stderr if json else None)
    try:
        statuses = run_session(files, selection, options, schedule, console)
    except RunRefusedError as error:
        refuse(str(error))
    if json:
        print_json(session_outcome(statuses, options.results))
    raise typer.Exit(EXIT_STATUS[worst_status(statuses.values())])
