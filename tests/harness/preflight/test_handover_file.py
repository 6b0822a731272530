"""Handover files, written by a run or by hand: every mistake is reported with its place."""

import json

import pytest

from sendproof_harness.handover.reader import HandoverError, parse_client, parse_clients, read

MINIMUM = {
    "services": {
        "optimove": {"url": "https://api4.optimove.net", "credentials": {"api_key": "k"}},
        "textlocal": {"url": "https://api.txtlocal.com", "credentials": {"apikey": "k"}},
    },
    "channels": [{"id": 505, "provider": "textlocal"}],
    "attributes": {"phone": "PHONENUMBER"},
    "country": "GB",
}


def messages(content):
    """Return the lines of the error for the content of a handover file."""
    with pytest.raises(HandoverError) as raised:
        parse_client(content, "h.json")
    return str(raised.value).splitlines()


def test_minimum_by_hand_is_valid():
    """Without a sandbox, a clock, or the address of the bridge."""
    handover = parse_client(MINIMUM, "h.json")
    assert (handover.listen, handover.clock_url, handover.consent) == (None, None, None)
    assert [service.name for service in handover.carriers] == ["textlocal"]


def test_all_mistakes_are_reported_at_once_with_their_place():
    channels = [{"id": "505", "provider": "textlocal", "kind": "sometimes", "colour": "red"}]
    known = "id, provider, kind, message, testing, preference_channel, overrides, apps, recipients"
    assert sorted(messages({**MINIMUM, "channels": channels, "contry": "GB"})) == [
        f"h.json: channels[0].colour: unknown key, known: {known}",
        'h.json: channels[0].id: expected a whole number from 1 on, got "505"',
        'h.json: channels[0].kind: expected scheduled or triggered, got "sometimes"',
        'h.json: contry: unknown key, did you mean "country"?',
    ]


def test_each_of_several_clients_is_read():
    """A mistake names its client."""
    two = {"clients": [{**MINIMUM, "client": "acme"}, {**MINIMUM, "client": "zenith"}]}
    assert [handover.client for handover in parse_clients(two, "h.json")] == ["acme", "zenith"]
    with pytest.raises(HandoverError, match=r"h\.json: clients\[1\]: contry: unknown key"):
        parse_clients({"clients": [MINIMUM, {**MINIMUM, "contry": "GB"}]}, "h.json")


def test_bridge_that_writes_attributes_uses_the_admin_key():
    """The preflight checks then examine the admin key."""
    assert parse_client({**MINIMUM, "bridge": {"opt_outs": "attribute"}}, "h.json").key == "admin_key"


@pytest.mark.parametrize("login", [{"username": "u", "password": "p"}, {"token": "t"}])
def test_login_of_webhooks_is_a_password_or_a_token(login):
    assert parse_client({**MINIMUM, "webhook_logins": {"xtremepush": login}}, "h.json").country == "GB"


@pytest.mark.parametrize("login", [{}, {"username": "u"}, {"username": "u", "token": "t"}])
def test_login_of_webhooks_is_complete(login):
    (message,) = messages({**MINIMUM, "webhook_logins": {"xtremepush": login}})
    place = "h.json: webhook_logins.xtremepush: "
    assert message.startswith(f"{place}expected an object with username and password, or with token, got ")


def test_each_missing_key_is_reported_once():
    assert messages({"services": {}, "country": "GB"}) == [
        "h.json: channels: expected a list of at least one channel, got nothing",
        "h.json: attributes: expected an object of names, got nothing",
        "h.json: services.optimove: expected an object with url and credentials, got nothing",
    ]


@pytest.mark.parametrize("content", [None, [], 5, "x", {"services": []}, {"services": {"optimove": None}}])
def test_any_other_json_is_refused_with_a_message(content):
    assert messages(content)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000])
def test_file_that_is_not_json_is_refused(tmp_path, raw):
    """Incomplete, not text, or nested deeper than the parser allows."""
    file = tmp_path / "handover.json"
    file.write_bytes(raw)
    with pytest.raises(HandoverError, match="expected JSON, got"):
        read(file)


def test_missing_file_is_reported_with_where_to_find_one(tmp_path):
    with pytest.raises(HandoverError, match="a run writes one into its results"):
        read(tmp_path / "handover.json")


def test_channel_for_subscriptions_is_the_preference_channel_of_its_provider(new_handover):
    """It carries no messages, so the bridge has nothing to send on it."""
    ids = {505: "textlocal", 600: "xtremepush", 444: "xtremepush"}
    handover = new_handover(channels=[{"id": id_, "provider": provider} for id_, provider in ids.items()])

    assert [(channel["id"], channel.get("preference_channel")) for channel in handover["channels"]] == [
        (505, None),
        (600, 444),
    ]


def test_file_of_a_run_is_valid(tmp_path):
    """A run writes more keys than the minimum."""
    more = {"sandbox": "s", "clock_url": "http://127.0.0.1:1/", "sender": "S", "webhook_token": "t"}
    file = tmp_path / "handover.json"
    file.write_text(json.dumps({**MINIMUM, **more, "listen": {"host": "127.0.0.1", "port": 9000}}))
    assert [handover.listen for handover in read(file)] == [("127.0.0.1", 9000)]
