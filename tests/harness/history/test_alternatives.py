"""A customer's record can change between announcement and due time; a bridge may use the old one or the new one."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
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


CUSTOMER, DUE = "C0000004", FIRST_SEND + HOUR


def kinds(run: HistoryBuilder) -> list[str]:
    """Return the results of customer 4, on which the recount must agree."""
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []
    return [found.kind for found in ledger(run.history()).recipients if found.obligation.customer == CUSTOMER]


def with_alternative(line: Line, **changed: object) -> Line:
    """Return an obligation after a record that changed."""
    return line | {"alternatives": [{"number": line["number"], "text": "New", "owed": True, "reason": None} | changed]}


def campaigns(*texts: str | None, later: int = DAY, alternative: Line | None = None, **first: object) -> HistoryBuilder:
    """Return a run with two campaigns of one template, and messages to customer 4 with these texts, None for none.

    The record of the customer changed to `alternative` before the second campaign was due. `first` are fields of the
    first obligation.
    """
    due, sent = build_correct_run().obligation_of(4), build_correct_run().delivery_to(4)
    run = build_correct_run().without("delivery", lambda line: line["number"] == due["number"])
    run = run.change("obligation", lambda line: line | first if line["customer"] == CUSTOMER else line)
    times = [{"at": iso(DUE + place * later), "send_at": iso(DUE + place * later)} for place in range(len(texts))]
    messages = [
        sent | {"message": f"x{place}", "text": text} | times[place]
        for place, text in enumerate(texts)
        if text is not None
    ]
    second = with_alternative(due, **(alternative or {})) | {"campaign": 7002}
    second |= {"at": iso(DUE + later - MINUTE), "due": iso(DUE + later)}
    page = next(line for line in run.lines_of("request") if "summary" in line)
    return run.plus(second, page | {"summary": page["summary"] | {"campaign": 7002}}, *messages)


OLD = str(build_correct_run().obligation_of(4)["text"])


@pytest.mark.parametrize("text", [OLD, "New"])
def test_message_after_either_record_is_right_beside_an_equal_one_of_another_campaign(text: str) -> None:
    assert kinds(campaigns(OLD, text)) == ["ok", "ok"]


@pytest.mark.parametrize("texts", [(OLD, OLD), (OLD, "New"), ("New", OLD), ("New", "New")])
def test_messages_of_two_campaigns_may_follow_different_records(texts: tuple[str, str]) -> None:
    both = with_alternative(build_correct_run().obligation_of(4))["alternatives"]
    assert kinds(campaigns(*texts, alternatives=both)) == ["ok", "ok"]


def test_equal_message_of_another_campaign_is_no_reason_to_send_a_withheld_one() -> None:
    withheld = {"text": None, "owed": False, "reason": "opted_out"}
    assert kinds(campaigns(OLD, alternative=withheld)) == ["ok", "withheld"]


def test_message_of_another_campaign_that_is_late_is_not_taken_for_the_withheld_one() -> None:
    """It was sent when the withheld one would have been due."""
    withheld = {"text": None, "owed": False, "reason": "opted_out"}
    assert kinds(campaigns(None, OLD, alternative=withheld)) == ["late", "withheld"]


def test_message_that_the_bridge_withdrew_is_not_the_chosen_one() -> None:
    run = campaigns(OLD, OLD)
    withdrawn = {"kind": "withdrawal", "service": "textlocal", "message": "x1", "at": iso(DUE), "n": 0}
    sent = run.lines_of("delivery")[-1] | {"message": "y", "text": "New"}
    assert kinds(run.plus(withdrawn, sent)) == ["ok", "ok"]


def refusal(text: str, at: int, **fields: object) -> Line:
    number = build_correct_run().obligation_of(4)["number"]
    about = {"service": "textlocal", "number": number, "text": text, "code": 51, "reason": "Opted out"}
    return {"n": 5000, "at": iso(at), "kind": "rejection"} | about | fields


@pytest.mark.parametrize("text", [OLD, "New"])
def test_refused_message_after_either_record_is_refused(text: str) -> None:
    assert kinds(campaigns(OLD).plus(refusal(text, DUE + DAY))) == ["ok", "refused"]


def test_message_that_is_sent_after_a_refusal_for_the_moment_is_the_chosen_one() -> None:
    """Textlocal's code 192: no messages at night."""
    refused = refusal(OLD, DUE + DAY, code=192)
    assert kinds(campaigns(OLD, "New").plus(refused)) == ["ok", "ok"]


def test_refusal_before_the_announcement_is_that_of_another_campaign() -> None:
    withheld = {"text": None, "owed": False, "reason": "opted_out"}
    assert kinds(campaigns(alternative=withheld).plus(refusal(OLD, DUE))) == ["refused", "withheld"]


def test_refusal_of_a_later_campaign_says_nothing_about_a_withheld_message() -> None:
    """It is that of the message which is due next to it."""
    withheld = [{"number": "447123000004", "text": None, "owed": False, "reason": "opted_out"}]
    run = campaigns(None, OLD, alternatives=withheld).plus(refusal(OLD, DUE + DAY, code=192))
    assert kinds(run) == ["withheld", "ok"]


@pytest.mark.parametrize("minutes", [0, 30])
def test_messages_of_two_types_with_one_text_are_each_judged_by_their_own_record(minutes: int) -> None:
    """One user can get the same text as a push notification and in the inbox."""
    inbox = {"id": 506, "provider": "xtremepush", "kind": "scheduled", "message": "inbox"}
    both = with_alternative(build_correct_run().obligation_of(4))["alternatives"]
    run = campaigns("New", OLD, later=minutes * MINUTE, alternatives=both)
    run = run.change("history", lambda line: line | {"channels": [*line["channels"], inbox]})
    run = run.change("obligation", lambda line: line | {"channel": 506} if line["campaign"] == 7002 else line)
    run = run.change("delivery", lambda line: line | {"message_type": "inbox"} if line["message"] == "x1" else line)
    page = [line for line in run.lines_of("request") if "summary" in line][-1]
    run = run.plus(page | {"summary": page["summary"] | {"channel": 506}})
    assert kinds(run) == ["ok", "ok"]
