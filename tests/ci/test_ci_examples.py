"""The examples of docs/ci.md: valid YAML, commands and options that exist, and files that are written."""

import re
from pathlib import Path
from typing import Any

import yaml

from repository import ROOT
from sendproof_harness.conformance.run import RESULTS_NAME
from sendproof_harness.report.combined.record import RECORD
from sendproof_harness.report.combined.write import JUNIT, SARIF, SUMMARY
from sendproof_harness.report.overview.index import INDEX
from sendproof_harness.run.results_folder import FILES
from sendproof_harness.scenario.library import find_scenario_files
from sendproof_harness.session.accepted_file import load_accepted

TEXT = (ROOT / "docs" / "ci.md").read_text()
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
GITHUB, GITLAB, SHARDED, ACCEPTED, _ = EXAMPLES
# YAML 1.1 reads the key `on` as true.
STEPS: list[dict[str, Any]] = GITHUB["jobs"]["bridge"]["steps"]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
COMPONENT: dict[str, Any] = next(yaml.safe_load_all((ROOT / "templates" / "sendproof.yml").read_text()))["spec"]
GITLAB_INPUTS: dict[str, Any] = GITLAB["include"][0]["inputs"]


def action_inputs(example: dict[str, Any]) -> list[dict[str, str]]:
    """Return the inputs of each step of a workflow that uses the action."""
    steps = [step for job in example["jobs"].values() for step in job["steps"]]
    return [step["with"] for step in steps if "/sendproof@" in step.get("uses", "")]


def test_inputs_exist() -> None:
    for inputs in (*action_inputs(GITHUB), *action_inputs(SHARDED)):
        assert set(inputs) <= set(ACTION["inputs"])
    assert set(GITLAB_INPUTS) <= set(COMPONENT["inputs"])


def test_both_servers_run_the_same_commands() -> None:
    (inputs,) = action_inputs(GITHUB)
    assert {name: GITLAB_INPUTS[name] for name in inputs} == inputs


def test_both_servers_audit_the_installed_packages() -> None:
    """Without `--strict`, an audit that looked up nothing succeeds."""
    lines = [*STEPS[-1]["run"].splitlines(), *GITLAB["audit"]["script"]]
    audits = [line.split()[1:3] for line in lines if line.startswith(".audit/bin/pip-audit")]
    assert audits == [["--strict", "--path"]] * 2


def test_scenarios_are_in_the_library() -> None:
    (inputs,) = action_inputs(GITHUB)
    named = inputs["scenarios"].split()
    assert len(named) == 2
    assert all(find_scenario_files(Path(name))[0].is_file() for name in named)


def test_output_of_the_action_is_the_report_of_all_scenarios() -> None:
    show = STEPS[-2]
    assert show["with"]["report_paths"] == "${{ steps.sendproof.outputs.junit }}"
    assert ACTION["outputs"]["junit"]["value"] == "${{ inputs.results }}/" + JUNIT
    assert ACTION["outputs"]["sarif"]["value"] == "${{ inputs.results }}/" + SARIF


def test_sharded_jobs_are_merged() -> None:
    """Each job needs an artifact of its own, and the merging job all of them."""
    shard, merge = action_inputs(SHARDED)
    total = len(SHARDED["jobs"]["shards"]["strategy"]["matrix"]["shard"])
    download = SHARDED["jobs"]["verdict"]["steps"][0]["with"]
    assert (shard["shard"], shard["artifact"]) == (f"${{{{ matrix.shard }}}}/{total}", "shard-${{ matrix.shard }}")
    assert (download, merge) == ({"pattern": "shard-*", "path": "shards"}, {"merge": "shards/*"})


def test_accepted_failures_can_be_read(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(accepted:.*?)```", TEXT, re.DOTALL)
    (tmp_path / "accepted.yaml").write_text(*blocks)
    assert [failure.check for failure in load_accepted(tmp_path / "accepted.yaml")] == ["metrics.accurate"]
    assert len(ACCEPTED["accepted"]) == 1


def test_listed_files_are_those_of_a_run() -> None:
    listed = re.findall(rf"^\| `results/{RESULTS_NAME}/([a-z.]+)` \|", TEXT, re.MULTILINE)
    assert len(listed) == 7
    assert set(listed) <= set(FILES)
    together = re.findall(r"^\| `results/([a-z.]+)` \|", TEXT, re.MULTILINE)
    assert sorted(together) == sorted([JUNIT, SUMMARY, SARIF, RECORD, INDEX])
