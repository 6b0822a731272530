"""The commands of the harness: `run`, `judge`, `explain`, `scenarios`, `contract`, `doctor` and `load`.

What is heavy is imported when one of them is called: `--help` stays quick.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from sendproof_harness.cli.conformance import contract
from sendproof_harness.cli.load import load
from sendproof_harness.cli.options import Bridge, Command, ControlUrl, Results, Timeout, refuse, refuse_two_bridges
from sendproof_harness.cli.preflight import doctor

if TYPE_CHECKING:
    from sendproof_harness.history.records import History
    from sendproof_harness.run.runner import Options
    from sendproof_harness.session.session import Selection


def register(app: typer.Typer) -> None:
    """Add the commands to the front door."""
    app.command()(run)
    app.command()(judge)
    app.command()(explain)
    app.command()(scenarios)
    app.command()(contract)
    app.command()(doctor)
    app.add_typer(load, name="load")


def run(
    files: Annotated[
        list[Path], typer.Argument(help="Scenario files, or folders of them; `scenarios` is all.", show_default=False)
    ],
    bridge: Bridge = None,
    command: Command = None,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    timeout: Timeout = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Use this seed instead of the file's.")] = None,
    clock_rate: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=100_000,
            help="Let time run by itself, so many seconds in a real one, instead of jumping; at 1 it begins now.",
        ),
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="Play only for this provider what can be played for several.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="So many scenarios at once.")] = 1,
    random_faults: Annotated[
        int, typer.Option(min=0, max=100, help="Draw so many faults from the seed, and play them as well.")
    ] = 0,
    all_dialects: Annotated[
        bool, typer.Option(help="Play each scenario once more for every other answer of a dialect.")
    ] = False,
) -> None:
    """Play scenarios against a bridge, and judge what reached every recipient.

    Without --bridge and --command the reference bridge is tested.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (nothing can be said).

    Example: sendproof run scenarios/scheduled/first_campaign.yaml --command "./my-bridge --port 9000"
    """
    from sendproof_harness.run.runner import Options  # noqa: PLC0415
    from sendproof_harness.session.session import Selection  # noqa: PLC0415 - see the head of this file

    _refuse_contradictions(bridge, command, parallel)
    options = Options(
        bridge=bridge,
        command=command,
        control_url=control_url,
        results=results,
        timeout_s=timeout,
        clock_rate=clock_rate,
    )
    wanted = Selection(seed=seed, provider=provider, random_faults=random_faults, all_dialects=all_dialects)
    _play(files, wanted, options, parallel)


def _play(files: "list[Path]", wanted: "Selection", options: "Options", parallel: int) -> NoReturn:
    """Play what is wanted of the files, and leave with the status of the worst."""
    from sendproof_harness.judge.verdict import EXIT_STATUS, worst_status  # noqa: PLC0415
    from sendproof_harness.session import session  # noqa: PLC0415 - see the head of this file
    from sendproof_harness.session.parallel import let_children_end, run_parallel  # noqa: PLC0415

    console = Console()
    let_children_end()
    try:
        every = session.scenarios_of(files, wanted, options)
        with session.shared_simulators(options, several=len(every) > 1 or wanted.all_dialects) as ready:
            every = dict(session.expand_dialects(every, wanted, ready))
            if parallel > 1 and len(every) > 1:
                standings = run_parallel(every, ready, parallel, console)
            else:
                standings = {name: session.run_scenario(one, name, ready, console) for name, one in every.items()}
    except session.RefusedError as error:
        refuse(str(error))
    if len(standings) > 1:
        session.summary(standings, options.results, console)
    raise typer.Exit(EXIT_STATUS[worst_status(standings.values())])


def _refuse_contradictions(bridge: str | None, command: str | None, parallel: int) -> None:
    refuse_two_bridges(bridge, command)
    if bridge is not None and parallel > 1:
        refuse("expected --bridge without --parallel, got both: one bridge cannot be in several scenarios at once")


def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the scenarios that come with Sendproof, by theme.

    Example: sendproof scenarios
    """
    from sendproof_harness.scenario.library import library_summaries, print_summaries  # noqa: PLC0415 - see the head of this file

    every = library_summaries()
    if as_json:
        typer.echo(json.dumps(every, indent=2))
    else:
        print_summaries(every, Console())


def judge(
    history: Annotated[Path, typer.Argument(help="A history.ndjson that a run has left.", show_default=False)],
    results: Annotated[Path | None, typer.Option(help="Write the reports to this folder, too.")] = None,
) -> None:
    """Judge a recorded history again, from that file alone.

    Exit status as for `sendproof run`.

    Example: sendproof judge results/first_campaign/history.ndjson
    """
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415
    from sendproof_harness.session.session import judge_and_report  # noqa: PLC0415 - see the head of this file

    raise typer.Exit(EXIT_STATUS[judge_and_report(history, _read(history), results, Console())])


def explain(
    run: Annotated[
        Path, typer.Argument(help="The results folder of a run, or its history.ndjson.", show_default=False)
    ],
    customer: Annotated[str, typer.Argument(help="The id of a customer, or a phone number.", show_default=False)],
    html: Annotated[Path | None, typer.Option(help="Write the story to this file, too, as a page of its own.")] = None,
) -> None:
    """Tell one customer's story: what was owed, what was done about it by whom, and what the checks say of it.

    Exit status: 0 when there is a story, 3 when there is no such run or customer.

    Example: sendproof explain results/first_campaign C0000042
    """
    from sendproof_harness.explain.customer import UnknownCustomerError, find_customer  # noqa: PLC0415
    from sendproof_harness.explain.customer import explain as explain_customer  # noqa: PLC0415
    from sendproof_harness.judge.verdict import judge as judge_history  # noqa: PLC0415
    from sendproof_harness.report import explain_html, explain_text  # noqa: PLC0415 - see the head of this file

    file = run / "history.ndjson" if run.is_dir() else run
    history = _read(file)
    try:
        explanation = explain_customer(history, judge_history(history), find_customer(history, customer))
    except UnknownCustomerError as error:
        refuse(str(error))
    explain_text.print_explanation(explanation, Console())
    if html is not None:
        _write(html, explain_html.render(explanation, file.name))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")


def _read(file: Path) -> "History":
    from sendproof_harness.history.reader import HistoryError, read_history  # noqa: PLC0415

    try:
        return read_history(file)
    except (HistoryError, OSError) as error:
        refuse(f"{file}: {getattr(error, 'strerror', None) or error}")
