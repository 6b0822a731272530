from typing import Any

import msgspec
import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context

CALLBACK = "http://127.0.0.1:9000/callbacks"


def change(customer: str = "C0000001", field: str = "FIRST_NAME", value: object = "Ada") -> dict[str, object]:
    """Return one customer with one new value."""
    return {"CustomerID": customer, "Attributes": [{"RealFieldName": field, "Value": value}]}


def update_result(optimove: Optimove, *changes: dict[str, object]) -> Any:
    """Return the callback's body for an update."""
    body = {"CustomerNewAttributesValuesList": list(changes), "CallbackURL": CALLBACK}
    (timer,) = optimove.call("UpdateCustomerAttributes", body).timers
    return callback_body(optimove, timer)


def callback_body(optimove: Optimove, timer: Any) -> Any:
    """Return the body that a timer posts to the callback URL, within the minute that is documented."""
    assert timer.at - SIX <= 60_000
    (webhook,) = optimove.fire(timer).webhooks
    assert webhook.url == CALLBACK
    return msgspec.json.decode(webhook.body)


def add_result(optimove: Optimove, name: str = "VIP", kind: str = "VARCHAR(3)", **members: object) -> Any:
    """Return the callback's body for a new attribute."""
    body = {"Name": name, "Type": kind, "CallbackURL": CALLBACK} | members
    (timer,) = optimove.call("AddCustomerAttribute", body).timers
    return callback_body(optimove, timer)


def value(optimove: Optimove, customer: str, field: str) -> object:
    """Return one attribute of one customer an hour later."""
    index = optimove.state.records.index_of(customer)
    return optimove.state.records.value(index, field, SIX + 3_600_000)


def test_update_reports_success_to_its_callback(optimove: Optimove) -> None:
    """The callback has the requestId of the response to the call."""
    body = {"CustomerNewAttributesValuesList": [change()], "CallbackURL": CALLBACK}
    effects = optimove.call("UpdateCustomerAttributes", body)
    request = msgspec.json.decode(effects.response.body)["requestId"]
    assert callback_body(optimove, effects.timers[0]) == {"isSuccess": True, "requestId": request}
    assert value(optimove, "C0000001", "FIRST_NAME") == "Ada"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (change(customer="unknown"), "INVALID_CUSTOMER"),
        (change(field="SHOE_SIZE"), "INVALID_FIELD"),
        (change(field="SMS_OPT_IN", value="maybe"), "INVALID_VALUE"),
        (change(field="BALANCE", value="1.23456"), "INVALID_VALUE"),
        (change(value="x" * 256), "INVALID_VALUE"),
    ],
)
def test_wrong_value_rejects_the_whole_update(optimove: Optimove, wrong: Any, error: str) -> None:
    before = value(optimove, "C0000001", "FIRST_NAME")
    result = update_result(optimove, change(), wrong)
    field = wrong["Attributes"][0]["RealFieldName"]
    assert result["isSuccess"] is False
    assert result["errors"] == [{"error": error, "customerId": wrong["CustomerID"], "realFieldName": field}]
    assert value(optimove, "C0000001", "FIRST_NAME") == before


def test_attribute_is_unavailable_until_its_callback(optimove: Optimove) -> None:
    body = {"Name": "VIP", "Type": "INT", "CallbackURL": CALLBACK}
    (timer,) = optimove.call("AddCustomerAttribute", body).timers
    assert (
        update_result(optimove, change(field="VIP", value="1"))["errors"][0]["error"]
        == "UPDATE_FIELD_TEMPORARY_UNAVAILABLE"
    )
    optimove.fire(timer)
    assert update_result(optimove, change(field="vip", value="1"))["isSuccess"] is True


@pytest.mark.parametrize(("option", "limit"), [("1000", 1_000), ("10000", 10_000)])
def test_update_accepts_up_to_the_limit_of_the_dialect(option: str, limit: int) -> None:
    """The reference and the guide document different limits."""
    optimove = Optimove(sandbox_context(dialects={"optimove.attribute_update_limit": option}))
    changes = [change(f"C{index:07d}") for index in range(limit)]
    assert update_result(optimove, *changes)["isSuccess"] is True
    body = {"CustomerNewAttributesValuesList": [*changes, change()]}
    if limit == 10_000:
        assert optimove.violations("UpdateCustomerAttributes", body) == [
            "maxItems body.CustomerNewAttributesValuesList"
        ]
    else:
        effects = optimove.call("UpdateCustomerAttributes", body)
        assert (effects.response.status, effects.timers) == (400, ())


