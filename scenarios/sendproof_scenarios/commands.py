"""The commands of the harness. What is heavy is imported when one of them is called: `--help` stays quick."""

import dataclasses
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from sendproof_scenarios.doctor.commands import doctor

if TYPE_CHECKING:
    from sendproof_scenarios.history import History
    from sendproof_scenarios.model import Scenario
    from sendproof_scenarios.runner import Options
    from sendproof_scenarios.verdict import Standing

EXIT_ERROR = 3


def register(app: typer.Typer) -> None:
    """Add the commands to the front door."""
    app.command()(run)
    app.command()(check)
    app.command()(why)
    app.command()(doctor)


def run(
    files: Annotated[list[Path], typer.Argument(help="Scenario files, one or more.", show_default=False)],
    bridge: Annotated[
        str | None, typer.Option(help="Address of a bridge that runs already; it is told where to find the sandbox.")
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(help="A command that starts your bridge; SENDPROOF_HANDOVER names the file with all it needs."),
    ] = None,
    simulators: Annotated[
        str | None, typer.Option(help="Control address of simulators that run already (`sendproof up`).")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder for reports, history and logs.")] = Path("results"),
    patience: Annotated[
        float, typer.Option(min=1, help="Real seconds for the bridge to register its listener, and to come to rest.")
    ] = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Use this seed instead of the file's.")] = None,
    clock_rate: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=100_000,
            help="Let time run by itself, so many seconds in a real one, instead of jumping; at 1 it begins now.",
        ),
    ] = None,
) -> None:
    """Play scenarios against a bridge, and judge what reached every recipient.

    Without --bridge and --command the reference bridge is tested.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (nothing can be said).

    Example: sendproof run scenarios/scheduled/first_campaign.yaml --command "./my-bridge --port 9000"
    """
    from sendproof_scenarios.runner import Options  # noqa: PLC0415 - see the head of this file
    from sendproof_scenarios.verdict import EXIT_STATUS, WORST_FIRST  # noqa: PLC0415

    console = Console()
    if bridge is not None and command is not None:
        _refuse("expected --bridge or --command, got both: is the bridge running already, or to be started?")
    scenarios = _load(files, seed)
    options = Options(
        bridge=bridge,
        command=command,
        simulators=simulators,
        results=results,
        patience_s=patience,
        clock_rate=clock_rate,
    )
    _let_children_end()
    standings = {name: _run_one(scenario, name, options, console) for name, scenario in scenarios.items()}
    if len(standings) > 1:
        _summary(standings, results, console)
    raise typer.Exit(EXIT_STATUS[min(standings.values(), key=WORST_FIRST.index)])


def check(
    history: Annotated[Path, typer.Argument(help="A history.ndjson that a run has left.", show_default=False)],
    results: Annotated[Path | None, typer.Option(help="Write the reports to this folder, too.")] = None,
) -> None:
    """Judge a recorded history again, from that file alone.

    Exit status as for `sendproof run`.

    Example: sendproof check results/first_campaign/history.ndjson
    """
    console = Console()
    raise typer.Exit(_judge(history, results, console)[1])


def why(
    run: Annotated[
        Path, typer.Argument(help="The results folder of a run, or its history.ndjson.", show_default=False)
    ],
    customer: Annotated[str, typer.Argument(help="The id of a customer, or a phone number.", show_default=False)],
    html: Annotated[Path | None, typer.Option(help="Write the story to this file, too, as a page of its own.")] = None,
) -> None:
    """Tell one customer's story: what was owed, what was done about it by whom, and what the checks say of it.

    Exit status: 0 when there is a story, 3 when there is no such run or customer.

    Example: sendproof why results/first_campaign C0000042
    """
    from sendproof_scenarios.report import why_html, why_text  # noqa: PLC0415 - see the head of this file
    from sendproof_scenarios.verdict import judge  # noqa: PLC0415
    from sendproof_scenarios.why import UnknownCustomerError, find, story  # noqa: PLC0415

    file = run / "history.ndjson" if run.is_dir() else run
    history = _read(file)
    try:
        told = story(history, judge(history), find(history, customer))
    except UnknownCustomerError as error:
        _refuse(str(error))
    why_text.print_story(told, Console())
    if html is not None:
        _write(html, why_html.render(told, file.name))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        _refuse(f"{file}: {error.strerror}")


def _read(file: Path) -> "History":
    from sendproof_scenarios.reading import HistoryError, read_history  # noqa: PLC0415

    try:
        return read_history(file)
    except (HistoryError, OSError) as error:
        _refuse(f"{file}: {getattr(error, 'strerror', None) or error}")


def _run_one(scenario: "Scenario", name: str, options: "Options", console: Console) -> "Standing":
    from sendproof_scenarios.progress import watching  # noqa: PLC0415
    from sendproof_scenarios.runner import RunError, whole  # noqa: PLC0415
    from sendproof_scenarios.runner import run as play  # noqa: PLC0415

    console.print(f"{scenario.name}  (seed {scenario.seed})", style="bold", markup=False, highlight=False)
    try:
        with watching(console, whole(scenario)) as watcher:
            recorded = play(scenario, name, options, watcher)
    except RunError as error:
        console.print("error", style="bold magenta")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return "error"
    if recorded.trouble is not None:
        console.print(f"The run ended early: {recorded.trouble.cause}.", style="bold red", markup=False)
        told = f"expected {recorded.trouble.expected}\ngot      {recorded.trouble.got}\n"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    return _judge(recorded.history, recorded.folder, console)[0]


def _judge(history: Path, folder: Path | None, console: Console) -> "tuple[Standing, int]":
    from sendproof_scenarios.report import print_verdict, write_reports  # noqa: PLC0415
    from sendproof_scenarios.verdict import judge  # noqa: PLC0415

    read = _read(history)
    verdict = judge(read)
    print_verdict(verdict, console, None if folder is None else write_reports(verdict, read, folder))
    return verdict.standing, verdict.exit_status


def _load(files: Sequence[Path], seed: int | None) -> "dict[str, Scenario]":
    """Every scenario by the name of its results folder. Nothing runs before all files are right."""
    from sendproof_scenarios.library import find  # noqa: PLC0415
    from sendproof_scenarios.loading import load  # noqa: PLC0415
    from sendproof_scenarios.mistakes import ScenarioError  # noqa: PLC0415

    loaded: dict[str, Scenario] = {}
    mistakes: list[str] = []
    for file in map(find, files):
        if file.stem in loaded:
            mistakes.append(f"{file}: another scenario named {file.stem} is run already; results would be overwritten")
            continue
        try:
            scenario = load(file)
        except ScenarioError as error:
            mistakes.append(str(error))
            continue
        loaded[file.stem] = scenario if seed is None else dataclasses.replace(scenario, seed=seed)
    if mistakes:
        _refuse("\n".join(mistakes))
    return loaded


def _summary(standings: "dict[str, Standing]", results: Path, console: Console) -> None:
    table = Table(box=None, header_style="dim")
    for column in ("verdict", "scenario", "report"):
        table.add_column(column)
    for name, standing in standings.items():
        table.add_row(standing, name, "" if standing == "error" else str(results / name / "report.html"))
    console.print(table)


def _let_children_end() -> None:
    """A CI server that cancels a run sends SIGTERM; by default Python would leave what it has started behind."""

    def leave(number: int, frame: object) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_ERROR)
