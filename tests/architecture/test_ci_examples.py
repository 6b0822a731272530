"""The examples of docs/ci.md: valid YAML, commands and options that exist, and files that are written."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from repository import ROOT
from sendproof_harness.cli.commands import build_app
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


def sendproof_arguments(lines: list[str]) -> list[list[str]]:
    """Return the arguments of each `sendproof` command line."""
    return [shlex.split(line)[1:] for line in lines if line.startswith("sendproof ")]


@pytest.mark.parametrize("server", COMMANDS)
def test_commands_exist_with_their_options(server: str) -> None:
    known = typer.main.get_command(build_app()).commands
    commands = sendproof_arguments(COMMANDS[server])
    assert [words[0] for words in commands] == ["contract", "run"]
    for name, *rest in commands:
        assert {word for word in rest if word.startswith("--")} <= {
            option for parameter in known[name].params for option in parameter.opts
        }


def test_both_servers_run_the_same_commands() -> None:
    """Both must also install the extra that the first command needs."""
    assert sendproof_arguments(COMMANDS["github"]) == sendproof_arguments(COMMANDS["gitlab"])
    assert all(any('install "sendproof[contract]"' in line for line in lines) for lines in COMMANDS.values())


def test_both_servers_audit_the_installed_packages() -> None:
    """Without `--strict`, an audit that looked up nothing succeeds."""
    audits = {
        server: [line for line in lines if line.startswith(".audit/bin/pip-audit")]
        for server, lines in COMMANDS.items()
    }
    assert audits["github"] == audits["gitlab"]
    assert [line.split()[1:3] for line in audits["github"]] == [["--strict", "--path"]]


def test_scenarios_are_in_the_library() -> None:
    _, run = sendproof_arguments(COMMANDS["github"])
    named = run[1 : run.index("--provider")]
    assert len(named) == 2
    assert all(find_scenario_files(Path(name))[0].is_file() for name in named)


def test_report_paths_are_those_of_the_commands() -> None:
    """The pattern must match the JUnit reports of both commands, and the folder must have all files."""
    show, keep = STEPS[-2:]
    patterns = {show["with"]["report_paths"], GITLAB["sendproof"]["artifacts"]["reports"]["junit"]}
    assert patterns == {"results/*/junit.xml"}
    assert "junit.xml" in FILES
    assert Path("results", RESULTS_NAME, "junit.xml").match("results/*/junit.xml")
    assert (keep["with"]["path"], GITLAB["sendproof"]["artifacts"]["paths"]) == ("results", ["results"])
    assert show["if"] == keep["if"] == GITLAB["sendproof"]["artifacts"]["when"] + "()"


def test_listed_files_are_those_of_a_run() -> None:
    listed = re.findall(rf"^\| `results/{RESULTS_NAME}/([a-z.]+)` \|", TEXT, re.MULTILINE)
    assert len(listed) == 7
    assert set(listed) <= set(FILES)
