from typing import Any

import msgspec
import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context

CALLBACK = "http://127.0.0.1:9000/callbacks"


def change(customer: str = "C0000001", field: str = "FIRST_NAME", value: object = "Ada") -> dict[str, object]:
    """One customer with one new value."""
    return {"CustomerID": customer, "Attributes": [{"RealFieldName": field, "Value": value}]}


def update(optimove: Optimove, *changes: dict[str, object]) -> Any:
    """What the callback says of an update."""
    body = {"CustomerNewAttributesValuesList": list(changes), "CallbackURL": CALLBACK}
    (timer,) = optimove.call("UpdateCustomerAttributes", body).timers
    return told(optimove, timer)


def told(optimove: Optimove, timer: Any) -> Any:
    """What is posted to the callback address when a timer rings, within the minute that is promised."""
    assert timer.at - SIX <= 60_000
    (webhook,) = optimove.fire(timer).webhooks
    assert webhook.url == CALLBACK
    return msgspec.json.decode(webhook.body)


def add(optimove: Optimove, name: str = "VIP", kind: str = "VARCHAR(3)", **more: object) -> Any:
    """What the callback says of a new attribute."""
    body = {"Name": name, "Type": kind, "CallbackURL": CALLBACK} | more
    (timer,) = optimove.call("AddCustomerAttribute", body).timers
    return told(optimove, timer)


def value(optimove: Optimove, customer: str, field: str) -> object:
    """One attribute of one customer, as it is read an hour later."""
    index = optimove.state.records.index_of(customer)
    return optimove.state.records.value(index, field, SIX + 3_600_000)


def test_an_update_is_told_by_its_callback(optimove: Optimove) -> None:
    """It succeeds as a whole, under the number that the call was answered with."""
    body = {"CustomerNewAttributesValuesList": [change()], "CallbackURL": CALLBACK}
    outcome = optimove.call("UpdateCustomerAttributes", body)
    request = msgspec.json.decode(outcome.reply.body)["requestId"]
    assert told(optimove, outcome.timers[0]) == {"isSuccess": True, "requestId": request}
    assert value(optimove, "C0000001", "FIRST_NAME") == "Ada"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (change(customer="nobody"), "INVALID_CUSTOMER"),
        (change(field="SHOE_SIZE"), "INVALID_FIELD"),
        (change(field="SMS_OPT_IN", value="maybe"), "INVALID_VALUE"),
        (change(field="BALANCE", value="1.23456"), "INVALID_VALUE"),
        (change(value="x" * 256), "INVALID_VALUE"),
    ],
)
def test_one_wrong_value_stops_a_whole_update(optimove: Optimove, wrong: Any, error: str) -> None:
    """The callback names it; the right ones are not taken in either."""
    before = value(optimove, "C0000001", "FIRST_NAME")
    said = update(optimove, change(), wrong)
    field = wrong["Attributes"][0]["RealFieldName"]
    assert said["isSuccess"] is False
    assert said["errors"] == [{"error": error, "customerId": wrong["CustomerID"], "realFieldName": field}]
    assert value(optimove, "C0000001", "FIRST_NAME") == before


def test_an_attribute_that_is_being_made_is_unavailable(optimove: Optimove) -> None:
    """Until its callback came."""
    body = {"Name": "VIP", "Type": "INT", "CallbackURL": CALLBACK}
    (making,) = optimove.call("AddCustomerAttribute", body).timers
    assert (
        update(optimove, change(field="VIP", value="1"))["errors"][0]["error"] == "UPDATE_FIELD_TEMPORARY_UNAVAILABLE"
    )
    optimove.fire(making)
    assert update(optimove, change(field="vip", value="1"))["isSuccess"] is True


@pytest.mark.parametrize(("answer", "most"), [("1000", 1_000), ("10000", 10_000)])
def test_an_update_has_a_limit(answer: str, most: int) -> None:
    """The limit of the reference or that of the guide, and one past it."""
    optimove = Optimove(sandbox_context(dialects={"optimove.attribute_update_limit": answer}))
    everybody = [change(f"C{index:07d}") for index in range(most)]
    assert update(optimove, *everybody)["isSuccess"] is True
    body = {"CustomerNewAttributesValuesList": [*everybody, change()]}
    if most == 10_000:
        assert optimove.violations("UpdateCustomerAttributes", body) == [
            "maxItems body.CustomerNewAttributesValuesList"
        ]
    else:
        outcome = optimove.call("UpdateCustomerAttributes", body)
        assert (outcome.reply.status, outcome.timers) == (400, ())


def test_a_customer_gets_ten_values_at_once_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    many = {"CustomerID": "C0000001", "Attributes": [{"RealFieldName": "CITY", "Value": str(n)} for n in range(10)]}
    assert update(optimove, many)["isSuccess"] is True
    many["Attributes"] = [*many["Attributes"], {"RealFieldName": "CITY", "Value": "11"}]
    found = optimove.violations("UpdateCustomerAttributes", {"CustomerNewAttributesValuesList": [many]})
    assert found == ["maxItems body.CustomerNewAttributesValuesList.0.Attributes"]


