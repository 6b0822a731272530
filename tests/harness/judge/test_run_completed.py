"""Runs that ended early."""

from history_builder import START
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.run_completed import CHECKS


def test_run_without_abort_passes(correct_run):
    assert correct_run.findings(CHECKS) == []


def test_aborted_run_fails_with_recorded_cause(correct_run):
    aborted = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
               "expected": "a bridge that keeps running", "got": "exit status 1"}  # fmt: skip
    (finding,) = correct_run.plus(aborted).findings(CHECKS)

    assert (finding.level, finding.blame, finding.cause, finding.got) == (
        "fail", "bridge", "the bridge ended", "exit status 1",
    )  # fmt: skip
