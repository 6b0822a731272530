"""The command `new`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.bounded_file import write_whole
from sendproof_harness.cli.history_file import find_history_file
from sendproof_harness.cli.options import (
    CONTROL_URL,
    AsJson,
    RunningControlUrl,
    print_json,
    refuse,
)
from sendproof_harness.output import echo
from sendproof_harness.providers import DEFAULT_PROVIDER, discover
from sendproof_harness.scenario.values import LARGEST_SEED

if TYPE_CHECKING:
    from sendproof_harness.session.draft.draft import Draft
    from sendproof_harness.session.draft.from_options import DraftOptions

_FLOWS = {"scheduled": ("scheduled",), "triggered": ("triggered",), "both": ("scheduled", "triggered")}


def new(
    file: Annotated[
        Path | None, typer.Argument(help="File to write. Default: print the scenario.", show_default=False)
    ] = None,
    flow: Annotated[str, typer.Option(help="Flow of the messages: scheduled, triggered or both.")] = "scheduled",
    provider: Annotated[
        list[str] | None, typer.Option(help=f"Provider of the messages; may be repeated. Default: {DEFAULT_PROVIDER}.")
    ] = None,
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of customers.")] = 200,
    template: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TITLE=TEXT",
            help='Template such as "Hi=Hello {{FIRST_NAME}}"; may be repeated. Default: an example.',
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Headline of the report.")] = "My scenario",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Seed of all random choices.")] = 1,
    days: Annotated[int | None, typer.Option(min=1, max=365, help="Length of the run. Default: 8 days.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Write what happened in a recorded run: its results folder.", show_default=False)
    ] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(help="Write what you did in this running sandbox, by hand or with the page.", show_default=False),
    ] = None,
    control_url: RunningControlUrl = CONTROL_URL,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: AsJson = False,
) -> None:
    """Write a commented scenario from options, a run or a sandbox.

    The result is complete: run it as it is, then change it.

    Example: sendproof new my.yaml --flow both --customers 50
    """
    from sendproof_harness.scenario.diagnostics import InvalidFileError, unknown_name  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.scenario.load import parse_scenarios  # noqa: PLC0415
    from sendproof_harness.session.draft.from_options import DraftOptions  # noqa: PLC0415
    from sendproof_harness.session.draft.text import scenario_text  # noqa: PLC0415

    if run is not None and sandbox is not None:
        refuse("--run: expected no --sandbox with it, got both; use one of them")
    if flow not in _FLOWS:
        refuse(f"--flow: {unknown_name('flow', flow, _FLOWS)}")
    options = DraftOptions(
        name=name,
        flows=_FLOWS[flow],
        providers=_known_providers(provider or [DEFAULT_PROVIDER]),
        customers=customers,
        templates=[_template(text) for text in template or ()],
        seed=seed,
        days=days,
    )
    text = scenario_text(_draft(options, run, sandbox, control_url))
    try:
        parse_scenarios(text, str(file or "the scenario"))
    except InvalidFileError as error:
        if file is None or (run is None and sandbox is None):
            refuse(str(error))
        # What a user did by hand can be more than a scenario allows, such as a send time in the past.
        _write(text, file, force=force)
        refuse(f"{error}\nwrote {file}, which does not run yet; correct these lines")
    if file is not None:
        _write(text, file, force=force)
    if json:
        print_json({"file": None if file is None else str(file), "scenario": text})
    else:
        echo(text.rstrip("\n") if file is None else f"wrote {file}; run it with: sendproof run {file}")


def _known_providers(names: list[str]) -> tuple[str, ...]:
    from sendproof_harness.scenario.diagnostics import unknown_name  # noqa: PLC0415 - as above

    for name in names:
        if name not in discover():
            refuse(f"--provider: {unknown_name('provider', name, discover())}")
    return tuple(names)


def _draft(options: "DraftOptions", run: Path | None, sandbox: str | None, control_url: str) -> "Draft":
    from sendproof_harness.control_client import ControlError  # noqa: PLC0415 - as above
    from sendproof_harness.history.reader import HistoryError  # noqa: PLC0415
    from sendproof_harness.session.draft.from_history import draft_from_history  # noqa: PLC0415
    from sendproof_harness.session.draft.from_options import draft_from_options  # noqa: PLC0415
    from sendproof_harness.session.draft.recorded import recorded_run, recorded_sandbox  # noqa: PLC0415

    try:
        if run is not None:
            return draft_from_history(recorded_run(find_history_file(run)))
        if sandbox is not None:
            return draft_from_history(recorded_sandbox(control_url, sandbox))
        return draft_from_options(options)
    except ControlError as error:
        refuse(error.detail)
    except (HistoryError, OSError) as error:
        refuse(f"{run or sandbox}: {getattr(error, 'strerror', None) or error}")
    except ValueError as error:
        refuse(str(error))


def _template(text: str) -> tuple[str, str]:
    title, equals, body = text.partition("=")
    if not equals or not title or not body:
        refuse(f'--template: expected TITLE=TEXT such as "Hi=Hello {{{{FIRST_NAME}}}}", got {text!r}')
    return title, body


def _write(text: str, file: Path, *, force: bool) -> None:
    try:
        if file.exists() and not force:
            refuse(f"{file} exists; choose another name, or replace it with --force")
        write_whole(file, text, None)
    except OSError as error:
        refuse(f"{file} cannot be written: {error.strerror}")
