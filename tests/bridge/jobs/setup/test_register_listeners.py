"""Listeners for events of Optimove."""

from sendproof_bridge.clock import HOUR
from sendproof_bridge.inbound.status import status
from small_bridge import NOON
from stand_in import Reply

URL = "http://bridge.test/webhooks/optimove/acme/a-token-for-tests"


def bodies(services, operation):
    """Return the bodies of an operation's calls."""
    return [call.body for call in services.calls(operation)]


def test_scheduled_channel_registers_its_events(bridge, services):
    bridge.run()

    assert bodies(services, "RegisterEventListener") == [
        {"EventTypeID": 13, "ListenerURL": URL, "ChannelID": 505},
        {"EventTypeID": 4, "ListenerURL": URL, "ChannelID": 505},
        {"EventTypeID": 1, "ListenerURL": URL},
    ]


def test_general_listener_is_registered_if_a_channel_is_refused(bridge, services):
    """It is documented for events 11 and 13 only that a listener may name a channel."""
    services.respond("RegisterEventListener", refuse_other_channels)
    bridge.run()

    assert {"EventTypeID": 4, "ListenerURL": URL} in bodies(services, "RegisterEventListener")
    assert status(bridge.context)["status"] == "ok"


def refuse_other_channels(request):
    """Refuse a listener with a channel for any other event than 13."""
    is_refused = request.body["EventTypeID"] != 13 and "ChannelID" in request.body
    return Reply("leave ChannelID out", status=400) if is_refused else Reply()


def test_listeners_are_registered_at_each_start(bridge, services):
    """The URL may have changed."""
    bridge.run()
    bridge.run()

    assert len(services.calls("RegisterEventListener")) == 6


def test_refused_key_is_reported_by_status_and_retried(bridge, services):
    services.respond("RegisterEventListener", Reply(status=401))
    bridge.run(until=NOON + HOUR)

    seen = status(bridge.context)
    assert seen["status"] == "attention"
    assert seen["problems"] == [
        "register_listeners:acme:505: Optimove RegisterEventListener: credentials refused (401)"
    ]
    assert len(services.calls("RegisterEventListener")) == 6
