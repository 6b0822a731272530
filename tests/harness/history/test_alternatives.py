"""A customer's record can change between announcement and due time; a bridge may use the old one or the new one."""

import pytest

from history_builder import HistoryBuilder, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

NEW = {"number": "447123000001", "text": "Hello Zoë", "owed": True, "reason": None}
OUT = {"number": "447123000001", "text": None, "owed": False, "reason": "opted_out", "opted_out_by": "attribute"}


def run_with(alternative: dict[str, object], **delivery: object) -> HistoryBuilder:
    """Return a correct run where the record of customer 0 changed, and the message was sent like this."""
    run = build_correct_run()
    customer = run.obligation_of(0)["customer"]
    changed = run.change(
        "obligation", lambda line: line | {"alternatives": [alternative]} if line["customer"] == customer else line
    )
    return changed.change_delivery_to(0, **delivery) if delivery else changed


@pytest.mark.parametrize("delivery", [{}, {"number": NEW["number"], "text": NEW["text"]}])
def test_message_after_either_record_is_right(delivery: dict[str, object]) -> None:
    (result, *_) = run_with(NEW, **delivery).history().obligations
    assert result.number == delivery.get("number", build_correct_run().obligation_of(0)["number"])
    assert run_with(NEW, **delivery).verdict().status == "pass"


def test_mixture_of_both_records_is_wrong() -> None:
    verdict = run_with(NEW, number=NEW["number"], text="Hello Ada").verdict()
    assert verdict.status == "fail"


def test_withheld_message_is_right_if_the_new_record_says_so() -> None:
    run = run_with(OUT)
    number = run.obligation_of(0)["number"]
    (result, *_) = run.without("delivery", lambda line: line["number"] == number).history().obligations
    assert (result.owed, result.reason) == (False, "opted_out")


@pytest.mark.parametrize(("text", "kind"), [(None, "withheld"), ("Something else", "wrong text")])
def test_right_message_of_another_campaign_says_nothing_about_this_one(text: str | None, kind: str) -> None:
    """The number that the customer had until the announcement got a message of the day before."""
    gone = {"number": None, "text": None, "owed": False, "reason": "unusable_number"}
    run = build_correct_run()
    due, sent = run.obligation_of(0), run.delivery_to(0)
    others = [due | {"campaign": 7000, "text": "Good morning"}, sent | {"message": "x", "text": "Good morning"}]
    run = run_with(gone).plus(*others)
    run = run.without("delivery", lambda line: line == sent) if text is None else run.change_delivery_to(0, text=text)

    assert ledger(run.history()).recipients[0].kind == kind
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []
