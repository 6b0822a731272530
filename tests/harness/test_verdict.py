"""What findings add up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history_builder import Story, sound_story
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.facts.delivery_ledger import RESULT_KINDS
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.verdict import Verdict, judge

SOUND = sound_story()


def check_that(*levels: str, looked_at: int = 1) -> Check:
    """A check that finds this."""
    findings = tuple(
        Finding(check="a.check", level=level, blame="bridge", cause="a cause", expected="this", got="that")
        for level in levels
    )
    return Check(
        id="a.check",
        title="A check",
        requirement=CHECKS[0].requirement,
        run=lambda _: CheckResult(looked_at=looked_at, unit="things", findings=findings),
    )


def verdict_of(*checks: Check) -> Verdict:
    """The verdict of these checks alone."""
    return judge(SOUND.history(), checks)


def test_sound(sound):
    """A sound run passes every check, and every class of the ledger is counted."""
    verdict = sound.verdict()

    assert (verdict.status, verdict.exit_status, verdict.groups) == ("pass", 0, ())
    assert {result.status for result in verdict.results} == {"pass"}
    assert tuple(verdict.ledger) == RESULT_KINDS
    assert {name: count for name, count in verdict.ledger.items() if count} == {"ok": 10, "withheld": 2}


def test_campaign_table(sound):
    """Each campaign has its own ledger, its last totals, its pages and pushes."""
    (row,) = sound.verdict().campaigns

    assert (row.campaign, row.customers, row.owed, row.pages, row.pushes) == (7001, 12, 10, 3, 28)
    assert row.counts == {"ok": 10, "withheld": 2}
    assert row.reported == {"sent": 10, "delivered": 8, "dropped": 2, "bounced": 2}


@pytest.mark.parametrize(
    ("levels", "looked_at", "standing", "exit_status"),
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
def test_standing_of_a_check(levels, looked_at, standing, exit_status):
    """The gravest finding decides; having looked at nothing is unknown, never a pass."""
    verdict = verdict_of(check_that(*levels, looked_at=looked_at))

    assert (verdict.status, verdict.exit_status) == (standing, exit_status)


def test_worst_check_decides():
    """Error before fail before unknown before pass."""
    assert verdict_of(check_that(), check_that("unknown")).status == "unknown"
    assert verdict_of(check_that("unknown"), check_that("fail")).status == "fail"
    assert verdict_of(check_that("fail"), check_that("error")).status == "error"


def test_nothing_happened(sound):
    """A run in which nothing was planned and nothing done is unknown."""
    assert Story(sound.lines[:1]).verdict().status == "unknown"


def test_a_broken_check_is_an_error():
    """A check that raises says nothing about the bridge, and the other checks are still heard."""

    def broken(_: object) -> CheckResult:
        raise ZeroDivisionError("oh")

    bad = Check(id="bad.check", title="Bad", requirement=CHECKS[0].requirement, run=broken)
    verdict = verdict_of(bad, check_that("fail"))

    assert [result.status for result in verdict.results] == ["error", "fail"]
    assert verdict.groups[0].examples[0].got == "ZeroDivisionError: oh"


def test_findings_are_grouped_by_cause():
    """A cause is told once, with how often it was found and three examples."""
    (group,) = verdict_of(check_that(*["fail"] * 5)).groups

    assert (group.cause, group.count, len(group.examples)) == ("a cause", 5, 3)


def test_checks_are_told_apart():
    """Every check has an id and a requirement of its own, and every requirement a source."""
    assert len({check.id for check in CHECKS}) == len({check.requirement.number for check in CHECKS}) == len(CHECKS)
    assert all(check.requirement.source for check in CHECKS)


SPOILT = (
    SOUND.plus(SOUND.delivery_to(6) | {"message": "again"})
    .plus(SOUND.delivery_to(7) | {"message": "stray", "number": "447999999999"})
    .change_delivery_to(3, text="Hello")
    .change_delivery_to(4, number="447888888888")
)


@given(st.permutations(range(1, len(SPOILT.lines))))
def test_order_within_an_instant_does_not_matter(order):
    """What happened at one instant may be written in any order: the verdict is the same."""
    shuffled = [SPOILT.lines[index] for index in order]
    story = Story((SPOILT.lines[0], *sorted(shuffled, key=lambda line: str(line["at"]))))

    assert told(story.verdict()) == told(SPOILT.verdict())


def told(verdict: Verdict) -> object:
    """What a verdict says, without the order of the findings within a cause."""
    counts = {(group.check, group.cause): group.count for group in verdict.groups}
    return verdict.status, counts, dict(verdict.ledger), [(row.counts, row.reported) for row in verdict.campaigns]
