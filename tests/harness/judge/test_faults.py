"""Judging runs with faults: what they excuse, and what they do not."""

import pytest

from fault_helpers import call, laid, strike, struck
from history_builder import FIRST_SEND, START, Line, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import contract, delivery, faults, metrics, paging, timing, totals, webhooks
from sendproof_harness.judge.facts.delivery_ledger import ledger

SEND = {"fault": "connection_reset", "call": "textlocal.send"}
ANNOUNCED = START + 2 * HOUR


def counts(story: Story) -> dict[str, int]:
    """The ledger without its zeros."""
    return {name: count for name, count in ledger(story.history()).counts.items() if count}


def causes(story: Story, *modules: object) -> list[str]:
    """What was found, in short."""
    return [some.cause for module in modules for some in story.findings(module.CHECKS)]


def send_struck(
    story: Story, at: int, fault: str = "connection_reset", reply: str = "lost", *, effect: bool = False
) -> Story:
    """A call to send was struck."""
    said = struck(fault, reply, effect=effect)
    return laid(story, SEND | {"fault": fault}).plus(
        strike(at, 5_000, fault, "textlocal", "send"), call(at, 5_001, "textlocal", "send", status=0, fault=said)
    )


def late_by(story: Story, by: int) -> Story:
    """Customer 3 got the message so much later."""
    sent = iso(FIRST_SEND + by)
    return story.change_delivery_to(3, at=sent, send_at=sent)


def through(provider: str, story: Story) -> Story:
    """The same with another provider."""
    channels = [{"id": 505, "provider": provider, "kind": "scheduled"}]
    story = Story((story.lines[0] | {"channels": channels}, *story.lines[1:]))
    return story.change("delivery", lambda line: line | {"service": provider}).change(
        "delivery_status", lambda line: line | {"service": provider}
    )


def test_a_fault_that_never_struck(sound):
    """What was not tried is not passed, and it was laid where nothing comes by."""
    (found,) = laid(sound, SEND).findings(faults.CHECKS)

    assert (found.level, found.blame, found.cause) == (
        "error",
        "harness",
        "a fault never struck: there were no calls of textlocal.send",
    )


def test_a_call_that_every_bridge_has_to_make(sound):
    """When it never came, the bridge is to blame that nothing struck it."""
    story = laid(sound, {"fault": "connection_reset", "call": "optimove.RegisterEventListener"})

    assert [found.blame for found in story.findings(faults.CHECKS)] == ["bridge"]


def test_a_kill_that_nobody_carried_out(sound):
    """A bridge that the harness did not start cannot be killed, so nothing was tried."""
    story = laid(sound, {"fault": "kill", "call": "textlocal.send"})
    missed = strike(FIRST_SEND, 5_000, "kill", "textlocal", "send", missed=True)

    assert [found.level for found in story.plus(missed).findings(faults.CHECKS)] == ["error"]


def test_a_run_without_faults_is_not_asked(sound):
    """A check that does not apply is left out of the verdict."""
    assert "faults.injected" not in {result.check.id for result in sound.verdict().results}


@pytest.mark.parametrize(
    ("struck_at", "sent_after", "name"),
    [
        (0, 10 * MINUTE, "ok"),
        (4 * MINUTE, 20 * MINUTE, "ok"),
        (0, 2 * HOUR, "late"),
        (6 * MINUTE, 7 * MINUTE, "late"),
        (-HOUR, 10 * MINUTE, "late"),
    ],
)
def test_time_begins_anew_at_a_fault(sound, struck_at, sent_after, name):
    """Only at one that struck while the message was in time, and not for ever."""
    story = send_struck(late_by(sound, sent_after), FIRST_SEND + struck_at)

    assert counts(story).get(name, 0) == {"ok": 10, "late": 1}[name]


def test_a_fault_elsewhere_is_no_excuse(sound):
    """Metrics that could not be pushed hold up no message."""
    story = laid(
        late_by(sound, 9 * MINUTE), {"fault": "connection_reset", "call": "optimove.UpdateCampaignMetrics"}
    ).plus(strike(FIRST_SEND + 4 * MINUTE, 5_000, "connection_reset", "optimove", "UpdateCampaignMetrics"))

    assert causes(story, timing) == ["late: sent more than 5 min after it was due"]


def test_a_key_that_is_refused_holds_up_everything(sound):
    """The pages are read with it, too."""
    story = laid(late_by(sound, 9 * MINUTE), {"fault": "unauthorized", "call": "optimove.UpdateCampaignMetrics"})
    story = story.plus(strike(FIRST_SEND + 4 * MINUTE, 5_000, "unauthorized", "optimove", "UpdateCampaignMetrics"))

    assert causes(story, timing) == []


