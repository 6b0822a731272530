import msgspec
import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context
from sendproof_simulators.core.effects import JournalEntry, Webhook

HERE = "http://127.0.0.1:9000/a"
THERE = "http://127.0.0.1:9000/b"


def register(optimove: Optimove, event: int, url: str = HERE, **members: object) -> tuple[int, str]:
    """Register a listener, and return status and text."""
    effects = optimove.call("RegisterEventListener", {"EventTypeID": event, "ListenerURL": url, **members})
    return effects.response.status, effects.response.body.decode()


def urls_and_bodies(webhooks: tuple[Webhook, ...]) -> list[tuple[str, object]]:
    """Return the URL and body of each webhook."""
    return [(webhook.url, msgspec.json.decode(webhook.body)) for webhook in webhooks]


def test_registration_has_empty_response_and_is_recorded(optimove: Optimove) -> None:
    """Functions that change something return no payload."""
    effects = optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": HERE, "ChannelID": 505})
    assert (effects.response.status, effects.response.body) == (200, b"")
    fields = {"action": "registered", "event_type": 13, "channel": 505, "url": HERE}
    assert effects.entries == (JournalEntry(kind="listener", fields=fields),)


def test_general_listeners_are_listed_first(optimove: Optimove) -> None:
    for event, members in ((13, {"ChannelID": 505}), (13, {}), (1, {"ChannelID": 505})):
        register(optimove, event, **members)
    assert optimove.read("GetRegisteredEventListeners") == [
        {"EventTypeID": 1, "ListenerURL": HERE, "ChannelID": 505},
        {"EventTypeID": 13, "ListenerURL": HERE},
        {"EventTypeID": 13, "ListenerURL": HERE, "ChannelID": 505},
    ]


def test_second_registration_replaces_the_url(optimove: Optimove) -> None:
    """There is one listener for an event type and channel."""
    register(optimove, 13, HERE)
    register(optimove, 13, THERE)
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": THERE}]


def test_percent_encoded_url_is_decoded(optimove: Optimove) -> None:
    """One real client encodes it."""
    register(optimove, 13, "http%3A%2F%2F127.0.0.1%3A9000%2Fa")
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": HERE}]


def test_event_5_has_no_listener_of_a_channel(optimove: Optimove) -> None:
    """The contract refuses a channel, and the state does so as well."""
    assert register(optimove, 5) == (200, "")
    body = {"EventTypeID": 5, "ListenerURL": HERE, "ChannelID": 505}
    assert optimove.violations("RegisterEventListener", body) == ["not body"]
    with pytest.raises(Exception, match="leave ChannelID out"):
        optimove.state.register_listener(5, HERE, 505)


@pytest.mark.parametrize("event", [0, 6, 12, 14, "013"])
def test_undocumented_event_type_breaks_the_contract(optimove: Optimove, event: object) -> None:
    body = {"EventTypeID": event, "ListenerURL": HERE}
    assert any("body.EventTypeID" in rule for rule in optimove.violations("RegisterEventListener", body))


def test_remote_url_is_refused_unless_the_sandbox_allows_it(optimove: Optimove) -> None:
    status, text = register(optimove, 13, "http://example.com/hook")
    assert status == 409
    assert "allow_remote_webhooks" in text
    assert register(Optimove(sandbox_context(allow_remote=True)), 13, "http://example.com/hook") == (200, "")


def test_listener_of_unknown_channel_is_refused(optimove: Optimove) -> None:
    """It would never receive an event."""
    assert register(optimove, 13, ChannelID=999) == (404, "ChannelID 999 is not known; there are [250, 505]")


def test_unregistering_removes_only_the_named_listener(optimove: Optimove) -> None:
    """Without a channel it is the general one."""
    register(optimove, 13, HERE)
    register(optimove, 13, THERE, ChannelID=505)
    entries = optimove.call("UnregisterEventListener", {"EventTypeID": 13}).entries
    assert [entry.fields["action"] for entry in entries] == ["unregistered"]
    assert optimove.read("GetRegisteredEventListeners") == [{"EventTypeID": 13, "ListenerURL": THERE, "ChannelID": 505}]


def test_unregistering_absent_listener_succeeds_without_journal_entry(optimove: Optimove) -> None:
    effects = optimove.call("UnregisterEventListener", {"EventTypeID": 13, "ChannelID": 505})
    assert (effects.response.status, effects.entries) == (200, ())


def test_channel_listener_has_priority_over_general_listener(optimove: Optimove) -> None:
    """Event 13 names the channel, event 1 does not. Each has one receiver."""
    register(optimove, 13, HERE, ChannelID=505)
    register(optimove, 13, THERE)
    register(optimove, 1, THERE)
    assert urls_and_bodies(optimove.announce(plan())) == [
        (THERE, {"EventTypeID": 1, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001}),
        (HERE, {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}),
    ]


def test_general_listener_receives_events_of_channels_without_listener(optimove: Optimove) -> None:
    register(optimove, 13, HERE)
    register(optimove, 13, THERE, ChannelID=250)
    assert [webhook.url for webhook in optimove.announce(plan())] == [HERE]


def test_campaign_without_listeners_is_announced_without_webhooks(optimove: Optimove) -> None:
    assert optimove.announce(plan()) == ()
    assert len(optimove.rows()) == 10


def test_webhook_key_consists_of_event_campaign_and_channel(optimove: Optimove) -> None:
    """All attempts of a webhook share the key."""
    register(optimove, 13)
    (webhook,) = optimove.announce(plan(announce_at=SIX + 60_000))
    assert (webhook.key, webhook.event) == ("13:7001:505", "13")
    assert webhook.about == {"campaign": 7001, "channel": 505}
    assert len(webhook.retry.delays_ms) == 4
