"""The examples of docs/ci.md have valid YAML, existing commands, and files that the commands write."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import sendproof_harness.cli.run
from repository import ROOT
from sendproof_harness.conformance.run import RESULTS_NAME
from sendproof_harness.run.results_folder import FILES
from sendproof_harness.scenario.library import find_scenario_files

TEXT = (ROOT / "docs" / "ci.md").read_text()
GITHUB, GITLAB = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
# YAML 1.1 reads the key `on` as true.
STEPS: list[dict[str, Any]] = GITHUB["jobs"]["bridge"]["steps"]
COMMANDS = {
    "github": [line for step in STEPS for line in step.get("run", "").splitlines()],
    "gitlab": [*GITLAB["sendproof"]["before_script"], *GITLAB["sendproof"]["script"]],
}


def sendproof_words(lines: list[str]) -> list[list[str]]:
    """Return the words of each `sendproof` command line."""
    return [shlex.split(line)[1:] for line in lines if line.startswith("sendproof ")]


@pytest.mark.parametrize("server", COMMANDS)
def test_ci_examples_use_existing_commands_and_options(server: str) -> None:
    app = typer.Typer()
    sendproof_harness.cli.run.register(app)
    known = typer.main.get_command(app).commands
    ours = sendproof_words(COMMANDS[server])
    assert [words[0] for words in ours] == ["contract", "run"]
    for name, *rest in ours:
        assert {word for word in rest if word.startswith("--")} <= {
            option for parameter in known[name].params for option in parameter.opts
        }


def test_ci_examples_run_the_same_commands() -> None:
    assert sendproof_words(COMMANDS["github"]) == sendproof_words(COMMANDS["gitlab"])
    assert all(any('install "sendproof[contract]"' in line for line in lines) for lines in COMMANDS.values())


def test_ci_examples_use_existing_scenarios() -> None:
    _, run = sendproof_words(COMMANDS["github"])
    named = run[1 : run.index("--provider")]
    assert len(named) == 2
    assert all(find_scenario_files(Path(name))[0].is_file() for name in named)


def test_ci_examples_find_the_reports() -> None:
    show, keep = STEPS[-2:]
    patterns = {show["with"]["report_paths"], GITLAB["sendproof"]["artifacts"]["reports"]["junit"]}
    assert patterns == {"results/*/junit.xml"}
    assert "junit.xml" in FILES
    assert Path("results", RESULTS_NAME, "junit.xml").match("results/*/junit.xml")
    assert (keep["with"]["path"], GITLAB["sendproof"]["artifacts"]["paths"]) == ("results", ["results"])
    assert show["if"] == keep["if"] == GITLAB["sendproof"]["artifacts"]["when"] + "()"


def test_listed_files_are_written_by_a_run() -> None:
    listed = re.findall(rf"^\| `results/{RESULTS_NAME}/([a-z.]+)` \|", TEXT, re.MULTILINE)
    assert len(listed) == 6
    assert set(listed) <= set(FILES)