def test_longer_and_longer_waits(sound):
    """Whoever waits twice as long after each failure is not late."""
    minutes = (0, 1, 3, 7, 15)
    story = laid(late_by(sound, 31 * MINUTE), SEND).plus(
        *(strike(FIRST_SEND + m * MINUTE, 5_000 + m, "connection_reset", "textlocal", "send") for m in minutes)
    )

    assert causes(story, timing) == []


def test_a_bridge_that_was_away(sound):
    """What was due meanwhile may come when it is back."""
    story = laid(late_by(sound, 64 * MINUTE), {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(story, timing) != []
    assert causes(story.plus(strike(FIRST_SEND, 5_000, "kill", "textlocal", "send")), timing) == []


def test_an_announcement_that_came_late(sound):
    """Nobody can send before they hear of it."""
    late = {"at": iso(FIRST_SEND + 8 * MINUTE), "fault": "f1"}
    story = late_by(sound, 12 * MINUTE).change("webhook", lambda line: line | late if line["event"] == "13" else line)

    assert causes(story, timing) == []


def test_a_repeat_without_a_look(sound):
    """The first call had sent it, but its reply was lost."""
    story = send_struck(sound, FIRST_SEND, effect=True)
    story = story.change_delivery_to(3, request=5_001).plus(sound.delivery_to(3) | {"n": 5_002, "message": "again"})

    assert causes(story, delivery) == ["duplicated: sent again blindly after the reply of the call was lost"]


def test_nobody_can_know(sound):
    """Of a provider without a record nobody learns whether a call without a reply was done, and that is said."""
    lost = through("delivyr", sound).without(
        "delivery", lambda line: line["message"] == sound.delivery_to(3)["message"]
    )
    said = struck("connection_reset", "lost", effect=False)
    story = laid(lost, {"fault": "connection_reset", "call": "delivyr.sendSms"}).plus(
        strike(FIRST_SEND, 5_000, "connection_reset", "delivyr", "sendSms"),
        call(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=said),
    )

    (found,) = story.findings(delivery.CHECKS)
    assert (found.level, found.blame, counts(story)["indefinite"]) == ("unknown", "network", 1)
    assert found.cause.startswith("indefinite: the reply of the call was lost")


def test_somebody_could_have_asked(sound):
    """Textlocal has a history, so a message that is missing after a lost reply is the bridge's."""
    story = sound.without("delivery", lambda line: line["message"] == sound.delivery_to(3)["message"])

    assert causes(send_struck(story, FIRST_SEND), delivery) == [
        "lost: the reply was lost, and the bridge never looked what had become of the call"
    ]


def test_one_call_excuses_one_message(sound):
    """Two are missing, and one call was lost."""
    missing = {sound.delivery_to(3)["message"], sound.delivery_to(6)["message"]}
    lost = through("delivyr", sound).without("delivery", lambda line: line["message"] in missing)
    said = struck("connection_reset", "lost", effect=False)
    story = lost.plus(call(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=said))

    assert (counts(story)["indefinite"], counts(story)["lost"]) == (1, 1)


def test_a_campaign_that_was_never_announced(sound):
    """Every attempt to tell it was lost on the way."""
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    story = sound.change("webhook", lambda line: line | lost if line["event"] == "13" else line).without("delivery")

    assert set(causes(story, delivery)) == {"indefinite: no notification ever came to the bridge"}


def test_acknowledged_and_forgotten(sound):
    """The bridge said yes, and was killed before it had stored what it was told."""
    story = laid(sound, {"fault": "kill", "webhook": "optimove.13", "when": "after"}).without("delivery")
    story = story.without("request", lambda line: "summary" in line).plus(
        strike(ANNOUNCED, 5_000, "kill", "optimove", "13", target="webhook", when="after")
    )

    assert set(causes(story, delivery)) == {
        "lost: what was acknowledged was not stored, and gone when the bridge was killed"
    }


def test_a_killed_bridge_answers_nothing(sound):
    """While it is away nobody acknowledges, and that is not its fault."""
    away = {"status": None, "error": "connection refused"}
    story = sound.change("webhook", lambda line: line | away if line["event"] == "13" else line)
    story = laid(story, {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(story, webhooks) != []
    assert causes(story.plus(strike(ANNOUNCED - MINUTE, 1, "kill", "textlocal", "send")), webhooks) == []


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_what_a_fault_answers_is_not_the_bridges_sin(sound, status):
    """Neither its rate nor its key nor its call was wrong."""
    said = struck("status", "altered", effect=False)
    story = sound.plus(call(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=status, fault=said))

    assert causes(story, contract) == []


def test_what_the_service_said_counts_even_unheard(sound):
    """The call was refused by the service itself; that its reply was lost makes it no better."""
    said = struck("connection_reset", "lost", effect=True)
    story = sound.plus(call(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=404, fault=said))

    assert causes(story, contract) == ["optimove AddChannelTemplates: refused"]


def test_a_page_whose_reply_was_lost(sound):
    """Read again it is complete; not read again its rows are missing."""
    lost = struck("truncated_response", "lost", effect=True)
    second = next(line for line in sound.of("request") if line.get("summary", {}).get("skip") == 5)
    again = sound.plus(second | {"n": 5_001, "fault": lost})
    never = sound.change("request", lambda line: line | {"fault": lost} if line["n"] == second["n"] else line)

    assert causes(again, paging) == []
    assert causes(never, paging) == ["rows never read"]


def test_a_push_that_a_fault_kept_away(sound):
    """It was a push all the same, so the day has enough."""
    last_day = [line for line in sound.of("metrics") if line["at"] > iso(FIRST_SEND + 6 * DAY)][:3]
    gone = {line["at"] for line in last_day}
    story = sound.without("metrics", lambda line: line["at"] in gone)
    said = struck("status", "altered", effect=False)
    tried = [
        call(parse_instant(str(at)), 5_001, "optimove", "UpdateCampaignMetrics", status=503, fault=said) for at in gone
    ]

    assert causes(story, metrics) == ["metrics pushed too seldom"]
    assert causes(story.plus(*tried), metrics) == []


def test_a_day_without_the_bridge(sound):
    """Who was killed for a day cannot push on it."""
    first, last = iso(FIRST_SEND + DAY), iso(FIRST_SEND + 2 * DAY)
    story = laid(sound, {"fault": "kill", "call": "textlocal.send", "down": DAY})
    story = story.without("metrics", lambda line: first <= line["at"] < last)

    assert causes(story, metrics) == ["no metrics for a whole day"]
    assert causes(story.plus(strike(FIRST_SEND + DAY, 5_000, "kill", "textlocal", "send")), metrics) == []


def without_receipt(line: Line, message: object) -> Line:
    """The receipt of one message was lost on the way."""
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    return line | lost if line["key"] == f"receipt:{message}" else line


def test_a_receipt_that_never_came(sound):
    """A total may leave out what nobody told the bridge."""
    message = sound.delivery_to(3)["message"]
    short = sound.change("metrics", lambda line: line | {"items": [one_less(item) for item in line["items"]]})

    assert causes(short, totals) == ["the total of delivered is not what the provider said"]
    assert causes(short.change("webhook", lambda line: without_receipt(line, message)), totals) == []


def one_less(item: Line) -> Line:
    """One delivered less of template 11."""
    return (
        item | {"MetricValue": item["MetricValue"] - 1} if (item["TemplateID"], item["MetricID"]) == (11, 1) else item
    )


def test_a_receipt_that_was_counted_twice(sound):
    """It came twice, and there is one too many."""
    (twice,) = [line for line in sound.of("webhook") if line["key"] == f"receipt:{sound.delivery_to(3)['message']}"]
    story = sound.change("metrics", lambda line: line | {"items": [one_more(item) for item in line["items"]]})

    assert "as if receipts that came twice were counted twice" in causes(story.plus(twice | {"resend": 1}), totals)[0]


def one_more(item: Line) -> Line:
    """One delivered more of template 12, which bounced for others."""
    return (
        item | {"MetricValue": item["MetricValue"] + 1} if (item["TemplateID"], item["MetricID"]) == (12, 1) else item
    )


def test_called_before_it_was_time(sound):
    """A second later is no half minute."""
    said = struck("rate_limited", "altered", effect=False)
    limited = call(START + 5 * MINUTE, 5_001, "optimove", "GetChannelTemplates", status=429, fault=said)
    story = laid(sound, {"fault": "rate_limited", "call": "optimove.GetChannelTemplates", "retry_after": 30})
    early, late = (
        limited | {"n": 5_002, "at": iso(START + 5 * MINUTE + after), "status": 200, "fault": None}
        for after in (SECOND, 30 * SECOND)
    )

    found = [some.cause for some in story.plus(limited, early).verdict().groups if some.check == "contract.retry_after"]
    assert found == ["429 ignored: optimove GetChannelTemplates: called again before it was time"]
    assert [some for some in story.plus(limited, late).verdict().groups if some.check == "contract.retry_after"] == []


def test_a_call_that_was_limited_and_never_made_again(sound):
    """What was asked for is still not done."""
    limited = call(START, 5_001, "optimove", "GetChannelTemplates", status=429)
    found = [some.cause for some in sound.plus(limited).verdict().groups if some.check == "contract.retry_after"]

    assert found == ["429 ignored: optimove GetChannelTemplates: the call was never made again"]


def test_a_login_too_many_need_not_be_made_again(sound):
    """The token that the bridge has is still good."""
    limited = call(START, 5_001, "optimove", "Login", status=429)

    assert "contract.retry_after" not in {result.check.id for result in sound.plus(limited).verdict().results}
