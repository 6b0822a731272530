"""Whether the run came to its end."""

from history_builder import START
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.run_completed import CHECKS


def test_sound(correct_run):
    """A run without trouble came to its end."""
    assert correct_run.findings(CHECKS) == []


def test_trouble(correct_run):
    """What the runner noted is a finding in its own words."""
    trouble = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
               "expected": "a bridge that keeps running", "got": "exit status 1"}  # fmt: skip
    (finding,) = correct_run.plus(trouble).findings(CHECKS)

    assert (finding.level, finding.blame, finding.cause, finding.got) == (
        "fail", "bridge", "the bridge ended", "exit status 1",
    )  # fmt: skip