def test_update_accepts_up_to_10_values_per_customer(optimove: Optimove) -> None:
    item = {
        "CustomerID": "C0000001",
        "Attributes": [{"RealFieldName": "CITY", "Value": str(number)} for number in range(10)],
    }
    assert update_result(optimove, item)["isSuccess"] is True
    item["Attributes"] = [*item["Attributes"], {"RealFieldName": "CITY", "Value": "11"}]
    violations = optimove.violations("UpdateCustomerAttributes", {"CustomerNewAttributesValuesList": [item]})
    assert violations == ["maxItems body.CustomerNewAttributesValuesList.0.Attributes"]


def test_upsert_accepts_up_to_10_values(optimove: Optimove) -> None:
    values = [{"RealFieldName": "CITY", "Value": str(number)} for number in range(11)]
    assert optimove.read("UpsertCustomer", {"CustomerId": "C0000001", "Attributes": values[:10]}) == {"errors": []}
    violations = optimove.violations("UpsertCustomer", {"CustomerId": "C0000001", "Attributes": values})
    assert violations == ["maxItems body.Attributes"]


def test_new_attribute_has_default_until_changed(optimove: Optimove) -> None:
    assert add_result(optimove, DefaultValue="no") == {"attributeName": "VIP", "isSuccess": True}
    assert update_result(optimove, change(field="VIP", value="yes"))["isSuccess"] is True
    assert [value(optimove, customer, "VIP") for customer in ("C0000001", "C0000002")] == ["yes", "no"]


@pytest.mark.parametrize(
    ("fields", "error"),
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
def test_impossible_attribute_reports_error_number(optimove: Optimove, fields: Any, error: str) -> None:
    """2 means that it exists, 3 a wrong type, 4 a wrong default."""
    result = add_result(optimove, **fields)
    assert (result["isSuccess"], result["errorId"]) == (False, error)


def test_up_to_40_attributes_can_be_added(optimove: Optimove) -> None:
    assert {add_result(optimove, name=f"A{number}")["isSuccess"] for number in range(40)} == {True}
    assert add_result(optimove, name="A40")["errorId"] == "1"


def test_upsert_creates_customer_at_once(optimove: Optimove) -> None:
    """Its members have another spelling than those of the update."""
    body = {"CustomerId": "N1", "Attributes": [{"RealFieldName": "CITY", "Value": "Leeds"}]}
    effects = optimove.call("UpsertCustomer", body)
    assert msgspec.json.decode(effects.response.body) == {"errors": []}
    assert value(optimove, "N1", "CITY") == "Leeds"
    assert [entry.kind for entry in effects.entries] == ["attributes"]


def test_upsert_returns_errors_and_changes_nothing(optimove: Optimove) -> None:
    body = {"CustomerId": "N1", "Attributes": [{"RealFieldName": "SHOE_SIZE", "Value": 9}]}
    result = optimove.read("UpsertCustomer", body)
    assert result == {"errors": [{"error": "INVALID_FIELD", "customerId": "N1", "realFieldName": "SHOE_SIZE"}]}
    assert optimove.state.records.index_of("N1") is None


def test_changers_have_value_of_yesterday_and_today(optimove: Optimove) -> None:
    optimove.call(
        "UpsertCustomer", {"CustomerId": "C0000001", "Attributes": [{"RealFieldName": "CITY", "Value": "Ely"}]}
    )
    before = optimove.state.records.value(1, "CITY", 0)
    params = {"ChangedCustomerAttribute": "city", "CustomerAttributes": "CITY"}
    assert optimove.read("GetCustomerAttributeChangers", **params) == [
        {"CustomerID": "C0000001", "InitialCustomerAttribute": before, "FinalCustomerAttribute": "Ely",
         "CustomerAttributes": ["Ely"]}
    ]  # fmt: skip


def test_campaign_shows_customers_in_their_state_at_the_announcement(optimove: Optimove) -> None:
    optimove.call(
        "UpsertCustomer", {"CustomerId": "C0000001", "Attributes": [{"RealFieldName": "SMS_OPT_IN", "Value": "0"}]}
    )
    optimove.announce(plan(customers=2))
    optimove.state.records.set_value(0, "SMS_OPT_IN", "7", SIX + 1)
    rows = optimove.rows(attributes="SMS_OPT_IN")
    assert rows[1]["CustomerAttributes"] == ["0"]
    assert rows[0]["CustomerAttributes"] != ["7"]


@pytest.mark.parametrize("url", ["ftp://localhost/", "callbacks", "http://"])
def test_callback_without_http_url_breaks_the_contract(optimove: Optimove, url: str) -> None:
    body = {"Name": "VIP", "Type": "INT", "CallbackURL": url}
    assert optimove.violations("AddCustomerAttribute", body) == ["pattern body.CallbackURL"]


def test_remote_callback_is_refused(optimove: Optimove) -> None:
    """A sandbox can allow remote URLs."""
    effects = optimove.call("AddCustomerAttribute", {"Name": "V", "Type": "INT", "CallbackURL": "http://example.com/"})
    assert (effects.response.status, effects.timers) == (409, ())
