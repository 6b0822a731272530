"""The delivery ledger and its checks: lost, duplicated and unexpected messages, numbers, and consent."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery, text, timing
from sendproof_harness.judge.facts.deliveries.ledger import ledger

LEDGER_CHECKS = (*delivery.CHECKS, *text.CHECKS, *timing.CHECKS)


def causes(run: HistoryBuilder, *levels: str) -> list[tuple[str, str | None]]:
    """Return cause and customer of each finding."""
    return [(finding.cause, finding.where.customer) for finding in run.findings(LEDGER_CHECKS, *levels)]


def counts(run: HistoryBuilder) -> dict[str, int]:
    """Return the counts of the ledger that are not 0."""
    return {kind: count for kind, count in ledger(run.history()).counts.items() if count}


def test_correct_run_passes_and_counts_what_it_looked_at(correct_run):
    assert causes(correct_run, "fail", "unknown", "error", "note") == []
    assert counts(correct_run) == {"ok": 10, "withheld": 2}
    assert [check.run(correct_run.history()).looked_at for check in LEDGER_CHECKS] == [10, 10, 1, 10, 10]


def test_recipient_without_delivery_is_lost(correct_run):
    number = correct_run.obligation_of(4)["number"]
    run = correct_run.without("delivery", lambda line: line["number"] == number)

    assert causes(run) == [("lost: the message was never sent to a provider", "C0000004")]
    assert counts(run) == {"ok": 9, "withheld": 2, "lost": 1}


def test_campaign_without_any_delivery_has_one_cause(correct_run):
    run = correct_run.without("delivery")

    assert {cause for cause, _ in causes(run)} == {
        "lost: no message of this campaign was ever sent: the provider's templates were never read"
    }
    assert counts(run) == {"lost": 10, "withheld": 2}


def test_recipients_of_unread_page_are_lost_for_that_reason(correct_run):
    run = correct_run.without("request", lambda line: "summary" in line and line["summary"]["skip"] == 5)
    run = run.without("delivery", lambda line: line["message"] in {f"{index:010d}" for index in range(5, 10)})

    assert causes(run) == [
        ("lost: the page with this customer was never read", f"C{index:07d}") for index in range(5, 10)
    ]


def test_loss_after_rejection_names_code_and_reason(correct_run):
    rejected = correct_run.delivery_to(3)
    run = correct_run.without("delivery", lambda line: line is rejected or line["message"] == rejected["message"]).plus(
        {"n": 0, "at": rejected["at"], "kind": "rejection", "service": "textlocal", "number": rejected["number"],
         "text": rejected["text"], "code": 7, "reason": "Insufficient credits"}
    )  # fmt: skip

    assert causes(run) == [("lost: textlocal refused the message (7 Insufficient credits)", "C0000003")]


@pytest.mark.parametrize(
    ("code", "reason"), [(32, "Invalid number format"), (3, "Invalid number"), (None, "blocked"), (None, "opted out")]
)
def test_number_that_the_provider_refuses_from_any_bridge_is_refused(correct_run, code, reason):
    """`bulk_json` refuses a number with a code; `send` only warns of it, and a bridge may use either."""
    rejected = correct_run.delivery_to(3)
    message = {"number": rejected["number"], "text": rejected["text"], "code": code, "reason": reason}
    rejection = {"n": 0, "at": rejected["at"], "kind": "rejection", "service": "textlocal", **message}
    run = correct_run.without("delivery", lambda line: line["message"] == rejected["message"]).plus(rejection)

    assert (causes(run), counts(run)) == ([], {"ok": 9, "withheld": 2, "refused": 1})


@pytest.mark.parametrize(("text", "kind"), [(None, "refused"), ("Hello Maria-Antonia", "lost")])
def test_due_text_that_the_provider_refuses_from_any_bridge_is_refused(correct_run, text, kind):
    """In India, a name may be longer than the placeholder of the approved text."""
    rejected = correct_run.delivery_to(3)
    message = {"number": rejected["number"], "text": text or rejected["text"], "code": 80, "reason": "No match"}
    rejection = {"n": 0, "at": rejected["at"], "kind": "rejection", "service": "textlocal", **message}
    run = correct_run.without("delivery", lambda line: line["message"] == rejected["message"]).plus(rejection)

    assert counts(run) == {"ok": 9, "withheld": 2, kind: 1}


def test_number_in_a_wrong_form_is_no_refusal_of_the_customer(correct_run):
    lost = correct_run.delivery_to(3)
    message = {"number": "0" + lost["number"], "text": lost["text"], "code": 3, "reason": "Invalid number"}
    rejection = {"n": 0, "at": lost["at"], "kind": "rejection", "service": "textlocal", **message}
    run = correct_run.without("delivery", lambda line: line["message"] == lost["message"]).plus(rejection)

    assert counts(run) == {"ok": 9, "withheld": 2, "lost": 1}


def test_rejection_of_the_message_itself_is_preferred_as_cause(correct_run):
    """Another message to the same number may have been rejected for a different reason."""
    lost = correct_run.delivery_to(3)
    rejection = {"n": 0, "at": lost["at"], "kind": "rejection", "service": "textlocal", "number": lost["number"]}
    own, other = rejection | {"text": lost["text"], "code": 7}, rejection | {"text": "Other", "code": 8}
    run = correct_run.without("delivery", lambda line: line["message"] == lost["message"])

    assert causes(run.plus(own, other)) == [("lost: textlocal refused the message (7)", "C0000003")]
    assert causes(run.plus(other)) == [
        ("lost: textlocal refused the message (8): a text other than the due one", "C0000003")
    ]


def test_second_message_is_duplicate_at_any_time(correct_run):
    duplicate = correct_run.delivery_to(6) | {"message": "duplicate", "send_at": iso(FIRST_SEND + DAY)}

    assert causes(correct_run.plus(duplicate)) == [("duplicated: the same message was sent more than once", "C0000006")]
    assert counts(correct_run.plus(duplicate)) == {"ok": 9, "withheld": 2, "duplicated": 1}


def test_second_message_in_other_number_format_is_duplicate_and_wrong_number(correct_run):
    """It reaches the same person."""
    first = correct_run.delivery_to(6)
    duplicate = first | {"message": "duplicate", "number": f"00{first['number']}"}

    assert causes(correct_run.plus(duplicate)) == [
        ("duplicated: the same message was sent more than once", "C0000006"),
        ("wrong number: leading zeros before the country code", "C0000006"),
    ]


def test_second_message_to_another_user_is_named(correct_run):
    second = correct_run.delivery_to(6) | {"message": "duplicate", "user": "c0000006"}

    assert causes(correct_run.plus(second))[1:] == [("wrong user: the customer's id in another spelling", "C0000006")]


def test_message_to_unknown_number_is_unexpected(correct_run):
    unmatched = correct_run.delivery_to(6) | {"message": "unmatched", "number": "447999999999"}

    assert causes(correct_run.plus(unmatched)) == [
        ("unexpected: a message that no recipient was due, with a text of campaign 7001 on channel 505", None)
    ]
    assert counts(correct_run.plus(unmatched)) == {"ok": 10, "withheld": 2, "unexpected": 1}


def test_delivery_in_test_mode_does_not_count(correct_run):
    unmatched = correct_run.delivery_to(6) | {"message": "unmatched", "number": "447999999999", "test": True}

    assert causes(correct_run.plus(unmatched)) == []
    assert counts(correct_run.change("delivery", lambda line: line | {"test": True})) == {"lost": 10, "withheld": 2}


def test_withdrawn_message_does_not_count(correct_run):
    withdrawn = correct_run.delivery_to(6)
    withdrawal = {"n": 0, "at": withdrawn["at"], "kind": "withdrawal", "service": "textlocal"}
    run = correct_run.plus(withdrawal | {"message": withdrawn["message"]})

    assert causes(run) == [("lost: withdrawn by the bridge before it went out", "C0000006")]
    duplicate = withdrawn | {"message": "duplicate"}
    assert causes(run.plus(duplicate)) == []


def test_undocumented_number_format_fails_although_message_arrived(correct_run):
    number = correct_run.delivery_to(6)["number"]
    run = correct_run.change_delivery_to(6, raw_number=f"+{number}")

    assert causes(run) == [
        ("undocumented number format: textlocal documents digits only, but understood this one", "C0000006")
    ]
    assert counts(run) == counts(correct_run)


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("C0000006", []),
        ("c0000006", [("wrong user: the customer's id in another spelling", "C0000006")]),
        ("447700900006", [("wrong user: another id than the customer's", "C0000006")]),
    ],
)
def test_user_at_provider_must_have_id_of_customer(correct_run, user, found):
    assert causes(correct_run.change_delivery_to(6, user=user)) == found


@pytest.mark.parametrize(
    ("number_format", "cause"),
    [
        ("+{}", "a plus before the number"),
        ("00{}", "leading zeros before the country code"),
        ("0{national}", "country code missing"),
        ("{national}", "country code missing"),
        ("44{}", "country code twice"),
        ("440{national}", "a 0 after the country code"),
        ("+44 {spaced}", "spaces or signs in the number"),
        ("49{national}", "another country code"),
    ],
)
def test_other_format_of_number_is_wrong_number(correct_run, number_format, cause):
    number = str(correct_run.obligation_of(4)["number"])
    other = number_format.format(number, national=number[2:], spaced=f"{number[2:6]} {number[6:]}")
    run = correct_run.change_delivery_to(4, number=other)

    assert causes(run) == [(f"wrong number: {cause}", "C0000004")]
    assert counts(run) == {"ok": 9, "withheld": 2, "wrong number": 1}


def test_text_of_lost_message_at_unknown_number_is_wrong_number(correct_run):
    run = correct_run.change_delivery_to(4, number="447999999999")

    assert causes(run) == [("wrong number: the number of another person", "C0000004")]


def test_message_to_opted_out_customer_fails_consent_only(correct_run):
    forbidden = correct_run.obligation_of(1)
    run = correct_run.plus(
        correct_run.delivery_to(4) | {"message": "x", "number": forbidden["number"], "text": forbidden["text"]}
    )

    assert causes(run) == [("sent to opted-out: the consent attribute in Optimove says no", "C0000001")]
    assert counts(run) == {"ok": 10, "withheld": 1, "sent to opted-out": 1}


def test_consent_is_unknown_if_no_recipient_opted_out(correct_run):
    """A bridge that ignores every opt-out would pass."""
    run = correct_run.without("obligation", lambda line: line["reason"] == "opted_out")

    assert causes(run, "unknown") == [("no recipient of this run opted out, so the rule was not tested", None)]


def test_message_due_after_end_of_history_is_pending(correct_run):
    end = iso(FIRST_SEND + HOUR + MINUTE)
    header = correct_run.lines[0] | {"ended": end}
    run = HistoryBuilder((header, *correct_run.lines[1:])).without("delivery", lambda line: line["send_at"] > end)

    assert {finding.level for finding in run.findings(LEDGER_CHECKS)} == {"unknown"}
    assert counts(run) == {"ok": 7, "withheld": 2, "pending": 3}


def test_messages_of_two_campaigns_to_one_number_are_matched_by_time(correct_run):
    later = iso(parse_instant(str(correct_run.obligation_of(3)["due"])) + DAY)
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": later}
    run = correct_run.plus(second, correct_run.delivery_to(3) | {"message": "second", "send_at": later})

    assert counts(run) == {"ok": 11, "withheld": 2}
    assert counts(correct_run.plus(second)) == {"ok": 10, "withheld": 2, "lost": 1}


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [(51, None, "refused"), (32, None, "refused"), (32, "+447100000004", "lost"), (33, None, "lost")],
)
def test_rejection_because_of_number_is_refused_only_for_due_message(correct_run, code, number, kind):
    """A bridge cannot send to a landline, but it can format a number correctly."""
    obligation = correct_run.obligation_of(4)
    message = correct_run.delivery_to(4)["message"]
    rejected = {
        "n": 900, "at": obligation["due"], "real": 0.0, "kind": "rejection", "service": "textlocal",
        "number": number or obligation["number"], "text": obligation["text"], "code": code, "reason": "No",
    }  # fmt: skip
    run = correct_run.without("delivery", lambda line: line["message"] == message).plus(rejected)

    assert ledger(run.history()).recipients[4].kind == kind
