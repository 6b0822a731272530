"""What the user sets on the website, through the control API."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.services.textlocal import SIMULATOR

BOB = "447555000000"


def test_settings_read_as_they_were_set(account):
    """With defaults for what was left out, and the credits that are left."""
    account.set(default_sender="Shop", credits=5)
    assert SIMULATOR.settings.read(account.state) == {
        "receipt_url": "",
        "inbound_url": "",
        "default_sender": "Shop",
        "sender_names": ["TXTLCL"],
        "keywords": [],
        "translations": {},
        "credits": 5,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sender": "Shop"}, "unknown field `sender`"),
        ({"credits": -1}, "expected credits of at least 0, got -1"),
        ({"credits": "many"}, "Expected `int`, got `str`"),
        ({"receipt_url": "ftp://x"}, "expected an http or https URL"),
        ({"inbound_url": "http://example.com/"}, "expected a URL on this machine"),
    ],
)
def test_wrong_settings_are_refused_whole(account, settings, message):
    """And change nothing."""
    before = SIMULATOR.settings.read(account.state)
    with pytest.raises(ValueError, match=message):
        account.set(**{"default_sender": "Other", **settings})
    assert SIMULATOR.settings.read(account.state) == before


def test_receipts_go_to_the_accounts_address_unless_a_send_has_its_own(account):
    """documented: https://api.txtlocal.com/docs/handlingreceipts."""
    account.set(receipt_url="http://127.0.0.1:9000/all")
    account.call("send", numbers=BOB, message="Hi")
    account.call("send", numbers=BOB, message="Ho", receipt_url="http://127.0.0.1:9000/own")
    account.bulk({"number": BOB, "text": "Hey"})
    urls = sorted(webhook.url for _, led_to in account.live_until(NINE + HOUR) for webhook in led_to.webhooks)
    assert urls == ["http://127.0.0.1:9000/all", "http://127.0.0.1:9000/all", "http://127.0.0.1:9000/own"]


def test_the_default_sender_is_the_accounts(account):
    """Listed with the others (observed: the typings of a TypeScript client)."""
    account.set(default_sender="Shop", sender_names=["Shop", "Sale"])
    assert account.call("get_sender_names") == {
        "default_sender_name": "Shop",
        "sender_names": ["Shop", "Sale"],
        "status": "success",
    }
    assert account.call("send", numbers=BOB, message="Hi")["message"]["sender"] == "Shop"
