"""The ledger and the checks that read it: who got what, how often, at which number, with which consent."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery, text, timing
from sendproof_harness.judge.facts.delivery_ledger import ledger

LEDGER_CHECKS = (*delivery.CHECKS, *text.CHECKS, *timing.CHECKS)


def causes(run: HistoryBuilder, *levels: str) -> list[tuple[str, str | None]]:
    """What was found, in short."""
    return [(some.cause, some.where.customer) for some in run.findings(LEDGER_CHECKS, *levels)]


def counts(run: HistoryBuilder) -> dict[str, int]:
    """The ledger without its zeros."""
    return {name: count for name, count in ledger(run.history()).counts.items() if count}


def test_sound(correct_run):
    """A run in which everybody got their message has nothing to find, and says how much was looked at."""
    assert causes(correct_run, "fail", "unknown", "error", "note") == []
    assert counts(correct_run) == {"ok": 10, "withheld": 2}
    assert [check.run(correct_run.history()).looked_at for check in LEDGER_CHECKS] == [10, 10, 10, 10, 10]


def test_lost(correct_run):
    """A recipient without a delivery is lost."""
    number = correct_run.obligation_of(4)["number"]
    run = correct_run.without("delivery", lambda line: line["number"] == number)

    assert causes(run) == [("lost: the message was never sent to a provider", "C0000004")]
    assert counts(run) == {"ok": 9, "withheld": 2, "lost": 1}


def test_lost_altogether(correct_run):
    """When nothing of a campaign was sent, the finding says that instead of naming everybody one by one."""
    run = correct_run.without("delivery")

    assert {cause for cause, _ in causes(run)} == {"lost: no message of this campaign was ever sent"}
    assert counts(run) == {"lost": 10, "withheld": 2}


def test_lost_with_its_page(correct_run):
    """Recipients of a page that was never read are lost for that reason."""
    run = correct_run.without("request", lambda line: "summary" in line and line["summary"]["skip"] == 5)
    run = run.without("delivery", lambda line: line["message"] in {f"{index:010d}" for index in range(5, 10)})

    assert causes(run) == [
        ("lost: the page with this customer was never read", f"C{index:07d}") for index in range(5, 10)
    ]


def test_lost_by_refusal(correct_run):
    """When the provider refused a message, the finding says how it put it."""
    refused = correct_run.delivery_to(3)
    run = correct_run.without("delivery", lambda line: line is refused or line["message"] == refused["message"]).plus(
        {"n": 0, "at": refused["at"], "kind": "rejection", "service": "textlocal", "number": refused["number"],
         "text": refused["text"], "code": 7, "reason": "Insufficient credits"}
    )  # fmt: skip

    assert causes(run) == [("lost: the provider rejected the message (7 Insufficient credits)", "C0000003")]


def test_refusal_of_another_message(correct_run):
    """What was refused to the same number is the reason only where no refusal of the message itself is."""
    lost = correct_run.delivery_to(3)
    refusal = {"n": 0, "at": lost["at"], "kind": "rejection", "service": "textlocal", "number": lost["number"]}
    own, other = refusal | {"text": lost["text"], "code": 7}, refusal | {"text": "Other", "code": 8}
    run = correct_run.without("delivery", lambda line: line["message"] == lost["message"])

    assert causes(run.plus(own, other)) == [("lost: the provider rejected the message (7)", "C0000003")]
    assert causes(run.plus(other)) == [("lost: the provider rejected the message (8)", "C0000003")]


def test_duplicated(correct_run):
    """The same message twice is a duplicate, whenever it was sent."""
    again = correct_run.delivery_to(6) | {"message": "again", "send_at": iso(FIRST_SEND + DAY)}

    assert causes(correct_run.plus(again)) == [("duplicated: the same message was sent more than once", "C0000006")]
    assert counts(correct_run.plus(again)) == {"ok": 9, "withheld": 2, "duplicated": 1}


def test_duplicated_under_another_spelling(correct_run):
    """A repeat to another spelling of the number reaches the same person, so it is a duplicate too."""
    first = correct_run.delivery_to(6)
    again = first | {"message": "again", "number": f"00{first['number']}"}

    assert causes(correct_run.plus(again)) == [("duplicated: the same message was sent more than once", "C0000006")]


def test_unexpected(correct_run):
    """A message to a number that nobody was owed at is unexpected."""
    stray = correct_run.delivery_to(6) | {"message": "stray", "number": "447999999999"}

    assert causes(correct_run.plus(stray)) == [("unexpected: a message that no recipient was due", None)]
    assert counts(correct_run.plus(stray)) == {"ok": 10, "withheld": 2, "unexpected": 1}


def test_test_mode_reaches_nobody(correct_run):
    """A delivery in the provider's test mode does not count, neither for nor against."""
    stray = correct_run.delivery_to(6) | {"message": "stray", "number": "447999999999", "test": True}

    assert causes(correct_run.plus(stray)) == []
    assert counts(correct_run.change("delivery", lambda line: line | {"test": True})) == {"lost": 10, "withheld": 2}


