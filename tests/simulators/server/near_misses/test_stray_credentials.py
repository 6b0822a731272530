"""Credentials of another company in a request, wherever they are."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from sendproof_simulators.core.http import Request
from sendproof_simulators.server.near_misses.credentials import KnownCredential
from sendproof_simulators.server.near_misses.stray_credentials import stray_fields

KEY = "optimove-key-1234"
OWNERS = {KEY: KnownCredential("optimove", "api_key"), "textlocal-key-1": KnownCredential("textlocal", "apikey")}


def stray_in(service: str = "textlocal", **parts: Any) -> str:
    """Return the credential that a request shows to another company, and its place."""
    request = Request(method="POST", path="/send", **parts)
    return " in ".join(stray_fields(service, request, None, OWNERS.get).values())


def form(**fields: str) -> dict[str, Any]:
    """Return the parts of a request with a form."""
    return {"headers": {"content-type": "application/x-www-form-urlencoded"}, "body": urlencode(fields).encode()}


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"headers": {"authorization": f"Bearer {KEY}"}}, "header"),
        ({"headers": {"authorization": "Basic " + base64.b64encode(f"user:{KEY}".encode()).decode()}}, "header"),
        ({"query": (("X-API-KEY", f"Bearer {KEY}"),)}, "query"),
        ({"query": (("user", KEY),)}, "query"),
        (form(apikey="textlocal-key-1", api_key=KEY), "form"),
        (form(apikey="textlocal-key-1", custom=KEY), "form"),
        ({"body": json.dumps({"apptoken": "textlocal-key-1", "optimoveKey": KEY}).encode()}, "JSON body"),
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
