import msgspec
import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context
from sendproof_simulators.core.http import JournalEntry, Webhook

HERE = "http://127.0.0.1:9000/a"
THERE = "http://127.0.0.1:9000/b"


def register(optimove: Optimove, event: int, url: str = HERE, **more: object) -> tuple[int, str]:
    """Register, and give back status and text."""
    outcome = optimove.call("RegisterEventListener", {"EventTypeID": event, "ListenerURL": url, **more})
    return outcome.reply.status, outcome.reply.body.decode()


def said(webhooks: tuple[Webhook, ...]) -> list[tuple[str, object]]:
    """Address and body of each."""
    return [(w.url, msgspec.json.decode(w.body)) for w in webhooks]


def test_a_registration_is_answered_with_nothing_and_noted(optimove: Optimove) -> None:
    """Functions that change something return no payload."""
    outcome = optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": HERE, "ChannelID": 505})
    assert (outcome.reply.status, outcome.reply.body) == (200, b"")
    fields = {"action": "registered", "event_type": 13, "channel": 505, "url": HERE}
    assert outcome.facts == (JournalEntry(kind="listener", fields=fields),)


def test_listeners_are_listed_general_ones_first(optimove: Optimove) -> None:
    """One entry for each event type and channel; the channel only where there is one."""
    for event, more in ((13, {"ChannelID": 505}), (13, {}), (1, {"ChannelID": 505})):
        register(optimove, event, **more)
    assert optimove.read("GetRegisteredEventListeners") == [
        {"EventTypeID": 1, "ListenerURL": HERE, "ChannelID": 505},
        {"EventTypeID": 13, "ListenerURL": HERE},
        {"EventTypeID": 13, "ListenerURL": HERE, "ChannelID": 505},
    ]


def test_registering_again_replaces_the_address(optimove: Optimove) -> None:
    """There is one listener for an event type and channel."""
    register(optimove, 13, HERE)
    register(optimove, 13, THERE)
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": THERE}]


def test_a_percent_encoded_address_is_kept_decoded(optimove: Optimove) -> None:
    """One real client encodes it."""
    register(optimove, 13, "http%3A%2F%2F127.0.0.1%3A9000%2Fa")
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": HERE}]


def test_event_5_has_a_general_listener_only(optimove: Optimove) -> None:
    """The contract forbids a channel with it, and so does the state."""
    assert register(optimove, 5) == (200, "")
    body = {"EventTypeID": 5, "ListenerURL": HERE, "ChannelID": 505}
    assert optimove.violations("RegisterEventListener", body) == ["not body"]
    with pytest.raises(Exception, match="leave ChannelID out"):
        optimove.state.register_listener(5, HERE, 505)


@pytest.mark.parametrize("event", [0, 6, 12, 14, "013"])
def test_other_event_types_break_the_contract(optimove: Optimove, event: object) -> None:
    """Only the documented types can be listened to."""
    body = {"EventTypeID": event, "ListenerURL": HERE}
    assert any("body.EventTypeID" in v for v in optimove.violations("RegisterEventListener", body))


def test_other_machines_are_refused_unless_the_sandbox_allows_them(optimove: Optimove) -> None:
    """The answer says what to do."""
    status, text = register(optimove, 13, "http://example.com/hook")
    assert status == 400
    assert "allow_remote_webhooks" in text
    assert register(Optimove(sandbox_context(allow_remote=True)), 13, "http://example.com/hook") == (200, "")


def test_a_listener_of_an_unknown_channel_is_refused(optimove: Optimove) -> None:
    """Nothing would ever be sent to it."""
    assert register(optimove, 13, ChannelID=999) == (404, "ChannelID 999 is not known; there are [250, 505]")


def test_only_the_listener_named_is_removed(optimove: Optimove) -> None:
    """Without a channel it is the general one."""
    register(optimove, 13, HERE)
    register(optimove, 13, THERE, ChannelID=505)
    facts = optimove.call("UnregisterEventListener", {"EventTypeID": 13}).facts
    assert [fact.fields["action"] for fact in facts] == ["unregistered"]
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": THERE, "ChannelID": 505}]


def test_removing_what_is_not_there_changes_nothing(optimove: Optimove) -> None:
    """It succeeds, and nothing is noted."""
    outcome = optimove.call("UnregisterEventListener", {"EventTypeID": 13, "ChannelID": 505})
    assert (outcome.reply.status, outcome.facts) == (200, ())


def test_the_channels_own_listener_is_told_before_the_general_one(optimove: Optimove) -> None:
    """Event 13 names the channel, event 1 does not; each goes to one listener."""
    register(optimove, 13, HERE, ChannelID=505)
    register(optimove, 13, THERE)
    register(optimove, 1, THERE)
    assert said(optimove.announce(plan())) == [
        (THERE, {"EventTypeID": 1, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001}),
        (HERE, {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}),
    ]


def test_a_general_listener_hears_of_channels_without_their_own(optimove: Optimove) -> None:
    """A listener of another channel does not."""
    register(optimove, 13, HERE)
    register(optimove, 13, THERE, ChannelID=250)
    assert [w.url for w in optimove.announce(plan())] == [HERE]


def test_without_listeners_nobody_is_told(optimove: Optimove) -> None:
    """The campaign is announced all the same."""
    assert optimove.announce(plan()) == ()
    assert len(optimove.rows()) == 10


def test_a_notification_is_named_by_event_campaign_and_channel(optimove: Optimove) -> None:
    """Attempts of one notification share the name, and the journal learns what it is about."""
    register(optimove, 13)
    (webhook,) = optimove.announce(plan(announce_at=SIX + 60_000))
    assert (webhook.key, webhook.event) == ("13:7001:505", "13")
    assert webhook.about == {"campaign": 7001, "channel": 505}
    assert len(webhook.retry.delays_ms) == 4
