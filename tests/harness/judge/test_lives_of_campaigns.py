"""Judging campaigns that were cancelled or had to be cleared, and messages that a trigger asked for."""

import pytest

from history_builder import FIRST_SEND, START, Line, Story
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import campaign_state, delivery, metrics, paging, timing, triggers, webhooks
from sendproof_harness.judge.facts.delivery_ledger import ledger
from sendproof_harness.judge.facts.metrics import targeted_customers

CANCELLED_AT = FIRST_SEND + 30 * MINUTE


def due(line: Line) -> int:
    """When an obligation is due."""
    return parse_instant(str(line["due"]))


def counts(story: Story) -> dict[str, int]:
    """The ledger without its zeros."""
    return {name: count for name, count in ledger(story.history()).counts.items() if count}


def causes(story: Story) -> list[tuple[str, str | None]]:
    """What is found about messages and pages, in short."""
    return [(some.cause, some.where.customer) for some in story.findings((*delivery.CHECKS, *paging.CHECKS))]


def not_owed(line: Line, reason: str) -> Line:
    """The same obligation, unless nothing was owed anyway."""
    return line | {"owed": False, "reason": reason, "text": None} if line["owed"] else line


@pytest.fixture
def cancelled(sound) -> Story:
    """Cancelled after the first of its three send times; the bridge stopped."""
    numbers = {line["number"] for line in sound.of("obligation") if due(line) > CANCELLED_AT}
    story = sound.change(
        "obligation", lambda line: not_owed(line, "cancelled") if due(line) > CANCELLED_AT else line
    ).change("campaign", lambda line: line | {"cancelled_at": iso(CANCELLED_AT)})
    return story.without("delivery", lambda line: line["number"] in numbers)


@pytest.fixture
def cleared(sound) -> Story:
    """Only customers 0, 3, 6 and 9 were cleared, and only they were on the one page and sent to."""
    members = {line["number"]: index for index, line in enumerate(sound.of("obligation"))}
    story = sound.change(
        "obligation", lambda line: line if members[line["number"]] % 3 == 0 else line | not_owed_to_them(line)
    ).change("campaign", lambda line: line | {"rows": 4})
    story = story.without("delivery", lambda line: members[line["number"]] % 3 > 0)
    story = story.without("request", lambda line: line.get("summary", {}).get("skip", 0) > 0)
    note = {"campaign": 7001, "channel": 505, "skip": 0, "top": 5, "rows": 4, "first": "C0000000", "last": "C0000009"}
    return story.change("request", lambda line: line | {"summary": note} if "summary" in line else line)


def not_owed_to_them(line: Line) -> Line:
    """Not cleared goes before every other reason."""
    return {"owed": False, "reason": "not_cleared", "text": None}


def triggered(sound: Story, sent_after: int | None) -> Story:
    """Customer 3 met a trigger an hour after the first send time."""
    at = FIRST_SEND + HOUR
    owed = sound.of_customer(3) | {
        "campaign": 8001, "channel": 250, "template": 21, "text": "Come back", "due": iso(at), "trigger": "Visit",
    }  # fmt: skip
    met = {"n": 900, "at": iso(at), "real": 0.0, "kind": "trigger", "trigger": "Visit", "campaign": 8001,
           "channel": 250, "customer": "C0000003", "template": 21, "request_id": "r"}  # fmt: skip
    story = sound.plus(owed, met)
    if sent_after is None:
        return story
    sent = {"at": iso(at + sent_after), "send_at": iso(at + sent_after), "text": "Come back", "message": "t1"}
    return story.plus(sound.delivery_to(3) | sent)


def test_what_a_cancellation_forbids_is_withheld(cancelled):
    """The first send time was owed, the others are not; neither pages nor reports are missed after it."""
    assert counts(cancelled) == {"ok": 4, "withheld": 8}
    assert causes(cancelled) == []


def test_sending_a_cancelled_campaign_is_found(sound, cancelled):
    """The finding says why nothing was owed."""
    story = cancelled.plus(sound.delivery_to(4))

    assert causes(story) == [("unexpected: sent although the campaign was cancelled", "C0000004")]


def test_pages_of_a_cancelled_campaign_need_not_be_read(cancelled):
    """A bridge that hears of it stops."""
    assert causes(cancelled.without("request", lambda line: "summary" in line)) == []


def test_a_cancelled_campaign_before_its_first_send_needs_no_reports(sound):
    """There is nothing to report of."""
    story = sound.change("obligation", lambda line: not_owed(line, "cancelled")).without("metrics")
    story = story.without("delivery").change("campaign", lambda line: line | {"cancelled_at": iso(START + 2 * HOUR)})

    assert story.findings(metrics.CHECKS[:1], "fail") == []


