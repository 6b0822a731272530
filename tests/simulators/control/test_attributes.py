"""The client adds an attribute, and has one registered for syncs."""

import json
from typing import Any

import pytest
import requests

from running import RunningSimulators


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> str:
    """Return the path of a sandbox with a tier for each customer."""
    audience = {"customers": 5, "attributes": [{"name": "TIER", "type": "INT", "default": "1", "registered": False}]}
    fields = {"seed": 1, "audience": audience, "keys": {"bridge": {"attributes": ["TIER"], "channels": [505]}}}
    return f"/sandboxes/{simulators.call('POST', '/sandboxes', fields)['sandbox']}"


def put(simulators: RunningSimulators, sandbox: str, name: str, **fields: Any) -> tuple[int, Any]:
    url = f"{simulators.control}/control{sandbox}/attributes/{name}"
    response = requests.put(url, json=fields, timeout=60)
    return response.status_code, response.json()


def test_added_attribute_is_in_the_history_as_the_clients(simulators: RunningSimulators, sandbox: str) -> None:
    status, attribute = put(simulators, sandbox, "gamStop", type="varchar(5)", default="false")
    assert (status, attribute) == (
        200,
        {"name": "gamStop", "type": "VARCHAR(5)", "default": "false", "registered": True},
    )
    journal = requests.get(f"{simulators.control}/control{sandbox}/journal?start=0", timeout=60).text
    lines = [json.loads(line) for line in journal.splitlines()]
    assert [line["source"] for line in lines if line["kind"] == "attribute"] == ["client"]


def test_existing_attribute_can_be_registered(simulators: RunningSimulators, sandbox: str) -> None:
    assert put(simulators, sandbox, "TIER")[1]["registered"] is True
    assert put(simulators, sandbox, "TIER", registered=False)[1]["registered"] is False


@pytest.mark.parametrize(
    ("name", "fields", "status", "detail"),
    [
        ("tier", {}, 409, "attribute TIER exists with type INT"),
        ("TIER", {"type": "DATE"}, 409, "attribute TIER exists with type INT"),
        ("NEW", {}, 409, "type: expected a type such as VARCHAR(10)"),
        ("NEW", {"type": "INT", "default": "x"}, 409, "default: expected a value of type INT, got 'x'"),
    ],
)
def test_impossible_attribute_is_refused(
    simulators: RunningSimulators, sandbox: str, name: str, fields: Any, status: int, detail: str
) -> None:
    got, problem = put(simulators, sandbox, name, **fields)
    assert got == status
    assert problem["detail"].startswith(detail)


def test_sandbox_limits_the_key_of_the_bridge(simulators: RunningSimulators, sandbox: str) -> None:
    """A client only selects the attributes and channels that the vendor needs."""
    service = simulators.call("GET", sandbox)["services"]["optimove"]
    headers = {"x-api-key": service["credentials"]["api_key"]}
    info = requests.get(f"{service['url']}/apikey/ApiKeyInfo", headers=headers, timeout=60).json()
    assert (info["Channels"], info["CustomerAttributes"], info["AccessType"]) == ([505], ["TIER"], "Integrations")
