"""A rate-limit refusal by a provider pauses all sends of the channel."""

import json
from dataclasses import replace

import pytest

from sendproof_bridge.clock import HOUR, SECOND
from small_bridge import NOON, bridge_config, open_small_bridge
from stand_in import Reply

PERSON = {"CONSENT": "1", "FIRST_NAME": "Ann"}
CUSTOMERS = 12
TOO_MANY = Reply(status=429, headers=(("Retry-After", "60"),))


def with_two_channels(config):
    """Return a configuration with two channels for triggers, 505 and 506."""
    (client,) = config.clients
    (first,) = client.channels
    channels = (replace(first, kind="triggered"), replace(first, id=506, kind="triggered"))
    return replace(config, clients=(replace(client, channels=channels),))


@pytest.fixture
def burst(tmp_path, database, services):
    """Open a bridge, and let twelve customers meet a trigger at one instant."""
    with open_small_bridge(tmp_path, with_two_channels(bridge_config(tmp_path, services.url))) as bridge:
        bridge.threads = 1
        meet_triggers(bridge, range(CUSTOMERS))
        yield bridge


def meet_triggers(bridge, customers, channel=505):
    """Let each customer meet the trigger of another campaign, so that each message is sent by itself."""
    for index in customers:
        person = {**PERSON, "PHONE": f"+4471000000{index:02}"}
        event = {"customerID": f"C{index}", "channelID": channel, "campaignID": f"{8001 + index}", "templateID": 11}
        bridge.receive_event(requestId=f"r{channel}-{index}", **event, personalization={"personalInfo": person})


def accept_all(request):
    sent = json.loads(request.body["data"])["messages"]
    parts = [{"messages": [{"id": message["number"], "recipient": int(message["number"])}]} for message in sent]
    return Reply({"messages": parts, "messages_not_sent": [], "status": "success"})


def states(bridge):
    """Return the number of messages in each state."""
    return bridge.query("SELECT state, COUNT(*) FROM message GROUP BY state ORDER BY state")


def test_one_refusal_pauses_every_send_of_the_channel(burst, services):
    services.respond("bulk_json", TOO_MANY)
    burst.run(until=NOON + 59 * SECOND)

    assert len(services.calls("bulk_json")) == 1
    assert states(burst) == [("pending", CUSTOMERS)]


def test_all_messages_are_sent_after_the_pause(burst, services):
    services.respond("bulk_json", TOO_MANY, accept_all)
    burst.run(until=NOON + 61 * SECOND)

    assert states(burst) == [("accepted", CUSTOMERS)]


def test_pause_without_retry_after_grows_with_refusals(burst, services):
    """10 s, 20 s, 40 s, ... 5 min, whichever message is refused."""
    services.respond("bulk_json", Reply(status=429))
    burst.run(until=NOON + 69 * SECOND)

    assert len(services.calls("bulk_json")) == 3
    assert burst.query("SELECT until, refusals FROM backoff") == [(NOON + 70 * SECOND, 3)]


def test_successful_send_resets_the_refusals(burst, services):
    services.respond("bulk_json", TOO_MANY, TOO_MANY, accept_all)
    burst.run(until=NOON + HOUR)

    assert burst.query("SELECT * FROM backoff") == []


def test_other_channels_continue(burst, services):
    services.respond("bulk_json", TOO_MANY, accept_all)
    burst.run()
    meet_triggers(burst, [20], channel=506)
    burst.run(until=NOON + SECOND)

    assert states(burst) == [("accepted", 1), ("pending", CUSTOMERS)]


def test_pause_survives_a_restart(tmp_path, database, burst, services):
    services.respond("bulk_json", TOO_MANY)
    burst.run()
    with open_small_bridge(tmp_path, with_two_channels(bridge_config(tmp_path, services.url))) as restarted:
        restarted.threads = 1
        meet_triggers(restarted, [20])
        restarted.run(until=NOON + 59 * SECOND)

    assert len(services.calls("bulk_json")) == 1


def test_deferred_job_counts_no_attempt(burst, services):
    """After a pause, the first refusal of its own is its first attempt."""
    services.respond("bulk_json", Reply(status=429))
    burst.run(until=NOON + 69 * SECOND)

    attempts = burst.query("SELECT attempts FROM job WHERE kind = 'send_batch' ORDER BY attempts")
    assert attempts == [0] * (CUSTOMERS - 3) + [1] * 3


def test_messages_that_are_always_refused_do_not_block_others(burst, services):
    always = ("447100000000", "447100000009")
    services.respond(
        "bulk_json", lambda request: TOO_MANY if any(map(request.body["data"].count, always)) else accept_all(request)
    )
    burst.run(until=NOON + HOUR)

    assert states(burst) == [("accepted", CUSTOMERS - 2), ("pending", 2)]
