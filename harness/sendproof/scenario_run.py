"""Run scenarios in a process of its own, as `sendproof run` does, for tests in any framework."""

import json
import math
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sendproof_harness.run.processes import Child, Program, wait_until

# More than `sendproof run` needs to end its bridge and simulators, and to write what it has.
_STOP_S = 12.0
_OUTCOME = '[{"scenario":'
_EXAMPLES = 2


class ScenarioRunError(Exception):
    """Sendproof could not run the scenario, so nothing is known about the bridge. The message is its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """One scenario that was run and judged.

    `name` contains the provider if the scenario supports several. `folder` holds reports, history and logs. `verdicts`
    are the contents of `verdict.json`, one for each client (`verdict.schema.json`).
    """

    name: str
    verdict: str
    exit_status: int
    folder: Path
    verdicts: Sequence[Mapping[str, Any]]

    @property
    def passed(self) -> bool:
        """True if the bridge passed, apart from checks that may be unknown."""
        return self.exit_status == 0

    def text(self) -> str:
        """Return verdict, findings and reports as text, for the message of a failed test."""
        return "\n".join([f"{self.name}: {self.verdict}", *self._lines(), f"  report: {self.folder / 'report.html'}"])

    def _lines(self) -> Iterator[str]:
        for verdict in self.verdicts:
            yield f"  {verdict['summary']}"
            others = [check for check in verdict["checks"] if check["verdict"] != "pass"]
            for check in others:
                if check["findings"]:
                    yield f"  {check['verdict']}  {check['requirement']['number']} {check['title']}  ({check['id']})"
                    yield from _finding_lines(check["findings"])
            bare = [check["id"] for check in others if not check["findings"]]
            yield from [f"  not observed: {', '.join(bare)}"] if bare else []


def run_scenarios(arguments: Sequence[str], results: Path, log: Path, folder: Path) -> list[ScenarioResult]:
    """Run `sendproof run` with these arguments in `folder`, and return each scenario with its verdict.

    Reports go to `results`, the output to `log`. The run ends with this process, however that ends.
    `ScenarioRunError` if a scenario was not judged.
    """
    words = [sys.executable, "-m", "sendproof", "run", *arguments, "--json", "--results", str(results)]
    program = Program(name="sendproof run", command=words, log=log, environment={}, folder=folder)
    with Child(program, _STOP_S) as child:
        wait_until(lambda: child.exit_status is not None, math.inf)
        output = child.output()
    lines = output.splitlines()
    outcomes: list[dict[str, Any]] = next((json.loads(line) for line in lines if line.startswith(_OUTCOME)), [])
    found = [_result(outcome, folder) for outcome in outcomes]
    if not found or any(not result.verdicts for result in found):
        said = "\n".join(line for line in lines if not line.startswith(_OUTCOME))
        raise ScenarioRunError(f"sendproof run {shlex.join(arguments)}\n{said}\noutput: {log}")
    return found


def _result(outcome: Mapping[str, Any], folder: Path) -> ScenarioResult:
    return ScenarioResult(
        name=outcome["scenario"],
        verdict=outcome["verdict"],
        exit_status=outcome["exit_status"],
        folder=folder / outcome["results"],
        verdicts=[json.loads((folder / report).read_text("utf-8")) for report in outcome["reports"]],
    )


def _finding_lines(groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for group in groups:
        times = f"{group['count']:,} times, " if group["count"] > 1 else ""
        yield f"    {group['cause']}  ({times}to fix: {group['blame']})"
        for example in group["examples"][:_EXAMPLES]:
            place = "".join(f"{name} {value}: " for name, value in example["where"].items())
            yield f"      {place}expected {example['expected']}, got {example['got']}"
        if group.get("remedy"):
            yield f"      do: {group['remedy']}"
