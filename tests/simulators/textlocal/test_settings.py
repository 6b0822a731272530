"""Settings of an account through the control API."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.services.textlocal import SIMULATOR

BOB = "447555000000"


def test_read_settings_have_defaults_and_credits(account):
    account.set(default_sender="Shop", credits=5)
    assert SIMULATOR.settings.read(account.state) == {
        "receipt_url": "",
        "inbound_url": "",
        "default_sender": "Shop",
        "sender_names": ["TXTLCL"],
        "keywords": [],
        "translations": {},
        "customer_import": {"at": "", "first_known": {}},
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
def test_invalid_settings_are_refused_without_changes(account, settings, message):
    before = SIMULATOR.settings.read(account.state)
    with pytest.raises(ValueError, match=message):
        account.set(**{"default_sender": "Other", **settings})
    assert SIMULATOR.settings.read(account.state) == before


def test_receipt_url_of_send_overrides_that_of_account(account):
    """documented: https://api.txtlocal.com/docs/handlingreceipts."""
    account.set(receipt_url="http://127.0.0.1:9000/all")
    account.call("send", numbers=BOB, message="Hi")
    account.call("send", numbers=BOB, message="Ho", receipt_url="http://127.0.0.1:9000/own")
    account.bulk({"number": BOB, "text": "Hey"})
    urls = sorted(webhook.url for _, effects in account.run_until(NINE + HOUR) for webhook in effects.webhooks)
    assert urls == ["http://127.0.0.1:9000/all", "http://127.0.0.1:9000/all", "http://127.0.0.1:9000/own"]


def test_default_sender_is_used_and_listed(account):
    """observed: the typings of a TypeScript client."""
    account.set(default_sender="Shop", sender_names=["Shop", "Sale"])
    assert account.call("get_sender_names") == {
        "default_sender_name": "Shop",
        "sender_names": ["Shop", "Sale"],
        "status": "success",
    }
    assert account.call("send", numbers=BOB, message="Hi")["message"]["sender"] == "Shop"
