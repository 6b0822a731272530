"""What every start begins with: the listener, and the list of templates."""

from sendproof_bridge.clock import HOUR
from sendproof_bridge.inbound.status import health
from small_bridge import HELLO, NOON
from stand_in import Says

URL = "http://bridge.test/webhooks/optimove/acme/a-token-for-tests"


def names(outside, operation):
    """The bodies of an operation's calls."""
    return [call.body for call in outside.calls(operation)]


def offer(outside, *templates):
    """Let Textlocal have these templates."""
    outside.say("get_templates", Says({"templates": list(templates), "status": "success"}))


def had(outside, **templates):
    """Let Optimove know these templates already."""
    rows = [{"TemplateID": int(name[1:]), "TemplateName": title} for name, title in templates.items()]
    outside.say("GetChannelTemplates", Says(rows))


def test_the_events_of_scheduled_campaigns_are_asked_for(small, outside):
    """13 and 4 for the channel, 1 without one."""
    small.work()

    assert names(outside, "RegisterEventListener") == [
        {"EventTypeID": 13, "ListenerURL": URL, "ChannelID": 505},
        {"EventTypeID": 4, "ListenerURL": URL, "ChannelID": 505},
        {"EventTypeID": 1, "ListenerURL": URL},
    ]


def test_registering_is_done_again_at_each_start(small, outside):
    """The address may have changed."""
    small.work()
    small.work()

    assert len(outside.calls("RegisterEventListener")) == 6


def test_new_templates_are_added(small, outside):
    """Under the provider's own ids and titles."""
    small.work()

    call = outside.calls("AddChannelTemplates")[0]
    assert (call.query, call.body) == ({"ChannelID": "505"}, [{"TemplateID": 11, "TemplateName": "Hello"}])


def test_only_differences_are_told(small, outside):
    """Renamed ones are added again, those gone are deleted, the rest is left alone."""
    offer(outside, HELLO, {**HELLO, "id": 12, "title": "Bye now"})
    had(outside, t11="Hello", t12="Bye", t13="Old")
    small.work()

    assert names(outside, "AddChannelTemplates") == [[{"TemplateID": 12, "TemplateName": "Bye now"}]]
    assert names(outside, "DeleteChannelTemplates") == [[{"ChannelID": 505, "TemplateID": 13}]]


def test_no_call_carries_more_than_a_hundred(small, outside):
    """Optimove's limit, for adding as for deleting."""
    offer(outside, *[{**HELLO, "id": number} for number in range(250)])
    had(outside, **{f"t{number}": "Old" for number in range(1_000, 1_101)})
    small.work()

    assert [len(body) for body in names(outside, "AddChannelTemplates")] == [100, 100, 50]
    assert [len(body) for body in names(outside, "DeleteChannelTemplates")] == [100, 1]


def test_a_failing_provider_deletes_nothing(small, outside):
    """No answer is not an empty list."""
    outside.say("get_templates", Says(status=503))
    had(outside, t11="Hello")
    small.work()

    assert names(outside, "DeleteChannelTemplates") == []


def test_the_list_is_compared_every_half_hour(small, outside):
    """On the injected clock."""
    small.work(until=NOON + 1 * HOUR)

    assert len(outside.calls("get_templates")) == 3


def test_a_refused_key_is_told_by_health(small, outside):
    """And tried again ever more rarely."""
    outside.say("RegisterEventListener", Says(status=401))
    small.work(until=NOON + HOUR)

    told = health(small.bridge)
    assert told["status"] == "attention"
    assert told["problems"] == [
        "register_listeners:acme:505: Optimove RegisterEventListener: credentials refused (401)"
    ]
    assert len(outside.calls("RegisterEventListener")) == 6
