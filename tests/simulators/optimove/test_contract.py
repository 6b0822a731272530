from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from optimove_alone import CONTRACT, Optimove, plan
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.services.discovery import CONTRACTS

LISTENER = load_contract(CONTRACTS / "listener.yaml")
LIMITS = {"enum", "maximum", "maxItems", "maxLength", "minimum", "minLength", "pattern", "default"}
SINGLE = {("get",), ("post",), ("requestBody",), ("items",)}
COLLECTIONS = {
    (name,) for name in ("parameters", "responses", "properties", "paths", "headers", "securitySchemes", "schemas")
}


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield every mapping in a contract with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from nodes(value, (*path, str(key)))
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, (*path, str(index)))


def is_statement(path: tuple[str, ...], node: dict[str, Any]) -> bool:
    """Return True if a mapping describes the real API: an operation, parameter, response, body, schema or member."""
    return "$ref" not in node and (path[-1:] in SINGLE or path[-2:-1] in COLLECTIONS)


def has_evidence(node: dict[str, Any]) -> bool:
    """Return True if a mapping has its evidence and source."""
    return node.get("x-evidence") in {"documented", "observed", "assumed"} and bool(node.get("x-source"))


@pytest.mark.parametrize("contract", [CONTRACT, LISTENER], ids=lambda contract: contract.name)
def test_every_statement_has_evidence_and_source(contract: Contract) -> None:
    statements = [(path, node) for path, node in nodes(contract.document) if is_statement(path, node)]
    assert len(statements) > 10
    assert [path for path, node in statements if not has_evidence(node)] == []


@pytest.mark.parametrize("contract", [CONTRACT, LISTENER], ids=lambda contract: contract.name)
def test_every_limit_has_evidence_and_source(contract: Contract) -> None:
    """A single allowed value is no limit, but the statement itself."""
    for path, node in nodes(contract.document):
        if isinstance(node.get("type"), str) and len(node.get("enum", ())) != 1:
            limits = node.get("x-limits", {})
            assert LIMITS & set(node) == set(limits), path
            assert all(has_evidence(limit) for limit in limits.values()), path


@pytest.mark.parametrize("operation", sorted(CONTRACT.operations))
def test_examples_of_operation_keep_the_contract(operation: str) -> None:
    """Readers copy the examples."""
    compiled = CONTRACT.operations[operation]
    spec = CONTRACT.document["paths"][compiled.path][compiled.method.lower()]
    parameters = [CONTRACT.resolve(parameter) for parameter in spec.get("parameters", ())]
    examples = [(item["in"], item["name"], str(item["example"])) for item in parameters]
    query = tuple((name, example) for place, name, example in examples if place == "query")
    path = {name: example for place, name, example in examples if place == "path"}
    body = spec.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    request = Request(method=compiled.method, path=compiled.path, query=query, body=msgspec.json.encode(body))
    assert compiled.read_parameters(request, path)[1] == []
    assert compiled.body is None or compiled.read_body(request)[1] == []


@pytest.mark.parametrize("event", [1, 13])
def test_events_keep_the_listener_contract(optimove: Optimove, event: int) -> None:
    """The example in listener.yaml has to be what the simulator sends."""
    media = LISTENER.document["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
    validator = LISTENER.validator(media["schema"])
    optimove.call("RegisterEventListener", {"EventTypeID": event, "ListenerURL": "http://localhost/", "ChannelID": 505})
    (webhook,) = optimove.announce(plan())
    body = msgspec.json.decode(webhook.body)
    assert body == media["examples"][str(event)]["value"]
    validator.validate(body)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate({**body, "Remark": "not known"})


def test_violation_of_long_body_names_its_length_only() -> None:
    """Ten thousand items in a message would not help."""
    operation = CONTRACT.operations["DeleteChannelTemplates"]
    body = msgspec.json.encode([{"ChannelID": 505, "TemplateID": 1}] * 10_000)
    (violation,) = operation.read_body(Request(method="POST", path=operation.path, body=body))[1]
    assert violation.message == "an array of 10,000, expected at most 100 items"