def test_only_the_cleared_are_owed_and_read(cleared):
    """The page has all rows that there are, although the campaign began with more customers."""
    assert counts(cleared) == {"ok": 4, "withheld": 8}
    assert causes(cleared) == []


def test_sending_without_clearance_is_found(sound, cleared):
    """Whatever the bridge thought of it."""
    story = cleared.plus(sound.delivery_to(4))

    assert causes(story) == [("unexpected: sent to a customer who was not cleared", "C0000004")]


def test_who_was_not_cleared_is_not_among_the_targeted(cleared):
    """Totals have to add up without them."""
    assert sum(targeted_customers(cleared.history()).values()) == 4


def test_a_message_on_its_way_when_the_campaign_was_cancelled(cancelled):
    """It went out three minutes later, and could not be called back."""
    at = iso(CANCELLED_AT + 3 * MINUTE)
    story = cancelled.change(
        "obligation", lambda line: line | {"due": at} if line["customer"] == "C0000004" else line
    ).plus(cancelled.delivery_to(3) | {"number": cancelled.of_customer(4)["number"], "send_at": at, "message": "late"})

    assert (causes(story), story.findings(campaign_state.CHECKS)) == ([], [])


def test_sending_long_after_a_cancellation(sound, cancelled):
    """The requirement has a check of its own."""
    story = cancelled.plus(sound.delivery_to(4))

    assert [some.cause for some in story.findings(campaign_state.CHECKS)] == ["sent after the campaign was cancelled"]


def hold(action: str, at: int) -> Line:
    """A campaign waits for clearance until its first send time, or was given some."""
    return {"n": 900, "at": iso(at), "real": 0.0, "kind": "clearance", "campaign": 7001, "action": action,
            "required_by": iso(FIRST_SEND), "named": 12, "cleared": 4}  # fmt: skip


def on_hold(sound: Story, **fields: object) -> Line:
    """Event 5 for that campaign."""
    return sound.of("webhook")[0] | {"event": "5", "key": "5:7001"} | fields


def test_clearance_in_time(sound):
    """Given before it was required."""
    story = sound.plus(hold("required", START), on_hold(sound), hold("given", START + HOUR))

    assert story.findings(campaign_state.CHECKS) == []


@pytest.mark.parametrize(
    ("told", "level", "blame"),
    [({}, "fail", "bridge"), ({"dropped": True}, "unknown", "network"), (None, "fail", "config")],
)
def test_no_clearance(sound, told, level, blame):
    """Whose fault that is depends on whether the bridge was told, and whether it wanted to be."""
    story = sound.plus(hold("required", START), hold("given", FIRST_SEND))
    story = story if told is None else story.plus(on_hold(sound, **told))

    assert [(some.level, some.blame) for some in story.findings(campaign_state.CHECKS)] == [(level, blame)]


@pytest.fixture
def testing(sound) -> Story:
    """The channel is in testing mode, and the bridge sent tests and reported nothing."""
    channels = [{"id": 505, "provider": "textlocal", "kind": "scheduled", "testing": True}]
    story = Story((sound.lines[0] | {"channels": channels}, *sound.lines[1:])).without("metrics")
    return story.change("delivery", lambda line: line | {"test": True})


def test_testing_mode(testing):
    """Nobody got anything, and that is right."""
    verdict = testing.verdict()

    assert (verdict.status, counts(testing)) == ("pass", {"withheld": 12})


def test_sent_in_earnest_in_testing_mode(sound, testing):
    """Ten people got what was a test."""
    story = testing.change("delivery", lambda line: line | {"test": False})

    assert [some.cause for some in story.findings(campaign_state.CHECKS)] == [
        "sent in earnest on a channel in testing mode"
    ] * 10


def test_reported_in_testing_mode(sound, testing):
    """Nothing went out, so nothing can be reported."""
    story = testing.plus(sound.of("metrics")[0])

    assert [some.cause for some in story.findings(campaign_state.CHECKS)] == [
        "UpdateCampaignMetrics of a channel in testing mode"
    ]


def test_a_triggered_message_is_judged_like_any_other(sound):
    """In time it is ok, too late it is late, and without it is lost."""
    for sent_after, expected in ((0, "ok"), (HOUR, "late"), (None, "lost")):
        fates = ledger(triggered(sound, sent_after).history()).recipients
        assert [fate.kind for fate in fates if fate.obligation.trigger == "Visit"] == [expected]


