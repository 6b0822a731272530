"""A run that lacks what its scenario is about proves nothing, and says so."""

from typing import Any

import pytest

from history_builder import START, HistoryBuilder, Line, build_correct_run
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks.subjects import CHECKS

RUN = build_correct_run()


def with_subjects(run: HistoryBuilder, *subjects: tuple[str, Any]) -> HistoryBuilder:
    listed = [{"kind": kind, "value": value} for kind, value in subjects]
    line = {"n": 0, "at": iso(START), "real": 0.0, "kind": "scenario", "name": "S", "file": "s", "subjects": listed}
    return run.plus(line)


def missing(run: HistoryBuilder, kind: str, value: Any) -> list[str]:
    """Return what the findings about one subject expected."""
    return [finding.expected for finding in with_subjects(run, (kind, value)).findings(CHECKS, "unknown")]


def changed(customer: int, **fields: object) -> HistoryBuilder:
    """Return the run with another obligation to one customer."""
    id_ = f"C{customer:07d}"
    return RUN.change("obligation", lambda line: line | fields if line["customer"] == id_ else line)


def again(index: int, **fields: object) -> Line:
    return RUN.obligation_of(index) | fields


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("due", 7001),
        ("due_on_page", 1),
        ("withheld", "unusable_number"),
        ("text_contains", "welcome"),
        ("spelling", "plus"),
    ],
)
def test_subject_of_the_run_is_present(kind: str, value: Any) -> None:
    assert missing(RUN, kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("due", "Basket left", "a customer who is due a message of the trigger Basket left"),
        ("due_on_page", 2, "a customer on page 2 of a campaign who is due a message"),
        ("due_again_within", HOUR, "a customer who is due two messages of one trigger within 1 h"),
        ("withheld", "cancelled", "a customer who gets no message for the reason cancelled alone"),
        ("opted_out_between", "provider", "a customer who opts out by provider after one message and before another"),
        ("opted_in_again", "attribute", "a customer who opts in again by attribute and is due a message afterwards"),
        ("outcome", "never", "a due message to a test number with the outcome 'never'"),
        ("text_longer_than", 160, "a due text of more than 160 characters"),
        ("text_beyond_gsm", True, "a due text with a character outside the 7-bit alphabet of SMS"),
        ("text_contains", "€", "a due text that contains '€'"),
        ("spelling", "digits", "a due message to a number with the spelling digits"),
        ("shared_number", True, "two customers with one number who are due messages of one campaign"),
        ("changed_number", True, "a customer who is due messages at two numbers, one after the other"),
        (
            "opted_out_elsewhere",
            True,
            "a customer who is due a message at a number that opted out at another client before",
        ),
    ],
)
def test_absent_subject_is_unknown(kind: str, value: Any, expected: str) -> None:
    assert missing(build_correct_run(customers=3), kind, value) == [expected]


def test_customer_without_a_usable_number_is_no_subject_of_a_page() -> None:
    """The page of 10,000 rows ends before the last customer, who is the only one on page 2."""
    filler = [again(1, customer=f"F{index:07d}") for index in range(10_000)]
    run = HistoryBuilder((*RUN.lines[:2], *filler, again(0)))
    unreachable = HistoryBuilder((*RUN.lines[:2], *filler, again(0, number=None, owed=False, reason="unusable_number")))
    assert (missing(run, "due_on_page", 2), len(missing(unreachable, "due_on_page", 2))) == ([], 1)


def test_customer_whom_the_bridge_did_not_clear_is_a_subject() -> None:
    """The bridge decides about the clearance: without it, the run has the same customers."""
    run = RUN.change("obligation", lambda line: line | {"owed": False, "reason": "not_cleared", "text": None})
    assert (missing(run, "due", 7001), missing(run, "due_in_every_split", 7001)) == ([], [])


@pytest.mark.parametrize("protection", [{"number": None}, {"opted_out_by": "provider"}])
def test_customer_who_must_not_be_cleared_is_no_subject(protection: dict[str, object]) -> None:
    withheld = {"owed": False, "reason": "not_cleared", "text": None} | protection
    run = RUN.change("obligation", lambda line: line | withheld)
    assert missing(run, "due", 7001) == ["a customer who is due a message of campaign 7001"]


@pytest.mark.parametrize(("by", "subject"), [("attribute", "no_consent"), ("provider", "provider_list")])
def test_each_opt_out_is_a_protection_of_its_own(by: str, subject: str) -> None:
    run = changed(1, opted_out_by=by)
    assert missing(run, "withheld", subject) == []
    assert len(missing(run, "withheld", "no_consent" if by == "provider" else "provider_list")) == 1