def test_an_upsert_holds_ten_values_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    values = [{"RealFieldName": "CITY", "Value": str(number)} for number in range(11)]
    assert optimove.read("UpsertCustomer", {"CustomerId": "C0000001", "Attributes": values[:10]}) == {"errors": []}
    found = optimove.violations("UpsertCustomer", {"CustomerId": "C0000001", "Attributes": values})
    assert found == ["maxItems body.Attributes"]


def test_a_new_attribute_can_be_filled_and_read(optimove: Optimove) -> None:
    """Everybody has the default until told otherwise."""
    assert add(optimove, DefaultValue="no") == {"attributeName": "VIP", "isSuccess": True}
    assert update(optimove, change(field="VIP", value="yes"))["isSuccess"] is True
    assert [value(optimove, customer, "VIP") for customer in ("C0000001", "C0000002")] == ["yes", "no"]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"name": "email"}, "2"),
        ({"kind": "TEXT"}, "3"),
        ({"kind": "VARCHAR(0)"}, "3"),
        ({"kind": "DECIMAL(10,2)"}, "3"),
        ({"kind": "INT", "DefaultValue": "x"}, "4"),
        ({"kind": "DATE", "DefaultValue": "2026-02-30"}, "4"),
        ({"kind": "VARCHAR(3)", "DefaultValue": "four"}, "4"),
    ],
)
def test_an_attribute_that_cannot_be_is_told_by_its_number(optimove: Optimove, wanted: Any, error: str) -> None:
    """2 exists, 3 a wrong type, 4 a wrong default."""
    said = add(optimove, **wanted)
    assert (said["isSuccess"], said["errorId"]) == (False, error)


def test_40_attributes_can_be_added_and_no_more(optimove: Optimove) -> None:
    """The limit, and one past it."""
    assert {add(optimove, name=f"A{n}")["isSuccess"] for n in range(40)} == {True}
    assert add(optimove, name="A40")["errorId"] == "1"


def test_an_upsert_makes_a_customer_at_once(optimove: Optimove) -> None:
    """Its members are spelled unlike those of the update."""
    body = {"CustomerId": "N1", "Attributes": [{"RealFieldName": "CITY", "Value": "Leeds"}]}
    outcome = optimove.call("UpsertCustomer", body)
    assert msgspec.json.decode(outcome.reply.body) == {"errors": []}
    assert value(optimove, "N1", "CITY") == "Leeds"
    assert [fact.kind for fact in outcome.facts] == ["attributes"]


def test_an_upsert_tells_its_errors_in_its_answer(optimove: Optimove) -> None:
    """And takes nothing in."""
    body = {"CustomerId": "N1", "Attributes": [{"RealFieldName": "SHOE_SIZE", "Value": 9}]}
    said = optimove.read("UpsertCustomer", body)
    assert said == {"errors": [{"error": "INVALID_FIELD", "customerId": "N1", "realFieldName": "SHOE_SIZE"}]}
    assert optimove.state.records.index_of("N1") is None


def test_who_changed_is_told(optimove: Optimove) -> None:
    """With the value of yesterday and that of today."""
    optimove.call(
        "UpsertCustomer", {"CustomerId": "C0000001", "Attributes": [{"RealFieldName": "CITY", "Value": "Ely"}]}
    )
    before = optimove.state.records.value(1, "CITY", 0)
    asked = {"ChangedCustomerAttribute": "city", "CustomerAttributes": "CITY"}
    assert optimove.read("GetCustomerAttributeChangers", **asked) == [
        {"CustomerID": "C0000001", "InitialCustomerAttribute": before, "FinalCustomerAttribute": "Ely",
         "CustomerAttributes": ["Ely"]}
    ]  # fmt: skip


def test_a_campaign_shows_its_customers_as_they_were_when_it_was_announced(optimove: Optimove) -> None:
    """What changed before is in its rows and in what is owed; what changes later is not."""
    optimove.call(
        "UpsertCustomer", {"CustomerId": "C0000001", "Attributes": [{"RealFieldName": "SMS_OPT_IN", "Value": "0"}]}
    )
    optimove.announce(plan(customers=2))
    optimove.state.records.set_value(0, "SMS_OPT_IN", "7", SIX + 1)
    rows = optimove.rows(attributes="SMS_OPT_IN")
    assert rows[1]["CustomerAttributes"] == ["0"]
    assert rows[0]["CustomerAttributes"] != ["7"]


@pytest.mark.parametrize("url", ["ftp://localhost/", "callbacks", "http://"])
def test_a_callback_needs_an_address(optimove: Optimove, url: str) -> None:
    """As a listener does."""
    body = {"Name": "VIP", "Type": "INT", "CallbackURL": url}
    assert optimove.violations("AddCustomerAttribute", body) == ["pattern body.CallbackURL"]


def test_a_callback_stays_on_this_machine(optimove: Optimove) -> None:
    """Unless the sandbox allows more."""
    outcome = optimove.call("AddCustomerAttribute", {"Name": "V", "Type": "INT", "CallbackURL": "http://example.com/"})
    assert (outcome.reply.status, outcome.timers) == (400, ())
