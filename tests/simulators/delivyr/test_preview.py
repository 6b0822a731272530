"""What the integration would send for an event: https://docs.delivyr.net/docs/optimove-triggered-overrides."""

import asyncio
from typing import Any

import pytest

from sendproof_simulators.services.delivyr import SIMULATOR

OVERRIDE = '{"phone_number": "+1" & personalization.ootb_balance_update.override_phone_number}'


def event(account, **changes: Any) -> dict[str, Any]:
    """An event of type 11 as the page shows it."""
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


def preview(account, asked: dict[str, Any]) -> dict[str, Any]:
    """What the control API is told."""
    return dict(asyncio.run(SIMULATOR.preview(account.context, account.state, account.now, asked)))


KNOWN = {"templateName": "YFRYM0RJ - Balance", "customerID": "C0000007"}
ATTRIBUTES = ["PHONENUMBER", "FIRST_NAME", "BALANCE"]


def test_the_first_attribute_is_the_number_and_the_others_are_variables(account):
    """The template is found by the id in its name; what is not in the list is not passed on."""
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


def test_overrides_come_last(account):
    """JSONata over the whole event; its result is merged over the request."""
    account.set(attributes=ATTRIBUTES, overrides=OVERRIDE, testing=False)
    request = preview(account, {"event": event(account)})["request"]
    assert (request["phone_number"], request["testing"]) == ("+13125650100", False)
    assert request["variables"] == {"FIRST_NAME": "Ada", "BALANCE": "12.50"}


def test_settings_can_be_tried_before_they_are_set(account):
    """Over those that are."""
    account.set(attributes=ATTRIBUTES)
    asked = {"event": event(account), "settings": {"overrides": OVERRIDE}}
    assert preview(account, asked)["request"]["phone_number"] == "+13125650100"
    assert account.state.integration.overrides is None


def test_objects_are_merged_or_replaced(account, account_that):
    """Nobody says which: so it is a dialect."""
    overrides = '{"variables": {"BALANCE": "0.00"}}'
    account.set(attributes=ATTRIBUTES, overrides=overrides)
    assert preview(account, {"event": event(account)})["request"]["variables"] == {
        "FIRST_NAME": "Ada",
        "BALANCE": "0.00",
    }
    other = account_that(override_merge="shallow")
    other.set(attributes=ATTRIBUTES, overrides=overrides)
    assert preview(other, {"event": event(other)})["request"]["variables"] == {"BALANCE": "0.00"}


def test_without_personal_information_the_customer_is_looked_up(account):
    """As the integration asks Optimove for the customer."""
    account.set(attributes=ATTRIBUTES)
    known = account.context.audience.customer(7).attributes
    request = preview(account, {"event": event(account, personalization={})})["request"]
    assert request["phone_number"] == known["PHONENUMBER"]
    assert request["variables"] == {name: known[name] for name in ATTRIBUTES[1:]}


def test_what_a_send_would_meet_is_told(account):
    """Ten digits, as on the page, are no E.164."""
    account.set(attributes=ATTRIBUTES)
    info = {"personalInfo": {"PHONENUMBER": "9998887777", "FIRST_NAME": "Ada", "BALANCE": "1"}}
    (problem,) = preview(account, {"event": event(account, personalization=info)})["problems"]
    assert problem.startswith("incorrect_format: ")
    info["personalInfo"].pop("BALANCE")
    (problem,) = preview(account, {"event": event(account, personalization=info)})["problems"]
    assert problem == f"missing_variables: template {account.template} needs the variables BALANCE"


def test_a_phone_number_that_is_none_is_told(account):
    """Before anything else is looked at."""
    asked = {"event": event(account), "settings": {"overrides": '{"phone_number": 5}'}}
    assert preview(account, asked)["problems"] == ["invalid_request: phone_number not of the right type"]


def test_chance_and_time_come_from_the_sandbox(account):
    """Two runs with one seed give one preview."""
    asked = {"event": event(account), "settings": {"overrides": '{"at": $now(), "ms": $millis(), "draw": $random()}'}}
    first, second = (preview(account, asked)["request"] for _ in range(2))
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
def test_overrides_that_fail_say_why(account, overrides, message):
    """In words, and soon."""
    with pytest.raises(ValueError, match=message):
        preview(account, {"event": event(account), "settings": {"overrides": overrides}})


def test_an_override_about_nothing_changes_nothing(account):
    """JSONata's nothing is no object, and no mistake."""
    asked = {"event": event(account), "settings": {"overrides": "personalization.no_such_event"}}
    assert preview(account, asked)["request"]["phone_number"] == "+12125650100"


@pytest.mark.parametrize(
    "asked",
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
def test_questions_that_make_no_sense_are_refused(account, asked):
    """Each says what was expected."""
    with pytest.raises(ValueError, match="expected"):
        preview(account, asked)


def test_a_template_that_is_gone_is_a_problem_and_no_failure(account):
    """The event names one that Delivyr does not hold."""
    problems = preview(account, {"event": event(account, templateName="YFRYM0RJ - Gone")})["problems"]
    assert problems == ["template_not_found: there is no template 'YFRYM0RJ'"]
