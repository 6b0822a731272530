"""The ledger and the checks that read it: who got what, how often, at which number, with which consent."""

import pytest

from history_builder import FIRST_SEND, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery, text, timing
from sendproof_harness.judge.facts.delivery_ledger import ledger

LEDGER_CHECKS = (*delivery.CHECKS, *text.CHECKS, *timing.CHECKS)


def causes(story: Story, *levels: str) -> list[tuple[str, str | None]]:
    """What was found, in short."""
    return [(some.cause, some.where.customer) for some in story.findings(LEDGER_CHECKS, *levels)]


def counts(story: Story) -> dict[str, int]:
    """The ledger without its zeros."""
    return {name: count for name, count in ledger(story.history()).counts.items() if count}


def test_sound(sound):
    """A run in which everybody got their message has nothing to find, and says how much was looked at."""
    assert causes(sound, "fail", "unknown", "error", "note") == []
    assert counts(sound) == {"ok": 10, "withheld": 2}
    assert [check.run(sound.history()).looked_at for check in LEDGER_CHECKS] == [10, 10, 10, 10, 10]


def test_lost(sound):
    """A recipient without a delivery is lost."""
    number = sound.of_customer(4)["number"]
    story = sound.without("delivery", lambda line: line["number"] == number)

    assert causes(story) == [("lost: no provider was ever given the message", "C0000004")]
    assert counts(story) == {"ok": 9, "withheld": 2, "lost": 1}


def test_lost_altogether(sound):
    """When nothing of a campaign was sent, the finding says that instead of naming everybody one by one."""
    story = sound.without("delivery")

    assert {cause for cause, _ in causes(story)} == {"lost: nothing of this campaign was ever sent"}
    assert counts(story) == {"lost": 10, "withheld": 2}


def test_lost_with_its_page(sound):
    """Recipients of a page that was never read are lost for that reason."""
    story = sound.without("request", lambda line: "summary" in line and line["summary"]["skip"] == 5)
    story = story.without("delivery", lambda line: line["message"] in {f"{index:010d}" for index in range(5, 10)})

    assert causes(story) == [
        ("lost: the page with this customer was never read", f"C{index:07d}") for index in range(5, 10)
    ]


def test_lost_by_refusal(sound):
    """When the provider refused a message, the finding says how it put it."""
    refused = sound.delivery_to(3)
    story = sound.without("delivery", lambda line: line is refused or line["message"] == refused["message"]).plus(
        {"n": 0, "at": refused["at"], "kind": "rejection", "service": "textlocal", "number": refused["number"],
         "text": refused["text"], "code": 7, "reason": "Insufficient credits"}
    )  # fmt: skip

    assert causes(story) == [("lost: the provider refused the message (7 Insufficient credits)", "C0000003")]


def test_refusal_of_another_message(sound):
    """What was refused to the same number is the reason only where no refusal of the message itself is."""
    lost = sound.delivery_to(3)
    refusal = {"n": 0, "at": lost["at"], "kind": "rejection", "service": "textlocal", "number": lost["number"]}
    own, other = refusal | {"text": lost["text"], "code": 7}, refusal | {"text": "Other", "code": 8}
    story = sound.without("delivery", lambda line: line["message"] == lost["message"])

    assert causes(story.plus(own, other)) == [("lost: the provider refused the message (7)", "C0000003")]
    assert causes(story.plus(other)) == [("lost: the provider refused the message (8)", "C0000003")]


def test_duplicated(sound):
    """The same message twice is a duplicate, whenever it was sent."""
    again = sound.delivery_to(6) | {"message": "again", "send_at": iso(FIRST_SEND + DAY)}

    assert causes(sound.plus(again)) == [("duplicated: the same message more than once", "C0000006")]
    assert counts(sound.plus(again)) == {"ok": 9, "withheld": 2, "duplicated": 1}


def test_duplicated_under_another_spelling(sound):
    """A repeat to another spelling of the number reaches the same person, so it is a duplicate too."""
    first = sound.delivery_to(6)
    again = first | {"message": "again", "number": f"00{first['number']}"}

    assert causes(sound.plus(again)) == [("duplicated: the same message more than once", "C0000006")]


def test_unexpected(sound):
    """A message to a number that nobody was owed at is unexpected."""
    stray = sound.delivery_to(6) | {"message": "stray", "number": "447999999999"}

    assert causes(sound.plus(stray)) == [("unexpected: a message that nobody was owed", None)]
    assert counts(sound.plus(stray)) == {"ok": 10, "withheld": 2, "unexpected": 1}


