from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from optimove_alone import CONTRACT, Optimove, plan
from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.app import CONTRACTS

LISTENER = load_contract(CONTRACTS / "listener.yaml")
LIMITS = {"enum", "maximum", "maxItems", "maxLength", "minimum", "minLength", "pattern", "default"}
SINGLE = {("get",), ("post",), ("requestBody",), ("items",)}
COLLECTIONS = {
    (name,) for name in ("parameters", "responses", "properties", "paths", "headers", "securitySchemes", "schemas")
}


def parts(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every mapping of a contract with its place."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in {"example", "examples"}:
                yield from parts(value, (*path, str(key)))
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from parts(value, (*path, str(index)))


def is_statement(path: tuple[str, ...], node: dict[str, Any]) -> bool:
    """Whether a part says something of the real API: an operation, parameter, response, body, schema or its member."""
    return "$ref" not in node and (path[-1:] in SINGLE or path[-2:-1] in COLLECTIONS)


def is_founded(node: dict[str, Any]) -> bool:
    """Whether it is told how well, and by what."""
    return node.get("x-evidence") in {"documented", "observed", "assumed"} and bool(node.get("x-source"))


@pytest.mark.parametrize("contract", [CONTRACT, LISTENER], ids=lambda contract: contract.name)
def test_every_statement_is_founded(contract: Contract) -> None:
    """Evidence and source stand on each."""
    statements = [(path, node) for path, node in parts(contract.document) if is_statement(path, node)]
    assert len(statements) > 10
    assert [path for path, node in statements if not is_founded(node)] == []


@pytest.mark.parametrize("contract", [CONTRACT, LISTENER], ids=lambda contract: contract.name)
def test_every_limit_is_founded(contract: Contract) -> None:
    """A limit has evidence of its own; a single allowed value is the statement itself."""
    for path, node in parts(contract.document):
        if isinstance(node.get("type"), str) and len(node.get("enum", ())) != 1:
            told = node.get("x-limits", {})
            assert LIMITS & set(node) == set(told), path
            assert all(is_founded(limit) for limit in told.values()), path


@pytest.mark.parametrize("operation", sorted(CONTRACT.operations))
def test_the_examples_of_each_operation_keep_the_contract(operation: str) -> None:
    """What a reader copies must work."""
    compiled = CONTRACT.operations[operation]
    spec = CONTRACT.document["paths"][compiled.path][compiled.method.lower()]
    parameters = [CONTRACT._resolve(parameter) for parameter in spec.get("parameters", ())]
    query = tuple((p["name"], str(p["example"])) for p in parameters if p["in"] == "query")
    path = {p["name"]: str(p["example"]) for p in parameters if p["in"] == "path"}
    body = spec.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    request = Request(method=compiled.method, path=compiled.path, query=query, body=msgspec.json.encode(body))
    assert compiled.read_parameters(request, path)[1] == []
    assert compiled.body is None or compiled.read_body(request)[1] == []


@pytest.mark.parametrize("event", [1, 13])
def test_notifications_keep_the_listeners_contract(optimove: Optimove, event: int) -> None:
    """What is sent is what listener.yaml promises."""
    media = LISTENER.document["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]
    validator = LISTENER.validator(media["schema"])
    optimove.call("RegisterEventListener", {"EventTypeID": event, "ListenerURL": "http://localhost/", "ChannelID": 505})
    (webhook,) = optimove.announce(plan())
    sent = msgspec.json.decode(webhook.body)
    assert sent == media["examples"][str(event)]["value"]
    validator.validate(sent)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate({**sent, "Remark": "not known"})


def test_a_long_refused_body_is_not_repeated() -> None:
    """The message still tells how many are too many."""
    operation = CONTRACT.operations["DeleteChannelTemplates"]
    body = msgspec.json.encode([{"ChannelID": 505, "TemplateID": 1}] * 10_000)
    (violation,) = operation.read_body(Request(method="POST", path=operation.path, body=body))[1]
    assert violation.message == "an array of 10,000, expected at most 100 items"
