"""People who opt out while a campaign goes on: who may still get something, and who has to be told of them."""

import pytest

from history_builder import FIRST_SEND, Line, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks import delivery, metrics, opt_out_sync
from sendproof_harness.judge.facts.delivery_ledger import ledger

# Customer 4 gets the second message of the day, an hour after the first people got theirs.
CUSTOMER, DUE = "C0000004", FIRST_SEND + HOUR


def line(kind: str, at: int, n: int, **fields: object) -> Line:
    """Something happened."""
    return {"n": n, "at": iso(at), "real": 0.0, "kind": kind} | fields


def stop(sound: Story, at: int, *, told: bool = True) -> list[Line]:
    """Customer 4 writes STOP to the provider, which tells the bridge."""
    number = sound.of_customer(4)["number"]
    reply = {"event": "inbound", "key": "inbound:1", "url": "http://127.0.0.1:9000/x", "attempt": 1, "error": None}
    return [
        line("inbound", at, 6_000, service="textlocal", number=number, text="STOP"),
        line("opt_out", at, 6_001, service="textlocal", number=number, source="reply"),
        line("webhook", at, 6_002, service="textlocal", status=200 if told else 500, **reply),
    ]


def attribute(at: int, value: str, how: str = "api", customer: str = CUSTOMER) -> Line:
    """The consent of a customer was written."""
    changes = [{"customer": customer, "field": "SMS_OPT_IN", "value": value}]
    return line("attributes", at, 6_003, source=how, changes=changes, request=None)


def preference(at: int, how: str = "api", channel: int = 505, customer: str = CUSTOMER) -> Line:
    """A customer opted out of a channel."""
    return line(
        "preference", at, 6_004, source=how, channel=channel, app=None, mode=2, opted_out=True, customers=[customer]
    )


def against(story: Story) -> list[str]:
    """What is found about consent."""
    return [some.cause for some in story.findings(delivery.CHECKS)]


def name(story: Story) -> str:
    """What became of customer 4."""
    return ledger(story.history()).recipients[4].kind


def unsent(story: Story) -> Story:
    """Customer 4 got nothing."""
    number = story.of_customer(4)["number"]
    return story.without("delivery", lambda line: line["number"] == number)


def test_sent_after_a_stop(sound):
    """The provider had told the bridge half an hour before."""
    story = sound.plus(*stop(sound, DUE - 30 * MINUTE))

    assert against(story) == ["sent to opted-out: after opting out at textlocal (reply)"]
    assert ledger(story.history()).counts["sent to opted-out"] == 1


def test_not_sent_after_a_stop(sound):
    """That is right, and the customer is not lost."""
    story = unsent(sound.plus(*stop(sound, DUE - 30 * MINUTE)))

    assert (against(story), name(story)) == ([], "withheld")


def test_a_stop_in_the_last_moment(sound):
    """What is on its way cannot be called back."""
    story = sound.plus(*stop(sound, DUE - 2 * MINUTE))

    assert (against(story), name(story)) == ([], "ok")


@pytest.mark.parametrize(("before", "count"), [(6 * HOUR, 0), (13 * HOUR, 1)])
def test_a_stop_that_nobody_told(sound, before, count):
    """Whoever asks the provider twice a day finds out."""
    story = sound.plus(*stop(sound, DUE - before, told=False))

    assert len(against(story)) == count


def test_a_stop_after_the_message_changes_nothing(sound):
    """It was rightly sent."""
    assert name(sound.plus(*stop(sound, DUE + HOUR))) == "ok"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (attribute(DUE - HOUR, "0"), "sent to opted-out"),
        (preference(DUE - HOUR), "sent to opted-out"),
        (preference(DUE - HOUR, channel=506), "ok"),
        (attribute(DUE - HOUR, "0", how="batch_file"), "ok"),
        (preference(DUE - HOUR, how="batch_file"), "ok"),
        (attribute(DUE - HOUR, "1"), "ok"),
    ],
)
def test_what_is_written_at_optimove(sound, written, expected):
    """Whoever writes it knows it; what a file of the client says comes with the rows of the next campaign."""
    assert name(sound.plus(written)) == expected


