"""The verdict as the sum of all findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history_builder import HistoryBuilder, build_correct_run
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.verdict import Verdict, judge

CORRECT_RUN = build_correct_run()


def check_with(*levels: str, looked_at: int = 1) -> Check:
    """Return a check with findings of these levels."""
    findings = tuple(
        Finding(check="a.check", level=level, blame="bridge", cause="a cause", expected="this", got="that")
        for level in levels
    )
    return Check(
        id="a.check",
        title="A check",
        requirement=CHECKS[0].requirement,
        run=lambda _: CheckResult(looked_at=looked_at, unit="items", findings=findings),
    )


def verdict_of(*checks: Check) -> Verdict:
    """Return the verdict of these checks alone."""
    return judge(CORRECT_RUN.history(), checks)


def test_correct_run_passes_every_check(correct_run):
    verdict = correct_run.verdict()

    assert (verdict.status, verdict.exit_status, verdict.groups) == ("pass", 0, ())
    assert {result.status for result in verdict.results} == {"pass"}
    assert tuple(verdict.ledger) == RESULT_KINDS
    assert {kind: count for kind, count in verdict.ledger.items() if count} == {"ok": 10, "withheld": 2}


def test_campaign_row_has_ledger_totals_pages_and_pushes(correct_run):
    (row,) = correct_run.verdict().campaigns

    assert (row.campaign, row.customers, row.owed, row.pages, row.pushes) == (7001, 12, 10, 3, 28)
    assert row.counts == {"ok": 10, "withheld": 2}
    assert row.reported == {"sent": 10, "delivered": 8, "dropped": 2, "bounced": 2}


@pytest.mark.parametrize(
    ("levels", "looked_at", "status", "exit_status"),
    [
        ((), 1, "pass", 0),
        ((), 0, "unknown", 2),
        (("note",), 1, "pass", 0),
        (("note",), 0, "unknown", 2),
        (("unknown",), 1, "unknown", 2),
        (("unknown", "fail"), 1, "fail", 1),
        (("fail",), 0, "fail", 1),
        (("fail", "error"), 1, "error", 3),
    ],
)
def test_status_of_a_check_is_its_worst_level(levels, looked_at, status, exit_status):
    """A check without anything to look at is unknown and never passes."""
    verdict = verdict_of(check_with(*levels, looked_at=looked_at))

    assert (verdict.status, verdict.exit_status) == (status, exit_status)


def test_status_of_a_run_is_its_worst_check():
    assert verdict_of(check_with(), check_with("unknown")).status == "unknown"
    assert verdict_of(check_with("unknown"), check_with("fail")).status == "fail"
    assert verdict_of(check_with("fail"), check_with("error")).status == "error"


def test_empty_run_is_unknown(correct_run):
    assert HistoryBuilder(correct_run.lines[:1]).verdict().status == "unknown"


def test_raising_check_is_an_error_and_other_checks_count():
    def raising(_: object) -> CheckResult:
        raise ZeroDivisionError("oh")

    failing = Check(id="bad.check", title="Bad", requirement=CHECKS[0].requirement, run=raising)
    verdict = verdict_of(failing, check_with("fail"))

    assert [result.status for result in verdict.results] == ["error", "fail"]
    assert verdict.groups[0].examples[0].got == "ZeroDivisionError: oh"


def test_findings_are_grouped_by_cause_with_three_examples():
    (group,) = verdict_of(check_with(*["fail"] * 5)).groups

    assert (group.cause, group.count, len(group.examples)) == ("a cause", 5, 3)


def test_checks_have_unique_ids_and_requirements_with_sources():
    assert len({check.id for check in CHECKS}) == len({check.requirement.number for check in CHECKS}) == len(CHECKS)
    assert all(check.requirement.source for check in CHECKS)


FAULTY_RUN = (
    CORRECT_RUN.plus(CORRECT_RUN.delivery_to(6) | {"message": "duplicate"})
    .plus(CORRECT_RUN.delivery_to(7) | {"message": "unmatched", "number": "447999999999"})
    .change_delivery_to(3, text="Hello")
    .change_delivery_to(4, number="447888888888")
)


@given(st.permutations(range(1, len(FAULTY_RUN.lines))))
def test_order_of_lines_within_an_instant_does_not_change_verdict(order):
    shuffled = [FAULTY_RUN.lines[index] for index in order]
    run = HistoryBuilder((FAULTY_RUN.lines[0], *sorted(shuffled, key=lambda line: str(line["at"]))))

    assert comparable(run.verdict()) == comparable(FAULTY_RUN.verdict())


def comparable(verdict: Verdict) -> object:
    """Return the content of a verdict without the order of findings."""
    counts = {(group.check, group.cause): group.count for group in verdict.groups}
    return verdict.status, counts, dict(verdict.ledger), [(row.counts, row.reported) for row in verdict.campaigns]