def test_a_cancelled_message_reaches_nobody(correct_run):
    """What was taken back before it went out does not count, as if it had never been accepted."""
    taken_back = correct_run.delivery_to(6)
    gone = {"n": 0, "at": taken_back["at"], "kind": "withdrawal", "service": "textlocal"}
    run = correct_run.plus(gone | {"message": taken_back["message"]})

    assert causes(run) == [("lost: the message was never sent to a provider", "C0000006")]
    again = taken_back | {"message": "again"}
    assert causes(run.plus(again)) == []


def test_understood_but_not_as_documented(correct_run):
    """A number that the provider understood although it is not spelled as its documents say is a finding."""
    number = correct_run.delivery_to(6)["number"]
    run = correct_run.change_delivery_to(6, raw_number=f"+{number}")

    assert causes(run) == [
        ("undocumented number format: textlocal documents digits only, but understood this one", "C0000006")
    ]
    assert counts(run) == counts(correct_run)


@pytest.mark.parametrize("spelling", ["+{}", "00{}", "0{national}", "+44 {spaced}"])
def test_another_spelling(correct_run, spelling):
    """A number in another spelling is the right person's, but not the number that providers take."""
    number = str(correct_run.obligation_of(4)["number"])
    other = spelling.format(number, national=number[2:], spaced=f"{number[2:6]} {number[6:]}")
    run = correct_run.change_delivery_to(4, number=other)

    assert causes(run) == [
        ("wrong number: another format of the number, such as + or leading zeros instead of digits only", "C0000004")
    ]
    assert counts(run) == {"ok": 9, "withheld": 2, "wrong number": 1}


def test_somebody_elses_number(correct_run):
    """The text of a recipient who got nothing, at a number that is nobody's, went to the wrong number."""
    run = correct_run.change_delivery_to(4, number="447999999999")

    assert causes(run) == [("wrong number: the number of another person", "C0000004")]


def test_opted_out(correct_run):
    """A message to somebody who opted out is a finding of its own, and nobody else's loss."""
    forbidden = correct_run.obligation_of(1)
    run = correct_run.plus(
        correct_run.delivery_to(4) | {"message": "x", "number": forbidden["number"], "text": forbidden["text"]}
    )

    assert causes(run) == [("sent to opted-out", "C0000001")]
    assert counts(run) == {"ok": 10, "withheld": 1, "sent to opted-out": 1}


def test_nobody_opted_out(correct_run):
    """An audience in which nobody opted out does not put the rule to the test, and the report says so."""
    run = correct_run.without("obligation", lambda line: line["reason"] == "opted_out")

    assert causes(run, "note") == [
        ("no customer of this audience opted out, so the rule was hardly tested", None),
    ]


def test_pending(correct_run):
    """What is due after the end of the history is neither delivered nor lost."""
    end = iso(FIRST_SEND + HOUR + MINUTE)
    header = correct_run.lines[0] | {"ended": end}
    run = HistoryBuilder((header, *correct_run.lines[1:])).without("delivery", lambda line: line["send_at"] > end)

    assert {some.level for some in run.findings(LEDGER_CHECKS)} == {"unknown"}
    assert counts(run) == {"ok": 7, "withheld": 2, "pending": 3}


def test_two_campaigns_at_one_number(correct_run):
    """Somebody in two campaigns with the same text gets two messages, each matched by its own time."""
    later = iso(parse_instant(str(correct_run.obligation_of(3)["due"])) + DAY)
    second = correct_run.obligation_of(3) | {"campaign": 7002, "due": later}
    run = correct_run.plus(second, correct_run.delivery_to(3) | {"message": "second", "send_at": later})

    assert counts(run) == {"ok": 11, "withheld": 2}
    assert counts(correct_run.plus(second)) == {"ok": 10, "withheld": 2, "lost": 1}


@pytest.mark.parametrize(
    ("code", "number", "name"),
    [(51, None, "refused"), (32, None, "refused"), (32, "+447100000004", "lost"), (33, None, "lost")],
)
def test_refused_because_of_the_number(correct_run, code, number, name):
    """Nobody can send to a landline; whoever spells a number wrongly, or sends too many, can do better."""
    owed = correct_run.obligation_of(4)
    message = correct_run.delivery_to(4)["message"]
    refused = {"n": 900, "at": owed["due"], "real": 0.0, "kind": "rejection", "service": "textlocal",
               "number": number or owed["number"], "text": owed["text"], "code": code, "reason": "No"}  # fmt: skip
    run = correct_run.without("delivery", lambda line: line["message"] == message).plus(refused)

    assert ledger(run.history()).recipients[4].kind == name
