"""The fast path reads values in paths as Connexion does, or leaves the request to it."""

import asyncio
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import BUDGET, tries
from sendproof_simulators.control.api import ControlExchange
from sendproof_simulators.core.contracts import DEFAULT_RULES, Contract, ValidRequest
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.connexion_app import ConnexionApp
from sendproof_simulators.server.fast_path import match_fast_path
from sendproof_simulators.services.discovery import contract_path, read_contract

NAMES = ("control", "delivyr", "optimove")
VALUES = st.one_of(
    st.text(max_size=5),
    st.integers().map(str),
    st.sampled_from(
        ["default", "C0000001", "7", "0", "007", "-1", "1e3", "", ".", "..", "a.b", "a/b", "%20", "9" * 18]
    ),
)
BODIES = st.sampled_from([b"", b"{}", b"[]", b'{"to":"2026-03-02T06:00:00Z"}', b'{"rate":1}'])
QUERIES = st.sampled_from([(), (("limit", "5"),), (("limit", "x"),), (("unheardOf", "1"),)])


@cache
def contract(name: str) -> Contract:
    return read_contract(contract_path(f"{name}.yaml"))


@cache
def connexion_app(name: str) -> ConnexionApp:
    return ConnexionApp(contract(name))


@st.composite
def requests(draw: st.DrawFn, name: str) -> Request:
    """Return a request to a path with values, of which some are unusual."""
    template = draw(st.sampled_from([path for path in contract(name).document["paths"] if "{" in path]))
    path = re.sub(r"\{\w+\}", lambda _: draw(VALUES), template)
    body = draw(BODIES)
    headers = {"content-type": "application/json"} if body else {}
    method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
    return Request(method=method, path=path, query=draw(QUERIES), headers=headers, body=body)


def check_agreement(name: str, request: Request) -> ValidRequest | None:
    """Check that Connexion finds what the fast path finds, if that finds anything; return that.

    What the fast path finds wrong with a body must not change the refusal.
    """
    found = match_fast_path(contract(name), request, DEFAULT_RULES)
    if found is None:
        return None
    app, exchange = connexion_app(name), ControlExchange(request, contract(name))
    decided = asyncio.run(app.validate(exchange))
    if isinstance(found, ValidRequest):
        assert decided == found
        return found
    assert decided == asyncio.run(app.validate(exchange, found))
    return None


@pytest.mark.parametrize("name", NAMES)
@settings(BUDGET, max_examples=tries(300))
@given(data=st.data())
def test_values_in_paths_are_read_as_connexion_reads_them(name: str, data: st.DataObject) -> None:
    check_agreement(name, data.draw(requests(name)))


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("GET", "/control/sandboxes/default/clock", {"sandbox": "default"}),
        ("GET", "/control/sandboxes/a.b-c_1/requests/7", {"sandbox": "a.b-c_1", "n": 7}),
    ],
)
def test_plain_values_take_the_fast_path(method: str, path: str, params: dict[str, object]) -> None:
    found = check_agreement("control", Request(method=method, path=path))
    assert found is not None
    assert found.params == params


@pytest.mark.parametrize("value", ["", "é", "a b", "a%2Fb", "..", "{n}"])
def test_unusual_value_is_left_to_connexion(value: str) -> None:
    assert check_agreement("control", Request(method="GET", path=f"/control/sandboxes/{value}/clock")) is None


@pytest.mark.parametrize("number", ["007", "-1", "+1", "1.0", "x", "9" * 18])
def test_unusual_number_is_left_to_connexion(number: str) -> None:
    assert check_agreement("control", Request(method="GET", path=f"/control/sandboxes/a/requests/{number}")) is None
