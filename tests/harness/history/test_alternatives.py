"""A customer's record can change between announcement and due time; a bridge may use the old one or the new one."""

import pytest

from history_builder import HistoryBuilder, build_correct_run

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
