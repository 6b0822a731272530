"""The settings of Delivyr's own Optimove integration, documented at https://docs.delivyr.net/docs/optimove."""

import sys

import pytest

from sendproof_simulators.services.delivyr import SIMULATOR

URL = "https://example.com/offer"


def current_settings(account):
    """Return all settings."""
    return dict(SIMULATOR.settings.read(account.state))


def test_default_settings_have_testing_on(account):
    """So no account sends by accident."""
    assert current_settings(account) == {
        "testing": True,
        "attributes": ["PHONENUMBER"],
        "overrides": None,
        "default_url": None,
        "template_urls": {},
        "webhook_url": None,
        "other_messages": False,
    }


def test_absent_settings_return_to_defaults(account):
    settings = {
        "testing": False,
        "attributes": ["PHONENUMBER", "FIRST_NAME"],
        "overrides": '{"phone_number": personalization.x.override_phone_number}',
        "default_url": None,
        "template_urls": {account.plain: URL},
        "webhook_url": "http://127.0.0.1:9000/delivyr",
        "other_messages": True,
    }
    account.set(**settings)
    assert current_settings(account) == settings
    account.set(testing=False)
    assert current_settings(account)["attributes"] == ["PHONENUMBER"]


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        (
            {"attributes": ["FIRST_NAME", "PHONENUMBER"]},
            "phone number .* first, got 'FIRST_NAME'",
        ),
        ({"attributes": []}, r"expected the phone number \(PHONENUMBER\) first, got an empty"),
        (
            {"attributes": ["PHONENUMBER", "SHOE_SIZE"]},
            "no attribute 'SHOE_SIZE'; expected some of EMAIL",
        ),
        ({"attributes": ["PHONENUMBER", "PHONENUMBER"]}, "expected each name once"),
        ({"attributes": "PHONENUMBER"}, "expected a list of names"),
        ({"attributes": [1]}, "expected a list of names"),
        ({"overrides": '{"a": '}, "overrides: expected JSONata, got"),
        ({"overrides": "1 + " * 2_500 + "1"}, "overrides: expected at most 10000 characters of JSONata, got 10001"),
        ({"overrides": "(" * 5_000}, "overrides: expected JSONata, got"),
        ({"overrides": 7}, "overrides: expected text or null, got 7"),
        ({"testing": 1}, "testing: expected true or false, got 1"),
        ({"default_url": "example.com"}, "default_url: expected an http or https URL"),
        (
            {"default_url": "https://example.com/" + "x" * 2029},
            "default_url: expected .* URL of at most 2048",
        ),
        ({"template_urls": {"AAAAAAAA": URL}}, "template_urls: there is no template 'AAAAAAAA'"),
        ({"template_urls": [URL]}, "template_urls: expected URLs by template id"),
        ({"webhook_url": "http://192.0.2.1/"}, "expected a URL on this machine"),
        ({"overides": "1"}, "expected only attributes, .* got overides"),
    ],
)
def test_invalid_settings_are_refused_without_changes(account, invalid, message):
    before = current_settings(account)
    with pytest.raises(ValueError, match=message):
        account.set(**{"testing": False, "default_url": URL, **invalid})
    assert current_settings(account) == before


def test_jsonata_does_not_change_recursion_limit(account):
    """The library would raise the limit of the whole process tenfold."""
    before = sys.getrecursionlimit()
    account.set(overrides='{"a": 1}')
    assert sys.getrecursionlimit() == before


def test_default_url_is_put_on_existing_templates(account):
    """Templates keep their own URL; later templates get none."""
    account.set(default_url=URL, template_urls={account.template: "https://example.com/balance"})
    later = account.add_template("Later", "Hello again.")
    urls = {template["id"]: template["url"] for template in account.get("/templates")["templates"]}
    assert urls == {account.template: "https://example.com/balance", account.plain: URL, later: None}


def test_url_of_send_overrides_that_of_template(account):
    """Documented: https://docs.delivyr.net/docs/customer-io."""
    account.set(default_url=URL)
    account.send()
    assert account.newest_message()["url"] == URL
    account.send(url="https://example.com/other")
    assert account.newest_message()["url"] == "https://example.com/other"


def test_delivery_names_the_earlier_urls_of_its_template(account):
    """The caller may have read one of them before the change."""
    account.set(template_urls={account.plain: URL, account.template: URL})
    account.now += 60_000
    account.set(template_urls={account.plain: "https://example.com/new", account.template: URL})
    account.send()
    (entry,) = account.entries("delivery")

    assert entry["earlier_template_urls"] == [{"url": URL, "until": "2026-03-02T09:01:00.000Z"}]
    account.send(template_id=account.template, variables={"FIRST_NAME": "Ada", "BALANCE": "1"})
    assert "earlier_template_urls" not in account.entries("delivery")[0]