@pytest.mark.parametrize(("sent_after", "count"), [(0, 0), (MINUTE, 0), (MINUTE + 1, 1), (4 * MINUTE, 1)])
def test_a_trigger_is_answered_within_a_minute(sound, sent_after, count):
    """Four minutes would do for a campaign."""
    story = triggered(sound, sent_after)

    assert [some.cause for some in story.findings(triggers.CHECKS)] == ["a trigger was answered too late"] * count
    assert story.findings(timing.CHECKS) == []


def test_a_burst_of_triggers_takes_its_time(sound):
    """A thousand at once, and for each the attributes may have to be asked for, five a second."""
    met = {"n": 800, "at": iso(FIRST_SEND + HOUR), "kind": "trigger", "trigger": "Visit", "campaign": 8001,
           "channel": 250, "template": 21, "request_id": "r"}  # fmt: skip
    others = [met | {"customer": f"X{index}"} for index in range(999)]
    story = triggered(sound, 4 * MINUTE)

    assert Story((*story.lines[:-2], *others, *story.lines[-2:])).findings(triggers.CHECKS) == []


def event_11(sound: Story, after: int, **fields: object) -> Line:
    """The bridge was told of the trigger."""
    told = {"event": "11", "key": "11:Visit:C0000003:1", "at": iso(FIRST_SEND + HOUR + after)}
    return sound.of("webhook")[0] | told | fields


@pytest.mark.parametrize(("after", "count"), [(100, 0), (101, 1)])
def test_optimove_tells_at_once(sound, after, count):
    """Later than that is worth a note, as some fault did it."""
    story = triggered(sound, after).plus(event_11(sound, after))

    assert len(story.findings(triggers.CHECKS, "note")) == count


def test_a_trigger_that_was_told_late_may_be_answered_late(sound):
    """The minute begins when the bridge hears of it."""
    story = triggered(sound, 10 * MINUTE).plus(event_11(sound, 9 * MINUTE + 30_000))

    assert story.findings(triggers.CHECKS) == []


def test_an_event_that_came_twice_and_was_handled_twice(sound):
    """The finding says that it came twice."""
    story = triggered(sound, 0).plus(event_11(sound, 0), event_11(sound, 0, resend=1))
    again = story.of("delivery")[-1] | {"message": "t2", "n": 999}

    assert [some.cause for some in story.plus(again).findings(delivery.CHECKS)] == [
        "duplicated: the event came more than once, and was handled more than once"
    ]


def test_triggers_need_no_pages_and_no_pace_of_reports(sound):
    """The guide asks for those of scheduled campaigns."""
    story = triggered(sound, 0)

    assert story.findings((*paging.CHECKS, *metrics.CHECKS[:1])) == []


def test_a_trigger_that_nobody_listens_for_is_a_matter_of_configuration(sound):
    """Until there is a listener for event 11 on its channel, or a general one."""
    story = triggered(sound, 0)
    (found,) = story.findings(webhooks.CHECKS)
    assert (found.blame, found.where.campaign, "event 11 and channel 250" in found.expected) == ("config", 8001, True)

    for channel in (250, None):
        heard = story.plus(sound.of("listener")[0] | {"event_type": 11, "channel": channel})
        assert heard.findings(webhooks.CHECKS) == []


def test_what_the_sandbox_lost_says_nothing_about_the_bridge(sound):
    """Neither when all of it was lost, nor when the rest got through."""
    lost = {"status": None, "error": "lost on the way", "dropped": True}
    story = sound.change("webhook", lambda line: line | lost if line["event"] == "13" else line)

    assert story.findings(webhooks.CHECKS) == []


def test_the_new_kinds_have_their_place(sound):
    """What customers did, what became of campaigns, and who was cleared."""
    head = {"n": 900, "at": iso(FIRST_SEND), "real": 0.0}
    history = sound.plus(
        head | {"kind": "customer_event", "customer": "C0000003", "event": "visit", "parameters": {"page": "/"}},
        head | {"kind": "cancelled", "campaign": 7001, "channels": [505], "previous_state": "announced",
                "customers": 12},
        head | {"kind": "clearance", "campaign": 7001, "action": "given", "required_by": iso(FIRST_SEND), "named": 2,
                "cleared": 1},
    ).history()  # fmt: skip

    assert history.customer_events[0].parameters == {"page": "/"}
    assert history.cancellations[0].channels == (505,)
    assert (history.clearances[0].named, history.clearances[0].required_by) == (2, FIRST_SEND)
