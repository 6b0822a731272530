"""The command `check-scenarios`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.options import AsJson, print_json
from sendproof_harness.output import echo
from sendproof_harness.program import EXIT_PROBLEM


def check_scenarios(
    files: Annotated[list[Path], typer.Argument(help="Scenario files or folders.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Check scenario files against their schema and rules, without a run.

    For a pre-commit hook or an editor. The exit status is 1 if a file has a problem.

    Example: sendproof check-scenarios scenarios/scheduled/first_campaign.yaml
    """
    from sendproof_harness.scenario.diagnostics import InvalidFileError  # noqa: PLC0415 - see the docstring
    from sendproof_harness.scenario.library import find_scenario_files, no_scenario_files  # noqa: PLC0415
    from sendproof_harness.scenario.load import load_scenarios  # noqa: PLC0415

    problems: list[str] = []
    for named in files:
        found = find_scenario_files(named)
        if not found:
            problems.append(no_scenario_files(named))
        for file in found:
            try:
                load_scenarios(file)
            except InvalidFileError as error:
                problems.append(str(error))
    if json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            echo(problem, err=True)
    if problems:
        raise typer.Exit(EXIT_PROBLEM)
