"""A scenario that is run by the command, and the verdict of each of its checks."""

import json
from dataclasses import dataclass
from pathlib import Path

from command_line import CommandResult, sendproof


@dataclass(frozen=True)
class JudgedRun:
    """The result of the command, and the verdict of each check by the number of its requirement."""

    command: CommandResult
    checks: dict[str, str]

    def not_passed(self) -> dict[str, str]:
        return {number: verdict for number, verdict in self.checks.items() if verdict != "pass"}


def run_scenario(scenario: Path, *options: str | Path) -> JudgedRun:
    """Run a scenario and read its verdict."""
    results = scenario.parent / "results"
    command = sendproof("run", scenario, "--results", results, *options)
    verdict = json.loads((results / scenario.stem / "verdict.json").read_text())
    return JudgedRun(command, {check["requirement"]["number"]: check["verdict"] for check in verdict["checks"]})
