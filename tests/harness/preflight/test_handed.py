"""A handover file: written by a run or by hand, and told of in whole when it is wrong."""

import json

import pytest

from sendproof_harness.handover.reader import HandoverError, parse_client, parse_clients, read

BY_HAND = {
    "services": {
        "optimove": {"url": "https://api4.optimove.net", "credentials": {"api_key": "k"}},
        "textlocal": {"url": "https://api.txtlocal.com", "credentials": {"apikey": "k"}},
    },
    "channels": [{"id": 505, "provider": "textlocal"}],
    "attributes": {"phone": "PHONENUMBER"},
    "country": "GB",
}


def mistakes(content):
    """What is said of a handover."""
    with pytest.raises(HandoverError) as raised:
        parse_client(content, "h.json")
    return str(raised.value).splitlines()


def test_by_hand_the_least_is_enough():
    """No sandbox, no clock, no address of the bridge."""
    handed = parse_client(BY_HAND, "h.json")
    assert (handed.listen, handed.clock_url, handed.consent) == (None, None, None)
    assert [service.name for service in handed.carriers] == ["textlocal"]


def test_every_mistake_is_told_with_its_place():
    """All at once."""
    channels = [{"id": "505", "provider": "textlocal", "kind": "sometimes", "colour": "red"}]
    assert sorted(mistakes({**BY_HAND, "channels": channels, "contry": "GB"})) == [
        "h.json: channels[0].colour: unknown key, known: id, provider, kind, testing, preference_channel, overrides",
        'h.json: channels[0].id: expected a whole number from 1 on, got "505"',
        'h.json: channels[0].kind: expected scheduled or triggered, got "sometimes"',
        'h.json: contry: unknown key, did you mean "country"?',
    ]


def test_of_several_clients_each_is_read():
    """And a mistake says whose it is."""
    two = {"clients": [{**BY_HAND, "client": "acme"}, {**BY_HAND, "client": "zenith"}]}
    assert [handed.client for handed in parse_clients(two, "h.json")] == ["acme", "zenith"]
    with pytest.raises(HandoverError, match=r"h\.json: clients\[1\]: contry: unknown key"):
        parse_clients({"clients": [BY_HAND, {**BY_HAND, "contry": "GB"}]}, "h.json")


def test_a_bridge_that_changes_attributes_shows_the_key_of_an_admin():
    """So that is the key to be examined."""
    assert parse_client({**BY_HAND, "bridge": {"opt_outs": "attribute"}}, "h.json").key == "admin_key"


def test_what_is_missing_is_told_once():
    """Each key by itself."""
    assert mistakes({"services": {}, "country": "GB"}) == [
        "h.json: channels: expected a list of at least one channel, got nothing",
        "h.json: attributes: expected an object of names, got nothing",
        "h.json: services.optimove: expected an object with url and credentials, got nothing",
    ]


@pytest.mark.parametrize("content", [None, [], 5, "x", {"services": []}, {"services": {"optimove": None}}])
def test_anything_may_come(content):
    """And is refused with words."""
    assert mistakes(content)


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"{", "expected JSON, got"), (b"\xff", "expected JSON, got"), (b"[" * 100_000, "expected JSON, got")],
)
def test_a_file_that_is_no_json(tmp_path, raw, words):
    """Broken, binary, or deeper than anybody can read."""
    file = tmp_path / "handover.json"
    file.write_bytes(raw)
    with pytest.raises(HandoverError, match=words):
        read(file)


def test_a_file_that_is_not_there(tmp_path):
    """The message says where one is to be had."""
    with pytest.raises(HandoverError, match="a run writes one into its results"):
        read(tmp_path / "handover.json")


def test_a_file_of_a_run(tmp_path):
    """With all keys that a run writes."""
    more = {"sandbox": "s", "clock_url": "http://127.0.0.1:1/", "sender": "S", "webhook_token": "t"}
    file = tmp_path / "handover.json"
    file.write_text(json.dumps({**BY_HAND, **more, "listen": {"host": "127.0.0.1", "port": 9000}}))
    assert [handed.listen for handed in read(file)] == [("127.0.0.1", 9000)]
