"""The suppression attribute of a provider: whom it excludes, and whether it was synced."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, iso
from sendproof_harness.judge.checks import delivery, suppression

NOT_REGISTERED = "Optimove has not registered the attribute gamStop"
SUPPRESSED = {"owed": False, "reason": "suppressed", "text": None}


def sync(hours_before: int, error: str | None = None) -> Line:
    """Return a sync of the attribute."""
    return {"n": 900 - hours_before, "at": iso(FIRST_SEND - hours_before * HOUR), "real": 0.0, "kind": "attribute_sync",
            "service": "textlocal", "attribute": "gamStop", "profiles": 12, "error": error}  # fmt: skip


@pytest.fixture
def suppressed_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run where customer 4 is suppressed and got no message."""
    number = correct_run.obligation_of(4)["number"]
    run = correct_run.change("obligation", lambda line: line | SUPPRESSED if line["number"] == number else line)
    return run.without("delivery", lambda line: line["number"] == number)


def found(run: HistoryBuilder) -> list[tuple[str, str, str | None]]:
    """Return level, cause and customer of each finding."""
    findings = run.findings(suppression.CHECKS, "note", "fail", "unknown")
    return [(finding.level, finding.cause, finding.where.customer) for finding in findings]


def test_suppressed_customer_without_message_passes(suppressed_run):
    assert found(suppressed_run.plus(sync(6))) == []


def test_message_to_suppressed_customer_fails_by_this_check_alone(correct_run, suppressed_run):
    run = suppressed_run.plus(sync(6), correct_run.delivery_to(4))

    cause = "sent to a customer whom the provider's suppression attribute excludes"
    assert found(run) == [("fail", cause, "C0000004")]
    assert run.findings(delivery.CHECKS, "fail") == []


def test_failed_sync_is_a_note_if_another_succeeded(suppressed_run):
    run = suppressed_run.plus(sync(30, NOT_REGISTERED), sync(6))

    assert found(run) == [("note", "a sync of the suppression attribute failed", None)]


def test_run_in_which_every_sync_failed_tests_nothing(correct_run):
    """Optimove has to register the attribute first, which no bridge can do."""
    (finding,) = correct_run.plus(sync(6, NOT_REGISTERED)).findings(suppression.CHECKS)

    assert (finding.level, finding.blame, finding.got) == ("unknown", "config", NOT_REGISTERED)


def test_check_applies_only_to_runs_with_syncs(correct_run):
    assert "delivery.suppression" not in {result.check.id for result in correct_run.verdict().results}