def test_test_mode_reaches_nobody(sound):
    """A delivery in the provider's test mode does not count, neither for nor against."""
    stray = sound.delivery_to(6) | {"message": "stray", "number": "447999999999", "test": True}

    assert causes(sound.plus(stray)) == []
    assert counts(sound.change("delivery", lambda line: line | {"test": True})) == {"lost": 10, "withheld": 2}


def test_a_cancelled_message_reaches_nobody(sound):
    """What was taken back before it went out does not count, as if it had never been accepted."""
    taken_back = sound.delivery_to(6)
    gone = {"n": 0, "at": taken_back["at"], "kind": "withdrawal", "service": "textlocal"}
    story = sound.plus(gone | {"message": taken_back["message"]})

    assert causes(story) == [("lost: no provider was ever given the message", "C0000006")]
    again = taken_back | {"message": "again"}
    assert causes(story.plus(again)) == []


def test_understood_but_not_as_documented(sound):
    """A number that the provider understood although it is not spelled as its documents say is a finding."""
    number = sound.delivery_to(6)["number"]
    story = sound.change_delivery_to(6, raw_number=f"+{number}")

    assert causes(story) == [
        ("another spelling than textlocal documents (digits only), which it understood here", "C0000006")
    ]
    assert counts(story) == counts(sound)


@pytest.mark.parametrize("spelling", ["+{}", "00{}", "0{national}", "+44 {spaced}"])
def test_another_spelling(sound, spelling):
    """A number in another spelling is the right person's, but not the number that providers take."""
    number = str(sound.of_customer(4)["number"])
    other = spelling.format(number, national=number[2:], spaced=f"{number[2:6]} {number[6:]}")
    story = sound.change_delivery_to(4, number=other)

    assert causes(story) == [
        ("wrong number: another spelling of it, as with + or zeros where digits are wanted", "C0000004")
    ]
    assert counts(story) == {"ok": 9, "withheld": 2, "wrong number": 1}


def test_somebody_elses_number(sound):
    """The text of a recipient who got nothing, at a number that is nobody's, went to the wrong number."""
    story = sound.change_delivery_to(4, number="447999999999")

    assert causes(story) == [("wrong number: somebody else's", "C0000004")]


def test_opted_out(sound):
    """A message to somebody who opted out is a finding of its own, and nobody else's loss."""
    forbidden = sound.of_customer(1)
    story = sound.plus(
        sound.delivery_to(4) | {"message": "x", "number": forbidden["number"], "text": forbidden["text"]}
    )

    assert causes(story) == [("sent to opted-out", "C0000001")]
    assert counts(story) == {"ok": 10, "withheld": 1, "sent to opted-out": 1}


def test_nobody_opted_out(sound):
    """An audience in which nobody opted out does not put the rule to the test, and the report says so."""
    story = sound.without("obligation", lambda line: line["reason"] == "opted_out")

    assert causes(story, "note") == [
        ("nobody of this audience opted out, so the rule was hardly put to the test", None),
    ]


def test_pending(sound):
    """What is due after the end of the history is neither delivered nor lost."""
    end = iso(FIRST_SEND + HOUR + MINUTE)
    header = sound.lines[0] | {"ended": end}
    story = Story((header, *sound.lines[1:])).without("delivery", lambda line: line["send_at"] > end)

    assert {some.level for some in story.findings(LEDGER_CHECKS)} == {"unknown"}
    assert counts(story) == {"ok": 7, "withheld": 2, "pending": 3}


def test_two_campaigns_at_one_number(sound):
    """Somebody in two campaigns with the same text gets two messages, each matched by its own time."""
    later = iso(parse_instant(str(sound.of_customer(3)["due"])) + DAY)
    second = sound.of_customer(3) | {"campaign": 7002, "due": later}
    story = sound.plus(second, sound.delivery_to(3) | {"message": "second", "send_at": later})

    assert counts(story) == {"ok": 11, "withheld": 2}
    assert counts(sound.plus(second)) == {"ok": 10, "withheld": 2, "lost": 1}


@pytest.mark.parametrize(
    ("code", "number", "name"),
    [(51, None, "refused"), (32, None, "refused"), (32, "+447100000004", "lost"), (33, None, "lost")],
)
def test_refused_because_of_the_number(sound, code, number, name):
    """Nobody can send to a landline; whoever spells a number wrongly, or sends too many, can do better."""
    owed = sound.of_customer(4)
    message = sound.delivery_to(4)["message"]
    refused = {"n": 900, "at": owed["due"], "real": 0.0, "kind": "rejection", "service": "textlocal",
               "number": number or owed["number"], "text": owed["text"], "code": code, "reason": "No"}  # fmt: skip
    story = sound.without("delivery", lambda line: line["message"] == message).plus(refused)

    assert ledger(story.history()).recipients[4].kind == name
