"""Templates in Optimove are equal to those of the provider."""

from sendproof_bridge.clock import HOUR
from small_bridge import HELLO, NOON
from stand_in import Reply


def bodies(services, operation):
    """Return the bodies of an operation's calls."""
    return [call.body for call in services.calls(operation)]


def set_provider_templates(services, *templates):
    services.respond("get_templates", Reply({"templates": list(templates), "status": "success"}))


def set_optimove_templates(services, titles):
    """Set the templates in Optimove: titles by id."""
    rows = [{"TemplateID": id_, "TemplateName": title} for id_, title in titles.items()]
    services.respond("GetChannelTemplates", Reply(rows))


def test_new_template_is_added_with_provider_id_and_title(bridge, services):
    bridge.run()

    call = services.calls("AddChannelTemplates")[0]
    assert (call.query, call.body) == ({"ChannelID": "505"}, [{"TemplateID": 11, "TemplateName": "Hello"}])


def test_only_differences_are_synced(bridge, services):
    set_provider_templates(services, HELLO, {**HELLO, "id": 12, "title": "Bye now"})
    set_optimove_templates(services, {11: "Hello", 12: "Bye", 13: "Old"})
    bridge.run()

    assert bodies(services, "AddChannelTemplates") == [[{"TemplateID": 12, "TemplateName": "Bye now"}]]
    assert bodies(services, "DeleteChannelTemplates") == [[{"ChannelID": 505, "TemplateID": 13}]]


def test_no_template_call_has_more_than_100_items(bridge, services):
    set_provider_templates(services, *[{**HELLO, "id": number} for number in range(250)])
    set_optimove_templates(services, dict.fromkeys(range(1_000, 1_101), "Old"))
    bridge.run()

    assert [len(body) for body in bodies(services, "AddChannelTemplates")] == [100, 100, 50]
    assert [len(body) for body in bodies(services, "DeleteChannelTemplates")] == [100, 1]


def test_failing_provider_deletes_no_templates(bridge, services):
    services.respond("get_templates", Reply(status=503))
    set_optimove_templates(services, {11: "Hello"})
    bridge.run()

    assert bodies(services, "DeleteChannelTemplates") == []


def test_templates_are_synced_every_half_hour(bridge, services):
    bridge.run(until=NOON + HOUR)

    assert len(services.calls("get_templates")) == 3
