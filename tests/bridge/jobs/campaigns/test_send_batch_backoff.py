"""A provider that says that there are too many calls is left in peace, by all sends to that account."""

import json
from dataclasses import replace

import pytest

from sendproof_bridge.clock import HOUR, SECOND
from small_bridge import NOON, opened, settings
from stand_in import Says

PERSON = {"CONSENT": "1", "FIRST_NAME": "Ann"}
MET = 12
TOO_MANY = Says(status=429, headers=(("Retry-After", "60"),))


def triggered(config):
    """The same bridge, with a second channel for triggers at the same address."""
    (client,) = config.clients
    (first,) = client.channels
    both = (replace(first, kind="triggered"), replace(first, id=506, kind="triggered"))
    return replace(config, clients=(replace(client, channels=both),))


@pytest.fixture
def burst(tmp_path, outside):
    """A bridge of which twelve customers meet a trigger at one instant."""
    with opened(tmp_path, triggered(settings(tmp_path, outside.url))) as small:
        small.threads = 1
        meet(small, range(MET))
        yield small


def meet(small, who, channel=505):
    """These customers meet triggers of a channel, each that of another campaign, so that each is sent by itself."""
    for index in who:
        person = {**PERSON, "PHONE": f"+4471000000{index:02}"}
        about = {"customerID": f"C{index}", "channelID": channel, "campaignID": f"{8001 + index}", "templateID": 11}
        small.tell(requestId=f"r{channel}-{index}", **about, personalization={"personalInfo": person})


def accepts(seen):
    """Take every message."""
    sent = json.loads(seen.body["data"])["messages"]
    parts = [{"messages": [{"id": one["number"], "recipient": int(one["number"])}]} for one in sent]
    return Says({"messages": parts, "messages_not_sent": [], "status": "success"})


def states(small):
    """How many messages stand how."""
    return small.rows("SELECT state, COUNT(*) FROM message GROUP BY state ORDER BY state")


def test_one_refusal_holds_back_every_send_of_the_account(burst, outside):
    """Twelve are due, one is refused, and none of the others is tried before its time."""
    outside.say("bulk_json", TOO_MANY)
    burst.work(until=NOON + 59 * SECOND)

    assert len(outside.calls("bulk_json")) == 1
    assert states(burst) == [("pending", MET)]


def test_after_the_time_that_was_asked_for_everything_goes_out(burst, outside):
    """Nothing twice, and nothing is left behind."""
    outside.say("bulk_json", TOO_MANY, accepts)
    burst.work(until=NOON + 61 * SECOND)

    assert states(burst) == [("accepted", MET)]


def test_without_a_time_the_pause_grows_with_each_refusal_in_a_row(burst, outside):
    """10 s, 20 s, 40 s, ... 5 min, whichever message it is that is refused."""
    outside.say("bulk_json", Says(status=429))
    burst.work(until=NOON + 69 * SECOND)

    assert len(outside.calls("bulk_json")) == 3
    assert burst.rows("SELECT until, refusals FROM backoff") == [(NOON + 70 * SECOND, 3)]


def test_a_send_that_gets_through_ends_the_row_of_refusals(burst, outside):
    """The next refusal is a first one again."""
    outside.say("bulk_json", TOO_MANY, TOO_MANY, accepts)
    burst.work(until=NOON + HOUR)

    assert burst.rows("SELECT * FROM backoff") == []


def test_other_channels_go_on(burst, outside):
    """They are other accounts, or at least other numbers of calls."""
    outside.say("bulk_json", TOO_MANY, accepts)
    burst.work()
    meet(burst, [20], channel=506)
    burst.work(until=NOON + SECOND)

    assert states(burst) == [("accepted", 1), ("pending", MET)]


def test_a_bridge_that_starts_anew_knows_of_the_pause(tmp_path, burst, outside):
    """It is a row, not a thought."""
    outside.say("bulk_json", TOO_MANY)
    burst.work()
    with opened(tmp_path, triggered(settings(tmp_path, outside.url))) as another:
        another.threads = 1
        meet(another, [20])
        another.work(until=NOON + 59 * SECOND)

    assert len(outside.calls("bulk_json")) == 1


def test_waiting_for_the_end_of_a_pause_is_no_attempt(burst, outside):
    """However often a message was held back, a refusal of its own is its first."""
    outside.say("bulk_json", Says(status=429))
    burst.work(until=NOON + 69 * SECOND)

    attempts = burst.rows("SELECT attempts FROM job WHERE kind = 'send_batch' ORDER BY attempts")
    assert attempts == [0] * (MET - 3) + [1] * 3


def test_messages_that_are_always_refused_do_not_hold_up_the_others(burst, outside):
    """They go to the end of the queue."""
    always = ("447100000000", "447100000009")
    outside.say("bulk_json", lambda seen: TOO_MANY if any(map(seen.body["data"].count, always)) else accepts(seen))
    burst.work(until=NOON + HOUR)

    assert states(burst) == [("accepted", MET - 2), ("pending", 2)]
