"""A customer who meets one trigger twice in the same instant: either event may be that of either message."""

import pytest

from history_builder import START, HistoryBuilder, Line, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import MINUTE, SECOND, iso
from sendproof_harness.judge.checks import delivery, triggers
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

MET = START + 30 * 60 * MINUTE


def event(ordinal: int, at: int = MET, **fields: object) -> Line:
    """Return an attempt to post event 11 of the trigger."""
    key = f"11:visit:C0000003:{ordinal}"
    return {"n": 2, "at": iso(at), "kind": "webhook", "service": "optimove", "event": "11", "key": key,
            "url": "http://x", "attempt": 1, "status": 200, "error": None} | fields  # fmt: skip


def run_with(*events: Line, sent_at: tuple[int, ...]) -> HistoryBuilder:
    """Return a run where customer 3 meets a trigger twice in one instant, with the messages sent at these times."""
    run = build_correct_run()
    due = run.obligation_of(3) | {"at": iso(MET), "due": iso(MET), "campaign": 8001, "trigger": "visit"}
    trigger = {"n": 1, "at": iso(MET), "kind": "trigger", "trigger": "visit", "campaign": 8001, "channel": 505,
               "customer": "C0000003", "template": 11, "request_id": "r"}  # fmt: skip
    sent = [
        run.delivery_to(3) | {"n": 9_000 + index, "at": iso(at), "send_at": iso(at), "message": f"t{index}"}
        for index, at in enumerate(sent_at)
    ]
    return run.plus(due, due, trigger, trigger, *events, *sent)


def found(run: HistoryBuilder) -> list[tuple[str, str]]:
    """Return cause and level of each finding about the messages of triggers; the recount must agree on the results."""
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []
    checks = (*delivery.CHECKS, triggers.CHECKS[1])
    return [(f.level, f.cause) for level in ("fail", "unknown") for f in run.findings(checks, level)]


def test_message_of_the_event_that_never_arrived_is_indefinite() -> None:
    dropped = event(1, status=None, error="dropped", dropped=True)
    run = run_with(dropped, event(2), sent_at=(MET + SECOND,))

    assert found(run) == [("unknown", "indefinite: no event ever reached the bridge")]


def test_message_may_wait_for_the_later_event() -> None:
    late = MET + 10 * MINUTE
    run = run_with(event(1, at=late), event(2), sent_at=(MET + SECOND, late + SECOND))

    assert found(run) == []


@pytest.mark.parametrize("refused", [1, 2])
def test_lost_message_names_the_event_that_was_refused(refused: int) -> None:
    run = run_with(event(refused, status=500), event(3 - refused), sent_at=(MET + SECOND,))

    assert found(run) == [("fail", "lost: the bridge did not accept the event of the trigger")]
    assert ledger(run.history()).counts["lost"] == 1


def test_message_of_one_event_lost_although_both_arrived() -> None:
    run = run_with(event(1), event(2), sent_at=(MET + SECOND,))

    assert found(run) == [("fail", "lost: a second trigger of the customer within an hour was taken for a duplicate")]
