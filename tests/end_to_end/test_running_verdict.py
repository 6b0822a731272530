"""A correct bridge is never blamed while it works: the verdict on its sandbox at any moment has no failure."""

import subprocess
from contextlib import suppress

import pytest

from command_line import scaled_down, start
from running import RunningSimulators
from sendproof_harness.control_client import ControlError
from sendproof_harness.judge.verdict import Verdict, judge
from sendproof_harness.session.running_sandbox import running_history


def verdicts_during_a_run(simulators: RunningSimulators, *arguments: object) -> list[Verdict]:
    """Judge the sandbox of a run several times a second, until the run has ended."""
    names = {row["sandbox"] for row in simulators.call("GET", "/sandboxes")}
    running, verdicts = start("run", *map(str, arguments), "--control-url", simulators.control), []
    while running.poll() is None:
        for row in simulators.call("GET", "/sandboxes"):
            if row["sandbox"] not in names:
                try:
                    verdicts.append(judge(running_history(simulators.control, row["sandbox"])))
                except ControlError:
                    # The run ended in between.
                    continue
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=0.2)
    out, _ = running.communicate()
    assert running.returncode == 0, out
    return verdicts


@pytest.mark.slow
def test_correct_bridge_is_never_blamed_while_it_works(tmp_path, simulators: RunningSimulators):
    verdicts = verdicts_during_a_run(simulators, scaled_down(tmp_path, 60), "--results", tmp_path)

    blamed = [group.cause for verdict in verdicts for group in verdict.groups if group.level in {"fail", "error"}]
    assert (blamed, bool(verdicts)) == ([], True)