def test_in_again(sound):
    """The last word counts."""
    story = sound.plus(attribute(DUE - HOUR, "0"), attribute(DUE - 30 * MINUTE, "1"))

    assert name(story) == "ok"


def test_totals_add_up_with_who_left_on_the_way(sound):
    """A customer who opted out before their message counts as dropped."""
    moved = unsent(sound.plus(*stop(sound, DUE - 30 * MINUTE))).change(
        "metrics", lambda line: line | {"items": [one_dropped(item) for item in line["items"]]}
    )

    assert moved.findings(metrics.CHECKS) == []


def one_dropped(item: Line) -> Line:
    """One sent and delivered less of template 12; one dropped more."""
    by = {(12, 0): -1, (12, 1): -1, (12, 5): 1}.get((item["TemplateID"], item["MetricID"]), 0)
    return item | {"MetricValue": item["MetricValue"] + by}


# -- sharing ----------------------------------------------------------------------------------------


def shared(story: Story) -> list[tuple[str, str | None]]:
    """What is found about what Optimove was told."""
    return [(some.cause, some.where.customer) for some in story.findings(opt_out_sync.CHECKS)]


@pytest.mark.parametrize("told", [preference(DUE + 2 * HOUR), attribute(DUE + 2 * HOUR, "0")])
def test_shared_in_either_way(sound, told):
    """By preference or by attribute."""
    assert shared(sound.plus(*stop(sound, DUE + HOUR), told)) == []


def test_never_shared(sound):
    """The client goes on planning campaigns for people who are gone."""
    story = sound.plus(*stop(sound, DUE + HOUR))

    assert shared(story) == [("an opt-out at the provider was never told to Optimove", CUSTOMER)]


def test_shared_too_late(sound):
    """Two days are two days of campaigns."""
    story = sound.plus(*stop(sound, DUE + HOUR), preference(DUE + 2 * DAY))

    assert shared(story) == [("an opt-out at the provider was told to Optimove too late", CUSTOMER)]


def test_somebody_else_was_shared(sound):
    """A wrong customer is signed off for good."""
    story = sound.plus(*stop(sound, DUE + HOUR), preference(DUE + HOUR), preference(DUE + HOUR, customer="C0000007"))

    assert shared(story) == [("Optimove was told that somebody opted out who did not", "C0000007")]


def test_of_people_who_were_never_written_to_nothing_can_be_shared(sound):
    """A bridge does not know whose number that is."""
    assert shared(unsent(sound).plus(*stop(sound, DUE + HOUR))) == []


def at_delivyr(*some: Line) -> tuple[Line, ...]:
    """Return the lines with Delivyr as the provider, which reports an opt-out by a webhook of its own."""
    opted_out = {"event": "opted_out", "key": "opted_out:0000000004"}
    return tuple(
        line | {"service": "delivyr"} | (opted_out if line.get("event") == "inbound" else {})
        if line.get("service") == "textlocal"
        else line
        for line in some
    )


def test_of_what_no_provider_told_nothing_can_be_shared(sound):
    """Delivyr lists no opt-outs, and posts them only where its account says whereto."""
    unheard, heard = (
        Story(at_delivyr(*sound.plus(*stop(sound, DUE + HOUR, told=told)).lines)) for told in (False, True)
    )

    assert shared(unheard) == []
    assert shared(heard) == [("an opt-out at the provider was never told to Optimove", CUSTOMER)]


def test_a_stop_at_the_very_end(sound):
    """There was no day left to tell it."""
    assert shared(sound.plus(*stop(sound, FIRST_SEND + 7 * DAY))) == []


def test_nobody_opted_out(sound):
    """Then there is nothing to ask."""
    assert "opt_outs.synced" not in {result.check.id for result in sound.verdict().results}
