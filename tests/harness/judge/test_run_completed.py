"""Runs that ended early."""

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks import delivery
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


def test_end_by_the_harness_is_an_error_that_says_nothing_about_the_bridge(correct_run):
    """A time-out of the simulators is no failure of the bridge."""
    aborted = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "harness", "cause": "no response in time",
               "expected": "a response", "got": "none", "reason": "harness"}  # fmt: skip
    verdict = correct_run.plus(aborted).verdict()

    assert (verdict.status, verdict.groups[0].level, verdict.groups[0].blame) == ("error", "error", "harness")


def test_response_that_violates_its_contract_is_an_error_of_the_harness(correct_run):
    """A bridge cannot be judged by what a wrong simulator told it."""
    violation = {"where": "body.0", "rule": "additionalProperties", "message": "'Name' was unexpected"}
    entry = {"n": 9_999, "at": "2026-03-02T06:00:00.000Z", "kind": "contract_violation", "service": "optimove",
             "operation": "GetChannelTemplates", "request": 12, "violations": [violation]}  # fmt: skip
    cause = "optimove: the response of GetChannelTemplates violates its contract in body.0"

    (finding,) = correct_run.plus(entry).findings(CHECKS)
    assert (finding.level, finding.blame, finding.cause) == ("error", "harness", cause)


def test_message_that_was_not_due_before_a_crash_needs_no_longer_run(correct_run):
    """A longer run would end at the same crash."""
    aborted = {"n": 999, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
               "expected": "a bridge that keeps running", "got": "exit status 1"}  # fmt: skip
    run = HistoryBuilder((correct_run.lines[0] | {"ended": iso(START)}, *correct_run.lines[1:]))

    causes = {finding.cause for finding in run.plus(aborted).findings(delivery.CHECKS, "unknown")}
    assert causes == {"not due before the end of the history; repair first what ended the run"}
