"""Every open question is a switch with a default, and every answer to it shows."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from optimove_alone import Optimove, plan, sandbox_context
from sendproof_simulators.core.http import Problem
from sendproof_simulators.services.discovery import discover, folder_of
from sendproof_simulators.services.optimove import SIMULATOR
from sendproof_simulators.services.optimove.errors import error_response

# What is unknown or told in two ways about the real service, and the dialects that answer it.
OPEN_QUESTIONS = {
    "bodies of events, and how their members are spelled": {"event_keys", "trigger_event_type", "personal_info"},
    "delivery of webhooks": {"webhook_retries"},
    "status codes of refusals": {"unknown_id", "forbidden", "unlisted_functions"},
    "an empty result": {"empty_result"},
    "pages": {"page_maximum", "paging_names", "row_order"},
    "attributes as an array or as one text": {"attributes_shape"},
    "numbers and flags as text": {"id_type", "flag_type"},
    "ScheduledTime or ScheduleTime": {"execution_time_name"},
    "how much an update may hold, and whether metrics are added": {"attribute_update_limit", "metric_values"},
    "the rate limit, and Retry-After": {"rate_limit", "retry_after"},
    "success": {"success_body", "attribute_update_status", "attribute_update_body"},
    "a wrong login, a wrong key": {"login_failure", "unknown_key"},
    "a channel with event 1": {"event_1_channel"},
    "answers that nobody has shown": {"api_key_info", "listener_channel"},
    "numbers that nobody has explained": {"communication_modes", "metric_ids"},
}
METRICS_QUESTIONS = {"host", "event_names", "signed_text", "success_body"}
METRIC = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 5}
PAGE = {"CampaignID": 7001, "ChannelID": 505}


def speaking(**answers: str) -> Optimove:
    """A simulator that answers open questions so, and knows a campaign of three."""
    optimove = Optimove(sandbox_context(dialects={f"optimove.{name}": answer for name, answer in answers.items()}))
    optimove.announce(plan(customers=3))
    return optimove


def test_every_open_question_is_a_dialect() -> None:
    """And the other way round."""
    declared = {dialect.name for dialect in SIMULATOR.dialects}
    assert {name for names in OPEN_QUESTIONS.values() for name in names} == declared
    assert {dialect.name for dialect in discover()["optimove-metrics"].dialects} == METRICS_QUESTIONS


@pytest.mark.parametrize("name", ["optimove", "optimove-metrics"])
def test_every_dialect_stands_in_the_list_of_what_nobody_says(name: str) -> None:
    """Beside the questions that cannot be answered."""
    _, _, rest = (folder_of(SIMULATOR) / "README.md").read_text().partition("## Open questions")
    told = rest.partition("\n## ")[0]
    assert [dialect.name for dialect in discover()[name].dialects if f"`{dialect.name}`" not in told] == []


@pytest.mark.parametrize("name", ["optimove", "optimove-metrics"])
def test_every_answer_has_evidence(name: str) -> None:
    """Two answers at least, all different, each with a level and a source."""
    for dialect in discover()[name].dialects:
        values = [answer.value for answer in dialect.options]
        assert len(values) == len(set(values)) > 1, dialect.name
        assert {answer.evidence for answer in dialect.options} <= {"documented", "observed", "assumed"}
        assert all(answer.meaning and answer.source for answer in dialect.options)


def status(operation: str, body: Any = None, **params: Any) -> Callable[[Optimove], object]:
    """The status of a call."""
    return lambda optimove: optimove.call(operation, body, **params).reply.status


def text(operation: str, body: Any = None, **params: Any) -> Callable[[Optimove], object]:
    """The body of its answer."""
    return lambda optimove: optimove.call(operation, body, **params).reply.body


def rows(take: Callable[[list[Any]], object], **params: Any) -> Callable[[Optimove], object]:
    """Something of a page of send details."""
    return lambda optimove: take(optimove.read("GetCustomerSendDetailsByChannel", **PAGE | params))


def posted_twice(optimove: Optimove) -> object:
    """The totals after two calls with two values of 5 each."""
    for _ in range(2):
        optimove.call("UpdateCampaignMetrics", [METRIC, METRIC])
    return list(optimove.state.metrics.values())


def first_keys(operation: str, **params: Any) -> Callable[[Optimove], object]:
    """The members of the first row."""
    return lambda optimove: set(optimove.read(operation, **params)[0])


NEW_VALUE = {"CustomerNewAttributesValuesList": [
    {"CustomerID": "C0000001", "Attributes": [{"RealFieldName": "CITY", "Value": "Ely"}]}
]}  # fmt: skip
LISTENER = {"EventTypeID": 1, "ListenerURL": "http://localhost/", "ChannelID": 505}
ATTRIBUTES = {"CustomerAttributes": "COUNTRY;LANGUAGE", "$top": 1}


@pytest.mark.parametrize(
    ("dialect", "answer", "look", "seen"),
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
        ("flag_type", "text", lambda o: o.read("GetCampaignDetails", CampaignID=7001)["IsRecurrence"], "false"),
        ("flag_type", "booleans", lambda o: o.read("GetCampaignDetails", CampaignID=7001)["IsRecurrence"], False),
        ("attributes_shape", "array", rows(lambda page: len(page[0]["CustomerAttributes"]), **ATTRIBUTES), 2),
        ("attributes_shape", "joined", rows(lambda page: page[0]["CustomerAttribute"][:3], **ATTRIBUTES), "GB,"),
        ("row_order", "ascending", rows(lambda page: [row["CustomerID"][-1] for row in page]), ["0", "1", "2"]),
        ("row_order", "descending", rows(lambda page: [row["CustomerID"][-1] for row in page]), ["2", "1", "0"]),
        ("paging_names", "dollar_only", rows(len, top=1, skip=2), 3),
        ("paging_names", "both", rows(len, top=2, skip=2), 1),
        ("unknown_id", "404", status("GetCampaignDetails", CampaignID=1), 404),
        ("unknown_id", "400", status("GetCampaignDetails", CampaignID=1), 400),
        ("metric_values", "absolute", posted_twice, [5]),
        ("metric_values", "additive", posted_twice, [20]),
        ("metric_ids", "seen", status("UpdateCampaignMetrics", [METRIC | {"MetricID": 7}]), 400),
        ("metric_ids", "all", status("UpdateCampaignMetrics", [METRIC | {"MetricID": 7}]), 200),
        ("attribute_update_status", "200", status("UpdateCustomerAttributes", NEW_VALUE), 200),
        ("attribute_update_status", "202", status("UpdateCustomerAttributes", NEW_VALUE), 202),
        ("attribute_update_body", "empty", text("UpdateCustomerAttributes", NEW_VALUE), b""),
        ("event_1_channel", "accepted", status("RegisterEventListener", LISTENER), 200),
        ("event_1_channel", "refused", status("RegisterEventListener", LISTENER), 400),
    ],
)
def test_an_answer_shows(dialect: str, answer: str, look: Callable[[Optimove], object], seen: object) -> None:
    """In what a bridge gets."""
    assert look(speaking(**{dialect: answer})) == seen


@pytest.mark.parametrize("name", ["ScheduleTime", "ScheduledTime"])
def test_the_time_of_an_execution_is_spelled_in_two_ways(name: str) -> None:
    """With or without d."""
    optimove = speaking(execution_time_name=name)
    assert optimove.read("GetCustomerExecutionDetailsByCampaign", CampaignID=7001)[0][name] == "2026-03-02 09:00:00"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [("absent", {"EventTypeID", "ListenerURL"}), ("null", {"EventTypeID", "ListenerURL", "ChannelID"})],
)
def test_a_general_listener_is_shown_in_two_ways(answer: str, shown: set[str]) -> None:
    """With ChannelID null or without."""
    optimove = speaking(listener_channel=answer)
    optimove.call("RegisterEventListener", {"EventTypeID": 13, "ListenerURL": "http://localhost/"})
    assert set(optimove.read("GetRegisteredEventListeners")[0]) == shown


@pytest.mark.parametrize("most", [10_000, 20_000])
def test_a_page_can_hold_more(most: int) -> None:
    """The maximum, and one past it."""
    optimove = Optimove(sandbox_context(dialects={"optimove.page_maximum": str(most)}))
    optimove.announce(plan(customers=20_001))
    assert [len(optimove.rows(top=top)) for top in (most, most + 1)] == [most, most]


@pytest.mark.parametrize(
    ("kind", "dialect", "statuses"),
    [
        ("unauthorized", "unknown_key", {"401": 401, "403": 403}),
        ("not_permitted", "forbidden", {"403": 403, "401": 401}),
        ("login_failed", "login_failure", {"401": 401, "500": 500}),
    ],
)
def test_a_refusal_has_the_status_that_the_sandbox_says(kind: str, dialect: str, statuses: dict[str, int]) -> None:
    """Whatever the default is."""
    for answer, expected in statuses.items():
        problem = Problem(kind=kind, status=401, detail="no", dialects={f"optimove.{dialect}": answer})
        assert error_response(problem).status == expected


def test_429_can_say_when_to_come_back() -> None:
    """It does not by default."""
    for answer, headers in (("absent", ()), ("seconds", (("retry-after", "10"),))):
        problem = Problem(kind="rate_limited", status=429, detail="", dialects={"optimove.retry_after": answer})
        assert error_response(problem).headers == headers
        assert msgspec.json.decode(error_response(problem).body)["status"] == 429
