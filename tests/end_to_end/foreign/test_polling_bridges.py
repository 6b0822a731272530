"""Bridges that poll by the clock of their machine, in three languages, and the same bridges in virtual time.

Their loop takes 2 s and each write of theirs a while, so a run that jumped over their work would lose every message.
"""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import scaled_down
from judged_run import JudgedRun, run_scenario
from repository import ROOT

EXAMPLES = ROOT / "bridge" / "examples"
TRIGGERED = """\
sendproof: 1
name: A few triggers
seed: 8007
starts: 2026-03-02T06:00:00Z
audience: {customers: 20}
channels:
  - {id: 250, provider: textlocal, kind: triggered}
templates:
  - {provider: textlocal, title: Your offer, body: "{{FIRST_NAME}}, {{product}} for {{price}}."}
triggers:
  - {trigger: Looked at, campaign: 8001, channel: 250, template: Your offer, criteria: [{event: view}]}
steps:
  - wait_for: {listeners: 1, synchronised: true}
  - trigger: Looked at
  - events: {event: view, customers: 8, parameters: {product: "Tea & milk", price: 2.50}, spread: 4 minutes}
  - advance: 1 hour
"""


@dataclass(frozen=True)
class Example:
    """One example bridge: its program, and the prefix of its environment variables."""

    program: str
    file: str
    prefix: str

    def command(self, clock: str, file: Path | None = None) -> str:
        """Return the command that starts it with a clock: `machine` or `virtual`."""
        slow = [f"{self.prefix}_LOOP=2", f"{self.prefix}_WRITE=0.3"] if clock == "machine" else []
        settings = [f"{self.prefix}_CLOCK={clock}", *slow]
        return shlex.join(["env", *settings, self.program, str(file or EXAMPLES / self.file)])


FLASK = Example(sys.executable, "flask_bridge/app.py", "FLASK_BRIDGE")
NODE = Example("node", "node_bridge/bridge.js", "NODE_BRIDGE")
PHP = Example("php", "php_bridge/bridge.php", "PHP_BRIDGE")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


POLLING = [
    pytest.param(FLASK, id="flask"),
    pytest.param(NODE, id="node", marks=needs("node")),
    pytest.param(PHP, id="php", marks=needs("php")),
]
slow = pytest.mark.slow


def outcome(run: JudgedRun) -> tuple[int, dict[str, str]]:
    return run.command.status, run.not_passed()


@slow
@pytest.mark.parametrize("example", POLLING)
def test_polling_bridge_gets_no_finding_but_unknown_times(example: Example, tmp_path: Path) -> None:
    """Eight days are played, and every message and every page is there."""
    run = run_scenario(scaled_down(tmp_path, 100), "--command", example.command("machine"))
    status, not_passed = outcome(run)
    assert (status, set(not_passed.values())) == (2, {"unknown"}), run.command.out
    assert not_passed.keys() <= {"R404", "R501", "R503"}
    assert "looks for work every 2 seconds" in run.command.out


@slow
@pytest.mark.parametrize("example", POLLING[1:])
def test_polling_bridge_sends_triggered_messages(example: Example, tmp_path: Path) -> None:
    scenario = tmp_path / "triggered.yaml"
    scenario.write_text(TRIGGERED)
    run = run_scenario(scenario, "--command", example.command("machine"))
    assert run.checks["R401"] == run.checks["R403"] == "pass", run.command.out
    assert "fail" not in run.checks.values()


@slow
@pytest.mark.parametrize("example", POLLING[1:])
def test_same_bridge_passes_in_virtual_time(example: Example, tmp_path: Path) -> None:
    run = run_scenario(scaled_down(tmp_path, 100), "--command", example.command("virtual"))
    assert outcome(run) == (0, {}), run.command.out


def broken(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a copy of the Node bridge with changes of its code; return the file."""
    code = (EXAMPLES / NODE.file).read_text()
    for right, wrong in changes:
        assert right in code
        code = code.replace(right, wrong)
    file = folder / "broken.js"
    file.write_text(code)
    return file


@slow
@needs("node")
def test_polling_bridge_that_drops_the_last_page_fails(tmp_path: Path) -> None:
    """The run waits for the missing rows in vain, and then names them."""
    file = broken(
        tmp_path,
        ("PAGE_SIZE = 10000", "PAGE_SIZE = 40"),
        ("rows.length === PAGE_SIZE", "rows.length === PAGE_SIZE && !skip"),
    )
    run = run_scenario(scaled_down(tmp_path, 100), "--command", NODE.command("machine", file), "--timeout", "8")
    assert (run.checks["R301"], run.checks["R401"]) == ("fail", "fail")
    assert "rows never read: the last page was skipped" in run.command.out


SENT_TWICE = (
    'result = await textlocal(now, "bulk_json", {',
    'await textlocal(now, "bulk_json", { data: JSON.stringify(data) }); result = await textlocal(now, "bulk_json", {',
)
LIST_IGNORED = ("const numbers = await optedOutNumbers(now);", "const numbers = [];")


@slow
@needs("node")
@pytest.mark.parametrize(
    ("change", "requirement", "cause"),
    [
        pytest.param(SENT_TWICE, "R401", "duplicated: the same message was sent more than once", id="twice"),
        pytest.param(LIST_IGNORED, "R405", "the number is on the provider's list of opt-outs", id="opted out"),
    ],
)
def test_polling_bridge_that_sends_a_wrong_message_fails(
    change: tuple[str, str], requirement: str, cause: str, tmp_path: Path
) -> None:
    """What was observed to be wrong is a failure whatever the clock."""
    run = run_scenario(scaled_down(tmp_path, 60), "--command", NODE.command("machine", broken(tmp_path, change)))
    assert {number for number, verdict in run.checks.items() if verdict == "fail"} == {requirement}
    assert cause in " ".join(run.command.out.split())


@slow
@needs("node")
def test_polling_bridge_with_empty_placeholders_fails(tmp_path: Path) -> None:
    """Only the texts are wrong, so nothing is waited for."""
    file = broken(tmp_path, ('attributes[name] ?? ""', '""'))
    run = run_scenario(scaled_down(tmp_path, 20), "--command", NODE.command("machine", file))
    assert {number for number, verdict in run.checks.items() if verdict == "fail"} == {"R403"}