def test_second_message_of_a_trigger_must_come_in_time() -> None:
    due = START + HOUR
    first = again(0, trigger="Price", due=iso(due))
    run = RUN.plus(first, first | {"due": iso(due + 30 * MINUTE)})
    assert (missing(run, "due_again_within", HOUR), len(missing(run, "due_again_within", 20 * MINUTE))) == ([], 1)


@pytest.mark.parametrize(
    ("text", "is_beyond"), [("Café £2 [now] {€}", False), ("Zoë 😀", True), ("Cléo", False), ("Łukasz", True)]
)
def test_text_beyond_the_alphabet_of_sms(text: str, is_beyond: bool) -> None:
    run = changed(0, text=text).change("obligation", lambda line: line | {"owed": line["customer"] == "C0000000"})
    assert (missing(run, "text_beyond_gsm", True) == []) == is_beyond


@pytest.mark.parametrize(
    ("raw_number", "spelling"),
    [
        ("07123456789", "national"),
        ("2125550123", "national"),
        ("0044 7123456789", "double_zero"),
        ("447123456789", "digits"),
        (" +44 7123 456789 ", "spaces"),
        ("+44 (712) 345-6789", "punctuation"),
    ],
)
def test_spelling_is_read_from_the_records(raw_number: str, spelling: str) -> None:
    run = changed(0, raw_number=raw_number)
    assert missing(run, "spelling", spelling) == []


def test_customers_with_one_number_share_it() -> None:
    assert missing(changed(3, number=RUN.obligation_of(0)["number"]), "shared_number", True) == []


def test_customer_with_a_new_number_is_due_at_both() -> None:
    run = RUN.plus(again(0, number="447199999999", campaign=7002))
    assert missing(run, "changed_number", True) == []


def test_opt_out_at_another_client_is_one_of_the_same_number() -> None:
    number = RUN.obligation_of(0)["number"]
    opt_outs = [{"at": iso(START), "customer": "C0000031", "number": number}]
    other = {"n": 0, "at": iso(START), "real": 0.0, "kind": "other_client", "client": "south", "templates": []}
    assert missing(RUN.plus(other | {"opt_outs": opt_outs}), "opted_out_elsewhere", True) == []


def test_opt_out_counts_between_two_messages_only() -> None:
    at = iso(START + 4 * HOUR)
    file = {"n": 0, "at": at, "real": 0.0, "kind": "attributes", "source": "batch_file",
            "changes": [{"customer": "C0000000", "field": "SMS_OPT_IN", "value": "0"}]}  # fmt: skip
    later = again(0, due=iso(START + 9 * HOUR), owed=False, reason="opted_out", campaign=7002)
    assert missing(RUN.plus(file, later), "opted_out_between", "attribute") == []
    assert len(missing(RUN.plus(file), "opted_out_between", "attribute")) == 1


def test_aborted_run_has_no_verdict_about_subjects() -> None:
    """Whatever ended the run explains what is missing."""
    line = {"n": 0, "at": iso(START), "real": 0.0, "kind": "aborted", "blame": "bridge", "cause": "c", "expected": "e",
            "got": "g"}  # fmt: skip
    history = with_subjects(RUN, ("due", 9999)).plus(line).history()
    assert not CHECKS[0].applies(history)


def test_remedy_of_an_absent_subject_leads_to_it() -> None:
    """No individual can be put into a control group."""
    (finding,) = with_subjects(RUN, ("withheld", "control_group")).findings(CHECKS, "unknown")
    assert finding.cause.endswith("of its scenario; choose another seed, or a larger `control_group`")


def test_bridge_outside_virtual_time_needs_the_clock_and_no_other_seed() -> None:
    """Its clock is ahead, so it sends both messages before the customer can opt out between them."""
    clock = {"mode": "virtual", "start": iso(START), "rate": 1, "participants": []}
    outside = HistoryBuilder((RUN.lines[0] | {"clock": clock}, *RUN.without("clock").lines[1:])).plus(
        {"n": 6_999, "at": iso(START), "real": 0.0, "kind": "clock", "action": "rate", "rate": 1}
    )
    (finding,) = with_subjects(outside, ("opted_out_between", "provider")).findings(CHECKS, "unknown")
    assert finding.blame == "config"
    assert finding.remedy.startswith("use the virtual clock")
