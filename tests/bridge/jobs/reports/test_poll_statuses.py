"""Where the account posts no receipts, the provider is asked before each report what became of the messages."""

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE, SECOND
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import providers
from small_bridge import NOON, opened, row, settings
from stand_in import Says

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
CHANNEL = {"provider": "xtremepush", "options": {**OPTIONS, "apptoken": Secret("an-apptoken")}}
CUSTOMERS = ("C1", "C2", "C3")
PERSON = {"PHONE": "+447100000001", "CONSENT": "1", "FIRST_NAME": "Ann"}


def envelope(**said):
    """A success of Xtremepush."""
    return Says({"code": 200, "success": True, **said})


def campaign(seen):
    """The list of campaigns, one campaign, or its execution."""
    if "condition" in seen.body:
        return envelope(data=[{"id": 12, "title": "Hello"}])
    return envelope(model={"id": 12, "messages": {"9": {"sms": {"text": "Hello {{FIRST_NAME}}"}}}})


@pytest.fixture
def xtremepush(outside):
    """Takes every message."""
    outside.say("campaign", campaign)
    outside.say("profile", lambda seen: envelope(data=[], model={}))
    rows = [row(customer, f"+44710000000{place}", template=12) for place, customer in enumerate(CUSTOMERS, 1)]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    return outside


@pytest.fixture
def sent(tmp_path, xtremepush):
    """Three messages of one campaign, just sent."""
    with opened(tmp_path, settings(tmp_path, xtremepush.url, channel=CHANNEL)) as small:
        small.announce()
        small.work()
        yield small


def say(outside, **became):
    """What list/message tells of each customer."""
    rows = [
        {"id": place, "user_id": customer, "create_time": NOON // SECOND, **became.get(customer, {})}
        for place, customer in enumerate(CUSTOMERS, 1)
    ]
    outside.say("message", envelope(data=rows))


def asked(outside):
    """The users of each call."""
    return [call.body["condition"][1][2] for call in outside.calls("message")]


def pushed(outside):
    """Delivered and bounced, as each push tells them."""
    pushes = [
        {one["MetricID"]: one["MetricValue"] for one in call.body} for call in outside.calls("UpdateCampaignMetrics")
    ]
    return [(metrics[1], metrics[9]) for metrics in pushes]


def test_the_first_report_tells_what_the_provider_knows(sent, xtremepush):
    """A quarter of an hour after the send, in the push of that very moment."""
    say(xtremepush, C1={"delivery": 1}, C2={"error": 1})
    sent.work(until=NOON + 15 * MINUTE)

    assert pushed(xtremepush) == [(1, 1)]


def test_who_has_ended_is_not_asked_about_again(sent, xtremepush):
    """With each report the calls become fewer, until there are none."""
    say(xtremepush, C1={"delivery": 1})
    sent.work(until=NOON + 15 * MINUTE)
    say(xtremepush, C2={"delivery": 1}, C3={"error": 1})
    sent.work(until=NOON + DAY)

    assert asked(xtremepush) == [["C1", "C2", "C3"], ["C2", "C3"]]
    assert pushed(xtremepush) == [(1, 0), (2, 1), (2, 1), (2, 1), (2, 1)]


def test_what_never_ends_is_asked_about_once_a_report(sent, xtremepush):
    """Until the reports end, and the asking with them."""
    say(xtremepush)
    sent.work(until=NOON + 9 * DAY)

    assert len(asked(xtremepush)) == len(pushed(xtremepush)) == 29
    assert sent.rows("SELECT state FROM job WHERE kind = 'poll_statuses'") == ["done"]


def test_a_report_does_not_wait_for_a_provider_in_trouble(sent, xtremepush):
    """It tells what is known; before the next one the provider is asked again."""
    xtremepush.say("message", Says(status=500))
    sent.work(until=NOON + 15 * MINUTE)
    say(xtremepush, C1={"delivery": 1})
    sent.work(until=NOON + 6 * HOUR)

    assert pushed(xtremepush) == [(0, 0), (1, 0)]
    assert len(asked(xtremepush)) == 2


def test_a_customer_who_met_a_trigger_twice_is_asked_about_twice(tmp_path, xtremepush):
    """Each message has its own row, and a message each its own end; different customers share a call."""
    both = settings(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    about = {"channelID": 505, "campaignID": "8001", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with opened(tmp_path, both) as small:
        for place, customer in enumerate(("C1", "C2", "C1")):
            small.tell(requestId=f"r{place}", customerID=customer, **about)
            small.work(until=small.clock.time + MINUTE)
        say(xtremepush)
        small.work(until=NOON + 15 * MINUTE)

    assert asked(xtremepush) == [["C1", "C2"], ["C1"]]


def test_triggers_are_asked_about_before_their_reports(tmp_path, xtremepush):
    """Which go on as long as messages do."""
    one = settings(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    about = {"channelID": 505, "campaignID": "8001", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with opened(tmp_path, one) as small:
        small.tell(requestId="r", customerID="C1", **about)
        small.work()
        say(xtremepush)
        small.work(until=NOON + HOUR)
        say(xtremepush, C1={"delivery": 1})
        small.work(until=NOON + 9 * DAY)

        assert pushed(xtremepush)[:2] == [(0, 0), (1, 0)]
        assert small.rows("SELECT state FROM job WHERE kind IN ('poll_statuses', 'push_metrics')") == ["done", "done"]
    assert len(asked(xtremepush)) == 2
