"""The request of the integration for an event: https://docs.delivyr.net/docs/optimove-triggered-overrides."""

import asyncio
from typing import Any

import pytest

from sendproof_simulators.core.audience.records import Attribute
from sendproof_simulators.services.delivyr import SIMULATOR

OVERRIDE = '{"phone_number": "+1" & personalization.ootb_balance_update.override_phone_number}'


def event(account, **changes: Any) -> dict[str, Any]:
    """Return an event of type 11, like the sample on the page."""
    return {
        "requestId": "824a5915-958f-400f-8266-7f78a30dad15",
        "customerID": "C0000007",
        "templateName": f"{account.template} - Balance",
        "timestamp": "1772509331",
        "personalization": {
            "personalInfo": {
                "FIRST_NAME": "Ada",
                "BALANCE": "12.50",
                "PHONENUMBER": "+12125650100",
                "EMAIL": "a@b.example",
            },
            "ootb_balance_update": {"override_phone_number": "3125650100"},
        },
    } | changes


def preview(account, given: dict[str, Any]) -> dict[str, Any]:
    """Return the response of the control API."""
    return dict(asyncio.run(SIMULATOR.preview(account.context, account.state, account.now, given)))


KNOWN = {"templateName": "YFRYM0RJ - Balance", "customerID": "C0000007"}
ATTRIBUTES = ["PHONENUMBER", "FIRST_NAME", "BALANCE"]


def test_first_attribute_is_number_and_others_are_variables(account):
    """Attributes that are not in the settings are left out. The id in the name identifies the template."""
    account.set(attributes=ATTRIBUTES)
    assert preview(account, {"event": event(account)}) == {
        "request": {
            "template_id": account.template,
            "phone_number": "+12125650100",
            "variables": {"FIRST_NAME": "Ada", "BALANCE": "12.50"},
            "testing": True,
        },
        "problems": [],
    }


def test_overrides_are_merged_over_request(account):
    account.set(attributes=ATTRIBUTES, overrides=OVERRIDE, testing=False)
    request = preview(account, {"event": event(account)})["request"]
    assert (request["phone_number"], request["testing"]) == ("+13125650100", False)
    assert request["variables"] == {"FIRST_NAME": "Ada", "BALANCE": "12.50"}


def test_preview_accepts_settings_without_storing_them(account):
    account.set(attributes=ATTRIBUTES)
    given = {"event": event(account), "settings": {"overrides": OVERRIDE}}
    assert preview(account, given)["request"]["phone_number"] == "+13125650100"
    assert account.state.integration.overrides is None


def test_default_url_is_that_of_templates_created_before_it(account):
    account.set(default_url="https://example.com/offer")
    later = event(account, templateName=f"{account.add_template('Later', 'Hello again.')} - Later")
    assert preview(account, {"event": event(account)})["request"]["url"] == "https://example.com/offer"
    assert "url" not in preview(account, {"event": later})["request"]
    assert "url" not in preview(account, {"event": later, "settings": {"testing": False}})["request"]


def test_tried_links_are_those_of_the_request(account):
    tried = {"default_url": "https://example.com/a", "template_urls": {account.plain: "https://example.com/b"}}
    requests = [
        preview(account, {"event": event(account, templateName=f"{template} - Any"), "settings": tried})["request"]
        for template in (account.template, account.plain)
    ]
    assert [request["url"] for request in requests] == ["https://example.com/a", "https://example.com/b"]


def test_tried_default_url_replaces_the_earlier_one(account):
    """It does not replace the links of templates that have their own."""
    account.set(default_url="https://example.com/a", template_urls={account.plain: "https://example.com/own"})
    tried = {"default_url": "https://example.com/b"}
    requests = [
        preview(account, {"event": event(account, templateName=f"{template} - Any"), "settings": tried})["request"]
        for template in (account.template, account.plain)
    ]
    assert [request["url"] for request in requests] == ["https://example.com/b", "https://example.com/own"]


