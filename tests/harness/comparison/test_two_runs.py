"""Two runs of one scenario with two bridges, and which side the judge blames for each difference."""

from dataclasses import replace

import pytest

from history_builder import HistoryBuilder
from sendproof_harness.comparison.two_runs import JudgedRun, compare_runs, judged_run
from sendproof_harness.history.timestamps import HOUR, iso, parse_instant
from sendproof_harness.judge.verdict import judge


def judged(run: HistoryBuilder) -> JudgedRun:
    history = run.history()
    return judged_run(history, judge(history))


def without_message_to(run: HistoryBuilder, customer: int) -> HistoryBuilder:
    lost = run.delivery_to(customer)["message"]
    return run.without("delivery", lambda line: line["message"] == lost)


def test_run_does_not_differ_from_itself(correct_run):
    compared = compare_runs(judged(correct_run), judged(correct_run))
    assert (compared.differs, compared.is_worse, compared.looked_at) == (False, False, 12)


def test_lost_message_is_the_second_bridges_fault(correct_run):
    compared = compare_runs(judged(correct_run), judged(without_message_to(correct_run, 3)))
    (worse,) = compared.found["worse"]
    assert (worse.customer, worse.heading) == ("C0000003", "messages that only A sent")
    assert compared.is_worse
    assert any(check == "delivery.once" for check, _ in compared.new_causes)


def test_repaired_defect_is_no_regression(correct_run):
    compared = compare_runs(judged(without_message_to(correct_run, 3)), judged(correct_run))
    assert [difference.customer for difference in compared.found["better"]] == ["C0000003"]
    assert (compared.differs, compared.is_worse) == (True, False)


def test_message_later_but_in_time_is_allowed(correct_run):
    delivery = correct_run.delivery_to(3)
    later = iso(parse_instant(delivery["send_at"]) + 2 * 60_000)
    compared = compare_runs(judged(correct_run), judged(correct_run.change_delivery_to(3, send_at=later, at=later)))
    assert [difference.heading for difference in compared.found["allowed"]] == [
        "messages at another time: B 2 min later"
    ]
    assert not compared.differs


def test_both_bridges_may_be_wrong_in_different_ways(correct_run):
    early = iso(parse_instant(correct_run.delivery_to(3)["send_at"]) - HOUR)
    first = correct_run.change_delivery_to(3, send_at=early, at=early)
    compared = compare_runs(judged(first), judged(without_message_to(correct_run, 3)))
    assert [difference.customer for difference in compared.found["both wrong"]] == ["C0000003"]


def test_total_is_blamed_on_the_side_with_the_finding(correct_run):
    def less(line):
        return {**line, "items": [{**item, "MetricValue": 1} for item in line["items"]]}

    compared = compare_runs(judged(correct_run), judged(correct_run.change("metrics", less)))
    assert {difference.topic.kind for difference in compared.found["worse"]} == {"total of"}


def test_run_that_ended_early_is_not_compared_as_a_whole(correct_run):
    aborted = {
        "n": 99, "at": iso(0), "real": 0.0, "kind": "aborted", "blame": "bridge", "cause": "the bridge ended",
        "expected": "a bridge", "got": "none",
    }  # fmt: skip
    compared = compare_runs(judged(correct_run), judged(correct_run.plus(aborted)))
    assert compared.unobserved == "a run ended early (B: the bridge ended)"


@pytest.mark.parametrize("side", [0, 1])
def test_bridge_outside_virtual_time_has_no_send_times_to_compare(correct_run, side):
    def without_participants(line):
        return {**line, "clock": {**line["clock"], "participants": []}}

    runs = [judged(correct_run), judged(correct_run)]
    runs[side] = judged(correct_run.change("history", without_participants).without("clock"))
    assert compare_runs(*runs).unobserved.startswith(f"send times, because {'AB'[side]} took no part")


def test_cause_with_another_number_is_no_new_cause(correct_run):
    """A gate for regressions must not fail because a known defect shows a day earlier."""
    first, second = judged(correct_run), judged(correct_run)
    known = replace(first, causes={("metrics.cadence", "no metrics for a whole day: they stopped after day 6")})
    again = replace(second, causes={("metrics.cadence", "no metrics for a whole day: they stopped after day 5")})
    other = replace(second, causes={("metrics.cadence", "no metrics were pushed")})
    assert not compare_runs(known, again).is_worse
    assert compare_runs(known, other).new_causes == (("metrics.cadence", "no metrics were pushed"),)


def test_what_the_judge_knows_of_one_bridge_only_is_not_compared(correct_run):
    compared = compare_runs(
        judged(correct_run), replace(judged(correct_run), unknown_checks=frozenset({"metrics.cadence"}))
    )
    assert compared.unobserved == "what the judge knows of one bridge only: metrics.cadence"
