"""The GitHub Action, the GitLab component and the pre-commit hooks: valid by their schemas, and run as they are."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from repository import ROOT
from sendproof_harness.cli.commands import build_app

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
SPEC, COMPONENT = (ROOT / "templates" / "sendproof.yml").read_text().split("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(SPEC)["spec"]["inputs"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
COMMANDS = typer.main.get_command(build_app()).commands
#: A stand-in for the program: it notes its arguments and ends with the status that its command has in the environment.
PROGRAM = """\
#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> calls.txt
echo . >> calls.txt
eval "exit \\${STATUS_$1:-0}"
"""


def component(**values: object) -> dict[str, Any]:
    """Return the jobs of the component with these inputs, as GitLab puts them into the text."""
    known = {name: values.get(name, spec.get("default")) for name, spec in INPUTS.items()}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in known.items()}
    text = re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda match: texts[match[1]], COMPONENT)
    jobs: dict[str, Any] = yaml.safe_load(text)
    return jobs


def run_script(script: str, folder: Path, program: Path, **environment: str) -> tuple[int, list[list[str]]]:
    """Run a script with the stand-in; return its status and the arguments of each call."""
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    env = {"PATH": os.environ["PATH"], **environment}
    status = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=folder, env=env, check=False
    )
    calls = folder / "calls.txt"
    groups = calls.read_text().split(".\n")[:-1] if calls.exists() else []
    return status.returncode, [group.splitlines() for group in groups]


def run_action(folder: Path, *, statuses: dict[str, str] | None = None, **inputs: str) -> tuple[int, list[list[str]]]:
    """Run the step of the action that tests the bridge, with these inputs."""
    step = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Test the bridge")
    values = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()} | inputs
    named = {name: values[re.search(r"inputs\.([a-z-]+)", text)[1]] for name, text in step["env"].items()}
    program = folder / "tools" / "sendproof" / "bin" / "sendproof"
    return run_script(step["run"], folder, program, RUNNER_TEMP=str(folder / "tools"), **named, **(statuses or {}))


def run_component(folder: Path, job: dict[str, Any], **environment: str) -> tuple[int, list[list[str]]]:
    """Run the script of a job of the component."""
    variables = {name: str(value).rstrip("\n") for name, value in job["variables"].items()}
    program = folder / ".sendproof" / "bin" / "sendproof"
    return run_script("\n".join(job["script"]), folder, program, **variables, **environment)


def check(schema: str, *files: Path) -> None:
    """Check files against a schema of the package check-jsonschema."""
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_action_is_valid():
    check("github-actions", ROOT / "action.yml")


@pytest.mark.parametrize("jobs", [1, 4])
def test_component_is_valid(tmp_path, jobs):
    (tmp_path / "jobs.yml").write_text(json.dumps(component(command="php 'a b.php'", source="./x", jobs=jobs)))

    check("gitlab-ci", tmp_path / "jobs.yml")


def test_examples_of_the_documents_are_valid(tmp_path):
    text = (ROOT / "docs" / "ci.md").read_text()
    for start, schema, number in ((".github/", "github-workflows", 2), (".gitlab-ci", "gitlab-ci", 1)):
        blocks = re.findall(rf"`{re.escape(start)}[a-z/.]*`:\n\n```yaml\n(.*?)```", text, re.DOTALL)
        files = [tmp_path / f"{schema}-{index}.yml" for index in range(len(blocks))]
        for file, block in zip(files, blocks, strict=True):
            file.write_text(block)
        assert len(files) == number
        check(schema, *files)


def test_action_runs_both_commands_with_its_inputs(tmp_path):
    inputs = {"scenarios": "a b/*", "accept": "my file.yaml", "allow-unknown": "x y", "provider": "delivyr"}
    inputs |= {"arguments": "--fail-fast --seed 7", "contract-arguments": "--no-triggers --examples 5"}
    status, calls = run_action(tmp_path, command="php 'my bridge.php'", **inputs)

    shared = ["--command", "php 'my bridge.php'", "--results", "results", "--provider", "delivyr"]
    shared += ["--accept", "my file.yaml", "--allow-unknown", "x", "--allow-unknown", "y"]
    assert status == 0
    contract = ["contract", *shared, "--no-triggers", "--examples", "5"]
    assert calls == [contract, ["run", "a", "b/*", *shared, "--fail-fast", "--seed", "7"]]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [({"STATUS_contract": "2"}, 2), ({"STATUS_run": "1"}, 1), ({"STATUS_contract": "1", "STATUS_run": "0"}, 1)],
)
def test_action_fails_after_both_commands(tmp_path, statuses, expected):
    status, calls = run_action(tmp_path, statuses=statuses, command="php b.php")

    assert (status, [call[0] for call in calls]) == (expected, ["contract", "run"])


@pytest.mark.parametrize(("shard", "commands"), [("1/2", ["contract", "run"]), ("2/2", ["run"])])
def test_only_the_first_shard_checks_the_contracts(tmp_path, shard, commands):
    _, calls = run_action(tmp_path, command="php b.php", shard=shard)

    assert [call[0] for call in calls] == commands
    assert calls[-1][-2:] == ["--shard", shard]


@pytest.mark.parametrize(("contract", "scenarios"), [("false", ""), ("yes", "a")])
def test_action_that_would_test_nothing_is_an_error(tmp_path, contract, scenarios):
    assert run_action(tmp_path, command="php b.php", contract=contract, scenarios=scenarios) == (3, [])


def test_action_without_a_bridge_is_an_error(tmp_path):
    """Sendproof would test its own bridge, and pass."""
    assert run_action(tmp_path) == (3, [])


def test_action_merges_shards(tmp_path):
    for number in "12":
        (tmp_path / "shards" / number).mkdir(parents=True)

    assert run_action(tmp_path, merge="shards/*") == (0, [["merge", "shards/1", "shards/2", "--results", "results"]])


def test_component_runs_the_same_commands_as_the_action(tmp_path):
    for name in ("action", "component"):
        (tmp_path / name).mkdir()
    values = {"command": "php 'my bridge.php'", "scenarios": "a b", "accept": "f.yaml", "provider": "delivyr"}
    values["contract-arguments"] = "--no-triggers"
    _, of_action = run_action(tmp_path / "action", results="sendproof-results/1", **values)
    _, of_component = run_component(tmp_path / "component", component(source="x", **values)["sendproof"])

    assert of_component == of_action


@pytest.mark.parametrize(
    ("source", "requirement"),
    [
        ("git+https://git.example.com/s.git@main", "sendproof[contract] @ git+https://git.example.com/s.git@main"),
        ("./sendproof-0.1.0-py3-none-any.whl", "./sendproof-0.1.0-py3-none-any.whl[contract]"),
    ],
)
def test_component_installs_a_url_or_a_wheel(tmp_path, source, requirement):
    job = component(command="x", source=source)["sendproof"]
    script = "\n".join(job["before_script"]).removeprefix("python3 -m venv .sendproof\n")
    _, (install,) = run_script(script, tmp_path, tmp_path / ".sendproof/bin/pip", SENDPROOF_SOURCE=source)

    assert install == ["install", "--quiet", requirement]


def test_component_shares_the_scenarios_between_its_jobs(tmp_path):
    job = component(command="php b.php", source="x", jobs=3)["sendproof"]
    status, calls = run_component(tmp_path, job, CI_NODE_INDEX="2", CI_NODE_TOTAL="3", STATUS_run="2")

    assert (status, len(calls), calls[0][-2:]) == (2, 1, ["--shard", "2/3"])
    assert job["artifacts"]["paths"] == ["sendproof-results"]


def test_component_merges_the_results_of_its_jobs(tmp_path):
    job = component(command="php b.php", source="x", jobs=2)["sendproof-merged"]
    for number in "12":
        (tmp_path / "sendproof-results" / number).mkdir(parents=True)
    _, calls = run_component(tmp_path, job)

    assert calls == [["merge", "sendproof-results/1", "sendproof-results/2", "--results", "sendproof-merged"]]


def test_inputs_of_both_have_the_same_names_and_defaults():
    """What only one of them has follows from its system."""
    of_action = {name: str(spec["default"]) for name, spec in ACTION["inputs"].items()}
    of_component = {name: str(spec.get("default", "")) for name, spec in INPUTS.items()}
    common = {name for name in of_action if name in of_component}

    assert common == {
        "command", "scenarios", "contract", "provider", "accept", "allow-unknown", "arguments",
        "contract-arguments",
    }  # fmt: skip
    assert {name: of_action[name].lower() for name in common} == {name: of_component[name].lower() for name in common}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hook_calls_a_command_on_files_that_exist(hook):
    program, command, *rest = shlex.split(hook["entry"])
    found = [path for path in ROOT.rglob("*/*.yaml") if re.search(hook["files"], path.relative_to(ROOT).as_posix())]

    assert (program, command in COMMANDS, rest) == ("sendproof", True, [])
    assert found