def test_override_merge_follows_dialect(account, account_with):
    """The page describes both."""
    overrides = '{"variables": {"BALANCE": "0.00"}}'
    account.set(attributes=ATTRIBUTES, overrides=overrides)
    assert preview(account, {"event": event(account)})["request"]["variables"] == {
        "FIRST_NAME": "Ada",
        "BALANCE": "0.00",
    }
    other = account_with(override_merge="shallow")
    other.set(attributes=ATTRIBUTES, overrides=overrides)
    assert preview(other, {"event": event(other)})["request"]["variables"] == {"BALANCE": "0.00"}


def test_event_without_personal_information_uses_attributes_of_customer(account):
    """The integration asks Optimove for the customer."""
    account.set(attributes=ATTRIBUTES)
    attributes = account.context.audience.customer(7).attributes
    request = preview(account, {"event": event(account, personalization={})})["request"]
    assert request["phone_number"] == attributes["PHONENUMBER"]
    assert request["variables"] == {name: attributes[name] for name in ATTRIBUTES[1:]}


def test_preview_lists_problems_of_send(account):
    """Ten digits, as on the page, are not E.164."""
    account.set(attributes=ATTRIBUTES)
    info = {"personalInfo": {"PHONENUMBER": "9998887777", "FIRST_NAME": "Ada", "BALANCE": "1"}}
    (problem,) = preview(account, {"event": event(account, personalization=info)})["problems"]
    assert problem.startswith("incorrect_format: ")
    info["personalInfo"].pop("BALANCE")
    (problem,) = preview(account, {"event": event(account, personalization=info)})["problems"]
    assert problem == f"missing_variables: template {account.template} needs the variables BALANCE"


def test_phone_number_of_wrong_type_is_a_problem(account):
    given = {"event": event(account), "settings": {"overrides": '{"phone_number": 5}'}}
    assert preview(account, given)["problems"] == ["invalid_request: phone_number not of the right type"]


def test_random_and_time_come_from_sandbox(account):
    """Two runs with one seed have equal previews."""
    given = {"event": event(account), "settings": {"overrides": '{"at": $now(), "ms": $millis(), "draw": $random()}'}}
    first, second = (preview(account, given)["request"] for _ in range(2))
    assert first == second
    assert (first["at"], first["ms"]) == ("2026-03-02T09:00:00.000Z", account.now)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("1 + 1", "overrides: expected an object to merge, got 2"),
        ('$error("no number")', "overrides: no number"),
        ("{'a': 1 / 'x'}", "overrides: .*"),
        ("($f := function($x) { $f($x) }; $f(1))", "overrides: Evaluation timeout"),
        ("$sum", "overrides: .*"),
    ],
)
def test_failing_override_is_reported(account, overrides, message):
    """Even one that would run forever."""
    with pytest.raises(ValueError, match=message):
        preview(account, {"event": event(account), "settings": {"overrides": overrides}})


def test_override_without_result_changes_nothing(account):
    """JSONata's nothing is not an object, but also no error."""
    given = {"event": event(account), "settings": {"overrides": "personalization.no_such_event"}}
    assert preview(account, given)["request"]["phone_number"] == "+12125650100"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"event": []},
        {"event": {"templateName": "Balance"}},
        {"event": {"templateName": "YFRYM0RJ - Balance", "customerID": "C9999999"}},
        {
            "event": {"templateName": "YFRYM0RJ - Balance", "customerID": "C0000007"},
            "settings": {"attributes": ["EMAIL"]},
        },
        {"event": {"templateName": "YFRYM0RJ - Balance", "customerID": "C0000007"}, "extra": 1},
    ],
)
def test_invalid_preview_is_refused(account, given):
    with pytest.raises(ValueError, match="expected"):
        preview(account, given)


def test_unknown_template_is_a_problem(account):
    problems = preview(account, {"event": event(account, templateName="YFRYM0RJ - Gone")})["problems"]
    assert problems == ["template_not_found: there is no template 'YFRYM0RJ'"]


def test_look_up_reads_customers_as_they_are_now(account):
    customers = account.context.customers
    customers.add_attribute(Attribute("TIER", "VARCHAR(9)", "bronze", 0))
    customers.set_value(7, "TIER", "gold", 0)
    account.set(attributes=["PHONENUMBER", "TIER"])
    request = preview(account, {"event": event(account, personalization={})})["request"]
    assert request["variables"] == {"TIER": "gold"}
