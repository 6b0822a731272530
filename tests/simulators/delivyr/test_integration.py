"""The settings of Delivyr's own Optimove integration, documented at https://docs.delivyr.net/docs/optimove."""

import sys

import pytest

from sendproof_simulators.services.delivyr import SIMULATOR

URL = "https://example.com/offer"


def settings(account):
    """All of them as they stand."""
    return dict(SIMULATOR.settings.read(account.state))


def test_testing_is_on_at_first(account):
    """So that nobody sends by accident; and nothing else is set."""
    assert settings(account) == {
        "testing": True,
        "attributes": ["PHONENUMBER"],
        "overrides": None,
        "default_url": None,
        "template_urls": {},
        "webhook_url": None,
    }


def test_what_is_set_is_read_back(account):
    """And what is left out is at its default again."""
    wanted = {
        "testing": False,
        "attributes": ["PHONENUMBER", "FIRST_NAME"],
        "overrides": '{"phone_number": personalization.x.override_phone_number}',
        "default_url": None,
        "template_urls": {account.plain: URL},
        "webhook_url": "http://127.0.0.1:9000/delivyr",
    }
    account.set(**wanted)
    assert settings(account) == wanted
    account.set(testing=False)
    assert settings(account)["attributes"] == ["PHONENUMBER"]


@pytest.mark.parametrize(
    ("wrong", "message"),
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
def test_wrong_settings_are_refused_and_change_nothing(account, wrong, message):
    """Each says what was expected."""
    before = settings(account)
    with pytest.raises(ValueError, match=message):
        account.set(**{"testing": False, "default_url": URL, **wrong})
    assert settings(account) == before


def test_reading_an_expression_leaves_the_process_as_it_is(account):
    """The library would let every recursion of the simulators go ten times as deep."""
    before = sys.getrecursionlimit()
    account.set(overrides='{"a": 1}')
    assert sys.getrecursionlimit() == before


def test_the_default_url_is_put_on_templates_that_were_there_before(account):
    """Those that have their own keep it; later ones get none."""
    account.set(default_url=URL, template_urls={account.template: "https://example.com/balance"})
    later = account.holds("Later", "Hello again.")
    urls = {template["id"]: template["url"] for template in account.get("/templates")["templates"]}
    assert urls == {account.template: "https://example.com/balance", account.plain: URL, later: None}


def test_a_send_may_bring_its_own_url(account):
    """Documented: https://docs.delivyr.net/docs/customer-io. It comes before the template's."""
    account.set(default_url=URL)
    account.send()
    assert account.entry()["url"] == URL
    account.send(url="https://example.com/other")
    assert account.entry()["url"] == "https://example.com/other"
