"""The devices and browsers of customers, and the recipients of messages of each type."""

from collections import Counter

import pytest

from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.devices import BROWSER_GROUPS, DEVICE_GROUPS, REFUSED
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.recipients import recipient
from sendproof_simulators.core.messaging.message_types import INBOX, PUSH, SMS, WEB_PUSH
from sendproof_simulators.core.randomness import KeyedRandom

CONSENT = "attribute"


def audience(customers=1, **recipe):
    return Audience(KeyedRandom(3), AudienceRecipe(customers=customers, consent=CONSENT, **recipe))


def single(devices, **individual):
    """Return an audience of one customer with these devices."""
    return audience(devices={}, individuals=(Individual(customer=0, devices=devices, **individual),))


def reached(people, message):
    return recipient(people, 0, people.customer(0), message)


def test_shares_decide_devices():
    people = audience(10_000, devices={"none": 0.2, "several": 0.3})
    groups = Counter(people.devices.group(index) for index in range(10_000))
    assert groups.keys() == {"none", "several", "one"}
    assert groups["none"] == pytest.approx(2_000, abs=150)
    assert groups["several"] == pytest.approx(3_000, abs=150)


@pytest.mark.parametrize(
    ("devices", "reason", "opted_out_by"),
    [
        ("one", None, None),
        ("several", None, None),
        ("new_token", None, None),
        ("none", "no_device", None),
        ("unusable", "no_device", None),
        ("unsubscribed", "unsubscribed", None),
        ("no_consent", None, CONSENT),
    ],
)
def test_each_group_has_one_reason_against_a_push(devices, reason, opted_out_by):
    found = reached(single(devices), PUSH)
    assert (found.reason, found.opted_out_by) == (reason, opted_out_by)
    assert (found.address == "C0000000") == (reason is None)


def test_push_needs_no_number():
    people = single("one", protection="unusable_number")
    assert (reached(people, PUSH).address, reached(people, SMS).address) == ("C0000000", None)


def test_consent_to_push_is_separate_from_consent_to_sms():
    people = single("no_consent", protection="none")
    values = dict(zip(("SMS_OPT_IN", "PUSH_OPT_IN"), people.values(0, ["SMS_OPT_IN", "PUSH_OPT_IN"]), strict=True))
    assert values == {"SMS_OPT_IN": "1", "PUSH_OPT_IN": "0"}
    assert reached(people, SMS).opted_out_by is None


def test_records_may_have_an_old_token():
    assert single("one").values(0, ["PUSH_TOKEN"]) == [single("one").devices.of(0)[0].token]
    changed = single("new_token")
    assert changed.values(0, ["PUSH_TOKEN"]) != [changed.devices.of(0)[0].token]
    assert single("none").values(0, ["PUSH_TOKEN"]) == [None]


def test_client_without_an_app_has_no_device_attributes():
    assert "PUSH_TOKEN" not in audience().attribute_names
    assert audience().devices is None


@pytest.mark.parametrize(
    ("devices", "message"),
    [({"some": 0.1}, "shares of none"), ({"none": 1.5}, "from 0 to 1"), (dict.fromkeys(DEVICE_GROUPS, 0.2), "add up")],
)
def test_impossible_shares_are_refused(devices, message):
    with pytest.raises(ValueError, match=message):
        audience(devices=devices)


def test_devices_of_individuals_need_an_app():
    with pytest.raises(ValueError, match="add `devices"):
        audience(individuals=(Individual(customer=0, devices="one"),))


@pytest.mark.parametrize("group", BROWSER_GROUPS)
def test_browser_has_the_same_reasons_as_a_device(group):
    of_browser = audience(browsers={}, individuals=(Individual(customer=0, browsers=group),))
    found, expected = reached(of_browser, WEB_PUSH), reached(single(group), PUSH)
    assert (found.reason, found.opted_out_by, found.address) == (
        expected.reason,
        expected.opted_out_by,
        expected.address,
    )


def test_browsers_are_drawn_apart_from_devices():
    people = audience(1_000, devices={"none": 0.5}, browsers={"none": 0.5})
    groups = Counter((people.devices.group(index), people.browsers.group(index)) for index in range(1_000))
    assert all(count > 200 for count in groups.values())
    assert len(groups) == 4


def test_consent_to_web_push_is_separate_from_consent_to_push():
    people = audience(devices={}, browsers={}, individuals=(Individual(customer=0, devices="one", browsers=REFUSED),))
    assert people.values(0, ["PUSH_OPT_IN", "WEB_PUSH_OPT_IN"]) == ["1", "0"]
    assert (reached(people, PUSH).opted_out_by, reached(people, WEB_PUSH).opted_out_by) == (None, CONSENT)


def test_inbox_needs_nothing_but_the_customer():
    people = single("none", protection="unusable_number")
    assert (reached(people, INBOX).address, reached(people, INBOX).withheld) == ("C0000000", None)


def test_browsers_have_no_new_token():
    """The client's records have no subscription of a browser that could be out of date."""
    with pytest.raises(ValueError, match="browsers to have shares of none, several, unusable"):
        audience(browsers={"new_token": 0.1})
