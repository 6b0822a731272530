"""Dialects: every open question has a default, and every option changes the behaviour."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from optimove_alone import Optimove, plan, sandbox_context
from sendproof_simulators.core.http import Problem
from sendproof_simulators.services.discovery import discover, folder_of
from sendproof_simulators.services.optimove import SIMULATOR
from sendproof_simulators.services.optimove.errors import error_response

# Facts about the real service that are unknown or contradictory, and their dialects.
OPEN_QUESTIONS = {
    "bodies of events, and the spelling of their members": {
        "event_keys",
        "trigger_event_type",
        "personal_info",
        "trigger_parameters",
    },
    "delivery of webhooks": {"webhook_retries"},
    "status codes of refusals": {
        "unknown_id",
        "unknown_app",
        "unknown_path",
        "forbidden",
        "unlisted_functions",
        "customer_look_up",
    },
    "the spelling of members, and members that are null": {"member_names", "null_members"},
    "an empty result": {"empty_result"},
    "pages": {"page_maximum", "paging_names", "row_order", "send_details_values"},
    "attributes as an array or as one text": {"attributes_shape"},
    "numbers and flags as text": {"id_type", "flag_type"},
    "ScheduledTime or ScheduleTime": {"execution_time_name"},
    "the limit of an update, and totals or added metrics": {"attribute_update_limit", "metric_values"},
    "the rate limit, and Retry-After": {"rate_limit", "retry_after"},
    "success": {"success_body", "attribute_update_status", "attribute_update_body"},
    "a wrong login, a wrong key": {"password_login", "login_failure", "unknown_key"},
    "a channel with event 1": {"event_1_channel"},
    "responses without a source": {"api_key_info", "listener_channel"},
    "numbers without a known meaning": {"communication_modes", "metric_ids"},
}
METRICS_QUESTIONS = {"host", "event_names", "signed_text", "success_body", "null_members"}
METRIC = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 5}
PAGE = {"CampaignID": 7001, "ChannelID": 505}


def simulator(**options: str) -> Optimove:
    """Return a simulator with these options that knows a campaign of three customers."""
    optimove = Optimove(sandbox_context(dialects={f"optimove.{name}": option for name, option in options.items()}))
    optimove.announce(plan(customers=3))
    return optimove


def test_dialects_are_exactly_the_open_questions() -> None:
    declared = {dialect.name for dialect in SIMULATOR.dialects}
    assert {name for names in OPEN_QUESTIONS.values() for name in names} == declared
    assert {dialect.name for dialect in discover()["optimove-metrics"].dialects} == METRICS_QUESTIONS


@pytest.mark.parametrize("name", ["optimove", "optimove-metrics"])
def test_readme_lists_every_dialect_as_an_open_question(name: str) -> None:
    """The list also contains the questions without a dialect."""
    _, _, rest = (folder_of(SIMULATOR) / "README.md").read_text().partition("## Open questions")
    section = rest.partition("\n## ")[0]
    assert [dialect.name for dialect in discover()[name].dialects if f"`{dialect.name}`" not in section] == []


@pytest.mark.parametrize("name", ["optimove", "optimove-metrics"])
def test_every_option_has_evidence_and_source(name: str) -> None:
    for dialect in discover()[name].dialects:
        values = [option.value for option in dialect.options]
        assert len(values) == len(set(values)) > 1, dialect.name
        assert {option.evidence for option in dialect.options} <= {"documented", "observed", "assumed"}
        assert all(option.meaning and option.source for option in dialect.options)


def status(operation: str, body: Any = None, **params: Any) -> Callable[[Optimove], object]:
    """Return a function that returns the status of a call."""
    return lambda optimove: optimove.call(operation, body, **params).response.status


def violations(operation: str, body: Any = None, **params: Any) -> Callable[[Optimove], object]:
    """Return a function that returns the violations of the contract in a call."""
    return lambda optimove: optimove.violations(operation, body, **params)


def text(operation: str, body: Any = None, **params: Any) -> Callable[[Optimove], object]:
    """Return a function that returns the response body of a call."""
    return lambda optimove: optimove.call(operation, body, **params).response.body


def rows(value: Callable[[list[Any]], object], **params: Any) -> Callable[[Optimove], object]:
    """Return a function that returns a value computed from a page of send details."""
    return lambda optimove: value(optimove.read("GetCustomerSendDetailsByChannel", **PAGE | params))


def totals_after_two_calls(optimove: Optimove) -> object:
    """Return the totals after two calls with two values of 5 each."""
    for _ in range(2):
        optimove.call("UpdateCampaignMetrics", [METRIC, METRIC])
    return list(optimove.state.metrics.values())


def changed_city(optimove: Optimove) -> object:
    """Return the city in the first row after it has changed."""
    optimove.call("GetCustomerSendDetailsByChannel", **PAGE, CustomerAttributes="CITY")
    optimove.advance(optimove.now + 1)
    optimove.state.records.set_value(0, "CITY", "Ely", optimove.now)
    page = optimove.read("GetCustomerSendDetailsByChannel", **PAGE, CustomerAttributes="CITY")
    return page[0]["CustomerAttributes"][0]


NEW_VALUE = {"CustomerNewAttributesValuesList": [
    {"CustomerID": "C0000001", "Attributes": [{"RealFieldName": "CITY", "Value": "Ely"}]}
]}  # fmt: skip
LISTENER = {"EventTypeID": 1, "ListenerURL": "http://localhost/", "ChannelID": 505}
ATTRIBUTES = {"CustomerAttributes": "COUNTRY;LANGUAGE", "$top": 1}


@pytest.mark.parametrize(
    ("dialect", "option", "observe", "expected"),
    [
        ("empty_result", "list", text("GetPromotions"), b"[]"),
        ("empty_result", "not_found", status("GetPromotions"), 404),
        ("empty_result", "no_content", status("GetPromotions"), 204),
        ("empty_result", "not_found", status("GetCustomerSendDetailsByChannel", **PAGE, **{"$skip": 3}), 404),
        ("empty_result", "no_content", status("GetCustomerSendDetailsByChannel", **PAGE, **{"$skip": 3}), 204),
        ("success_body", "empty", text("UpdateCampaignMetrics", [METRIC]), b""),
        ("success_body", "response_code", text("UpdateCampaignMetrics", [METRIC]), b'{"ResponseCode":200}'),
        ("id_type", "text", rows(lambda page: page[0]["TemplateID"]), "14"),
        ("id_type", "numbers", rows(lambda page: page[0]["TemplateID"]), 14),
        (
            "flag_type",
            "text",
            lambda optimove: optimove.read("GetCampaignDetails", CampaignID=7001)["IsRecurrence"],
            "false",
        ),
        (
            "flag_type",
            "booleans",
            lambda optimove: optimove.read("GetCampaignDetails", CampaignID=7001)["IsRecurrence"],
            False,
        ),
        ("attributes_shape", "array", rows(lambda page: len(page[0]["CustomerAttributes"]), **ATTRIBUTES), 2),
        ("attributes_shape", "joined", rows(lambda page: page[0]["CustomerAttribute"][:3], **ATTRIBUTES), "GB,"),
        ("send_details_values", "current", changed_city, "Ely"),
        ("send_details_values", "announced", lambda optimove: changed_city(optimove) != "Ely", True),
        ("row_order", "ascending", rows(lambda page: [row["CustomerID"][-1] for row in page]), ["0", "1", "2"]),
        ("row_order", "descending", rows(lambda page: [row["CustomerID"][-1] for row in page]), ["2", "1", "0"]),
        ("paging_names", "dollar_only", rows(len, top=1, skip=2), 3),
        ("paging_names", "both", rows(len, top=2, skip=2), 1),
        ("unknown_id", "404", status("GetCampaignDetails", CampaignID=1), 404),
        ("unknown_id", "400", status("GetCampaignDetails", CampaignID=1), 400),
        ("metric_values", "absolute", totals_after_two_calls, [5]),
        ("metric_values", "additive", totals_after_two_calls, [20]),
        (
            "metric_ids",
            "seen",
            violations("UpdateCampaignMetrics", [METRIC | {"MetricID": 7}]),
            ["enum body.0.MetricID"],
        ),
        ("metric_ids", "all", status("UpdateCampaignMetrics", [METRIC | {"MetricID": 7}]), 200),
        ("attribute_update_status", "200", status("UpdateCustomerAttributes", NEW_VALUE), 200),
        ("attribute_update_status", "202", status("UpdateCustomerAttributes", NEW_VALUE), 202),
        ("attribute_update_body", "empty", text("UpdateCustomerAttributes", NEW_VALUE), b""),
        ("event_1_channel", "accepted", status("RegisterEventListener", LISTENER), 200),
        ("event_1_channel", "refused", status("RegisterEventListener", LISTENER), 400),
        ("event_1_channel", "refused", status("RegisterEventListener", LISTENER | {"EventTypeID": 4}), 400),
        ("event_1_channel", "refused", status("RegisterEventListener", LISTENER | {"EventTypeID": 13}), 200),
    ],
)
def test_option_changes_the_behaviour(
    dialect: str, option: str, observe: Callable[[Optimove], object], expected: object
) -> None:
    assert observe(simulator(**{dialect: option})) == expected


@pytest.mark.parametrize("name", ["ScheduleTime", "ScheduledTime"])
def test_execution_time_is_spelled_according_to_dialect(name: str) -> None:
    optimove = simulator(execution_time_name=name)
    assert optimove.read("GetCustomerExecutionDetailsByCampaign", CampaignID=7001)[0][name] == "2026-03-02 09:00:00"


@pytest.mark.parametrize(
    ("option", "members"),
    [("absent", {"EventTypeID", "ListenerURL"}), ("null", {"EventTypeID", "ListenerURL", "ChannelID"})],
)
def test_general_listener_is_listed_according_to_dialect(option: str, members: set[str]) -> None:
    optimove = simulator(listener_channel=option)
    optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": "http://localhost/"})
    assert set(optimove.read("GetRegisteredEventListeners")[0]) == members


@pytest.mark.parametrize("maximum", [10_000, 20_000])
def test_page_has_at_most_the_rows_of_the_dialect(maximum: int) -> None:
    optimove = Optimove(sandbox_context(dialects={"optimove.page_maximum": str(maximum)}))
    optimove.announce(plan(customers=20_001))
    assert [len(optimove.rows(top=top)) for top in (maximum, maximum + 1)] == [maximum, maximum]


@pytest.mark.parametrize(
    ("kind", "dialect", "statuses"),
    [
        ("unauthorized", "unknown_key", {"401": 401, "403": 403}),
        ("not_permitted", "forbidden", {"403": 403, "401": 401}),
        ("login_failed", "login_failure", {"401": 401, "500": 500}),
        ("not_found", "unknown_path", {"404": 404, "405": 405}),
    ],
)
def test_error_has_status_of_the_dialect(kind: str, dialect: str, statuses: dict[str, int]) -> None:
    for option, expected in statuses.items():
        problem = Problem(kind=kind, status=401, detail="no", dialects={dialect: option})
        assert error_response(problem).status == expected


def test_rate_limited_response_has_retry_after_according_to_dialect() -> None:
    for option, headers in (("absent", ()), ("seconds", (("retry-after", "10"),))):
        problem = Problem(kind="rate_limited", status=429, detail="", dialects={"retry_after": option})
        assert error_response(problem).headers == headers
        assert msgspec.json.decode(error_response(problem).body)["status"] == 429
