"""Runs with several clients: the bridge was killed at a call or webhook of another client."""

import pytest

from fault_helpers import causes, injection_line, late_by, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import HOUR, MINUTE
from sendproof_harness.judge.checks import delivery, faults, timing
from sendproof_harness.judge.checks.reports import totals
from sendproof_harness.recount.count import recount


def killed_elsewhere(run: HistoryBuilder, at: int) -> HistoryBuilder:
    """Kill the bridge for an hour, at the announcement of another client's campaign."""
    return run.plus(
        injection_line(at, 5_000, "kill", "optimove", "13", target="webhook", when="after", id="north/f1", down=HOUR)
    )


def without_a_delivery(metrics: Line) -> Line:
    """Report one delivered message too few for template 11."""
    items = [
        item | {"MetricValue": 3} if (item["TemplateID"], item["MetricID"]) == (11, 1) else item
        for item in metrics["items"]
    ]
    return metrics | {"items": items}


@pytest.mark.parametrize(
    ("by", "found"),
    [
        (64 * MINUTE, []),
        (4 * HOUR, ["late: sent more than 5 min after it was due, even with the extra time for faults"]),
    ],
)
def test_kill_at_a_webhook_of_another_client_extends_deadline(correct_run, by, found):
    """There is one bridge. One that does not resume its work in time is late anyway."""
    run = killed_elsewhere(late_by(correct_run, by), FIRST_SEND)

    assert causes(run, timing) == found
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_loss_after_kill_at_a_webhook_of_another_client_names_the_work_that_was_not_resumed(correct_run):
    """The webhook about this campaign was not the one at which the bridge was killed."""
    run = killed_elsewhere(correct_run, START + 2 * HOUR).without("delivery")

    found = run.findings(delivery.CHECKS)
    assert {finding.cause for finding in found} == {"lost: the bridge did not resume its work after it was killed"}
    assert {finding.got for finding in found} == {"nothing after kill (f1 of another client) at optimove 13"}


def test_kill_at_a_webhook_of_another_client_is_none_of_the_own_faults(correct_run):
    run = killed_elsewhere(
        with_faults(correct_run, {"fault": "connection_reset", "call": "textlocal.send"}), FIRST_SEND
    )

    assert causes(run, faults) == ["a fault was never injected: there were no requests of textlocal.send"]


@pytest.mark.parametrize(
    ("killed", "hint"),
    [("f1", ", as if acknowledged receipts were not stored before the bridge was killed"), ("north/f1", "")],
)
def test_kill_explains_a_missing_receipt_if_it_was_at_a_webhook_of_this_client(correct_run, killed, hint):
    kill = injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "receipt", target="webhook", id=killed)
    run = correct_run.change("metrics", without_a_delivery).plus(kill)

    assert causes(run, totals) == [f"the total of delivered does not match the provider's records{hint}"]
