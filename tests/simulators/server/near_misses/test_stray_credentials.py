"""Credentials of another company in a request, wherever they are."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from sendproof_simulators.core.contracts import ValidRequest
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.near_misses.credentials import KnownCredential
from sendproof_simulators.server.near_misses.stray_credentials import stray_fields
from sendproof_simulators.services.discovery import service_contracts

KEY = "optimove-key-1234"
OWNERS = {KEY: KnownCredential("optimove", "api_key"), "textlocal-key-1": KnownCredential("textlocal", "apikey")}


def stray_in(service: str = "textlocal", **parts: Any) -> str:
    """Return the credential that a request shows to another company, and its place."""
    request = Request(method="POST", path="/send", **parts)
    return " in ".join(stray_fields(service, request, None, OWNERS.get).values())


def form(**fields: str) -> dict[str, Any]:
    """Return the parts of a request with a form."""
    return {"headers": {"content-type": "application/x-www-form-urlencoded"}, "body": urlencode(fields).encode()}


def content(value: Any) -> dict[str, Any]:
    """Return the parts of a request with a JSON body."""
    return {"body": json.dumps(value).encode()}


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"headers": {"authorization": f"Bearer {KEY}"}}, "header"),
        ({"headers": {"authorization": "Basic " + base64.b64encode(f"user:{KEY}".encode()).decode()}}, "header"),
        ({"query": (("X-API-KEY", f"Bearer {KEY}"),)}, "query"),
        ({"query": (("user", KEY),)}, "query"),
        (form(apikey="textlocal-key-1", api_key=KEY), "form"),
        (form(apikey="textlocal-key-1", custom=KEY), "form"),
        (content({"apptoken": "textlocal-key-1", "optimoveKey": KEY}), "JSON body"),
        (content({"auth": {"key": KEY}}), "JSON body"),
        (content({"messages": [{"to": "447100000001", "auth": {"key": KEY}}]}), "JSON body"),
        (content([{"custom": KEY}]), "JSON body"),
        (content({"keys": [KEY]}), "JSON body"),
        (form(data=json.dumps({"messages": [{"number": 1, "key": KEY}]})), "form"),
    ],
)
def test_key_of_another_company_is_found(parts: dict[str, Any], place: str) -> None:
    assert stray_in(**parts) == f"api_key of optimove in {place}"


@pytest.mark.parametrize("service", ["optimove", "optimove-metrics"])
def test_key_of_the_company_itself_may_be_anywhere(service: str) -> None:
    """Other rules say where it belongs."""
    assert stray_in(service, **form(api_key=KEY)) == ""


def test_text_about_a_key_is_no_credential() -> None:
    """Only a whole value is one, unless the name of its field promises it."""
    assert stray_in(**form(apikey="textlocal-key-1", message=f"Your code is {KEY}")) == ""


def test_contract_makes_no_difference() -> None:
    """A body that keeps it is read as it was decoded."""
    body = {"data": [{"number": "447100000001", "auth": {"key": KEY}}]}
    request = Request(method="POST", path="/send", **content(body))
    valid = ValidRequest(operation=service_contracts()["textlocal"].operations["send"], params={}, body=body)
    assert stray_fields("textlocal", request, valid, OWNERS.get)["stray_place"] == "JSON body"


def test_deep_body_is_no_failure() -> None:
    assert stray_in(body=b"[" * 60_000 + b"]" * 60_000) == ""
    assert stray_in(**content([[[[[[[[KEY]]]]]]]])) == ""


def test_field_that_is_sent_twice_is_read_twice() -> None:
    assert stray_in(headers=form()["headers"], body=f"custom=a&custom={KEY}".encode()) == "api_key of optimove in form"


@pytest.mark.parametrize(
    "parts",
    [
        {"headers": {"authorization": "a," * 100_000}},
        {"query": tuple((f"key{number}", "a") for number in range(10_000))},
        form(**{f"key{number}": "a" for number in range(3_000)}),
        content({f"key{number}": "a" for number in range(3_000)}),
    ],
)
def test_few_words_of_a_hostile_request_are_looked_up(parts: dict[str, Any]) -> None:
    """Each of them is looked up in every sandbox."""
    asked: list[str] = []
    stray_fields("textlocal", Request(method="POST", path="/send", **parts), None, asked.append)
    assert len(asked) in {100, 1_000}


def test_key_behind_a_large_map_of_recipients_is_found() -> None:
    """A bridge that sends full batches must not hide its key by them."""
    recipients = {str(number): {"external_message_id": f"7001-{number:05}"} for number in range(1_100)}
    found = content({"target_with_params": recipients, "params": {"auth": KEY}})
    assert stray_in(**found) == "api_key of optimove in JSON body"
