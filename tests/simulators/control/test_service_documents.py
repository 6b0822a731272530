"""Contracts, references and collections, as the control API offers them for download."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import yaml

from repository import CONTRACTS
from running import RunningSimulators

SERVICES = ("delivyr", "optimove", "optimove-metrics", "smtp", "textlocal", "xtremepush")
MINIMAL = {"seed": 1, "clock": {"mode": "virtual", "start": "2026-03-02T08:00:00Z"}}


def items(folder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the requests in a folder of a collection."""
    for item in folder["item"]:
        if "item" in item:
            yield from items(item)
        else:
            yield item["request"]


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with values in place of its variables."""
    for name, value in variables.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def send(request: Mapping[str, Any], variables: Mapping[str, str]) -> requests.Response:
    """Send a request of a collection, as Postman would."""
    url, body = request["url"], request.get("body", {})
    address = filled(url["host"][0], variables) + "/" + "/".join(url["path"])
    query = {pair["key"]: filled(pair["value"], variables) for pair in url["query"]}
    headers = {pair["key"]: filled(pair["value"], variables) for pair in request["header"]}
    form = {pair["key"]: filled(pair["value"], variables) for pair in body.get("urlencoded", ())}
    raw = filled(body.get("raw", ""), variables)
    if "tenant_token" in variables:
        signature = hmac.new(variables["tenant_token"].encode(), raw.encode(), hashlib.sha256)
        headers["x-optimove-signature-content"] = signature.hexdigest()
    return requests.request(
        request["method"], address, params=query, headers=headers, data=form or raw.encode(), timeout=60
    )


@pytest.mark.parametrize("service", SERVICES)
def test_requests_of_a_collection_keep_the_contract(simulators: RunningSimulators, service: str) -> None:
    """Newman 6.2 sends them with the same result."""
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL)["sandbox"]
    collection = simulators.call("GET", f"/sandboxes/{sandbox}/services/{service}/collection.json")
    variables = {variable["key"]: variable["value"] for variable in collection["variable"]}

    for request in items(collection):
        assert send(request, variables).status_code < 500

    calls = [line for line in simulators.history(sandbox) if line["kind"] == "request"]
    assert len(calls) == len([*items(collection)])
    assert [call["violations"] for call in calls if call["violations"]] == []


@pytest.mark.parametrize("name", [*SERVICES, "control", "listener", "textlocal-receipts"])
def test_contract_is_offered_as_its_file_and_as_json(simulators: RunningSimulators, name: str) -> None:
    url = f"{simulators.control}/control/services/{name}/contract"
    file = (CONTRACTS / f"{name}.yaml").read_bytes()

    assert requests.get(f"{url}.yaml", timeout=60).content == file
    assert requests.get(f"{url}.json", timeout=60).json()["paths"].keys() == yaml.safe_load(file)["paths"].keys()


def test_unknown_contract_lists_the_known_ones(simulators: RunningSimulators) -> None:
    response = requests.get(f"{simulators.control}/control/services/nexmo/contract.yaml", timeout=60)

    assert response.status_code == 404
    assert (
        "there are: delivyr, optimove, optimove-metrics, smtp, textlocal, xtremepush, control"
        in response.json()["detail"]
    )


def test_reference_has_the_limits_and_options_of_a_sandbox(simulators: RunningSimulators) -> None:
    """With Optimove's other page size, a reader sees that one."""
    dialects = {"dialects": {"optimove.page_maximum": "20000"}}
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL | dialects)["sandbox"]
    reference = simulators.call("GET", f"/services/optimove/reference?sandbox={sandbox}")

    (chosen,) = [known["chosen"] for known in reference["dialects"] if known["name"] == "page_maximum"]
    assert chosen == "20000"
    texts = {limit["text"] for operation in reference["operations"] for limit in operation["limits"]}
    assert any("20,000" in text for text in texts)


def test_reference_of_a_provider_names_credentials_codes_and_test_numbers(simulators: RunningSimulators) -> None:
    reference = simulators.call("GET", "/services/textlocal/reference")

    assert reference["credentials"] == [{"credential": "apikey", "place": "query", "name": "apikey"}]
    assert {"code": 32, "text": "Invalid number format"}.items() <= next(
        code for code in reference["codes"] if code["code"] == 32
    ).items()
    assert reference["test_numbers"][0]["numbers"]["GB"] == "447555000000"


@pytest.mark.parametrize(
    ("service", "places"),
    [
        ("optimove", [("api_key", "header", "X-API-KEY")]),
        ("xtremepush", [("apptoken", "body", "apptoken")]),
        ("delivyr", [("api_key", "header", "x-api-key"), ("account_id", "header", "x-account-id")]),
        ("optimove-metrics", [("tenant_token", "signature", "x-optimove-signature-content")]),
        ("control", []),
    ],
)
def test_reference_says_where_a_request_has_its_credentials(
    simulators: RunningSimulators, service: str, places: list[tuple[str, str, str]]
) -> None:
    found = simulators.call("GET", f"/services/{service}/reference")["credentials"]
    assert [(place["credential"], place["place"], place["name"]) for place in found] == places
