"""The verdict on a sandbox that is still in use: what may still come is unknown, and says until when."""

from history_builder import FIRST_SEND, HistoryBuilder, build_correct_run
from sendproof_harness.history.timestamps import HOUR, iso

RUNNING = {"n": 0, "at": iso(FIRST_SEND), "kind": "running"}


def outstanding(run: HistoryBuilder) -> list[str]:
    """Return what the check of the run names as not over."""
    (result,) = (result for result in run.verdict().results if result.check.id == "run.completed")
    return [finding.got.partition(", until")[0] for finding in result.findings if finding.level == "unknown"]


def ended_at(run: HistoryBuilder, instant: int) -> HistoryBuilder:
    """Return the run as far as it was known at an instant."""
    known = HistoryBuilder(tuple(line for line in run.lines if str(line["at"]) <= iso(instant)))
    return known.change("history", lambda line: line | {"ended": iso(instant)})


def test_run_that_is_over_passes_although_its_sandbox_exists():
    assert build_correct_run().plus(RUNNING).verdict().status == "pass"


def test_campaign_that_is_planned_is_not_over():
    run = build_correct_run().plus(RUNNING | {"planned": [7002]})
    assert outstanding(run) == ["not over: announcement of 1 campaign: 7002"]


def test_messages_and_reports_that_may_still_come_are_not_over():
    early = ended_at(build_correct_run(), FIRST_SEND - HOUR).plus(RUNNING)
    assert outstanding(early) == [
        "not over: messages to 10 recipients",
        "not over: reports of campaign 7001 on channel 505",
    ]
    assert early.verdict().status == "unknown"
