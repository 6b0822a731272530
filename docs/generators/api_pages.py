"""`api/*.md`: one page for each simulated service, with every operation in full, from its contract."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import defaults
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.reference.documentation import documentation
from sendproof_simulators.services.discovery import discover, service_contracts
from tables import table

FOLDER = Path(__file__).parents[1] / "api"
_HEAD = """# API of {title}

Audience: engineers whose bridge calls {title}. This page lists every operation that Sendproof simulates, with its
parameters, body, responses, limits and evidence. It comes from the [contract](../../openapi/{contract}), which is the
authority. On a running sandbox, [the API documentation](../api-documentation.md) also lets you try each call.

{more}
"""
_MORE = """*Evidence*: `documented` by the service, `observed` in clients of the live service, or `assumed`.
[The calls you need](../README.md#the-calls-you-need) are fewer: begin there. Open questions are in
[Dialects](../reference/dialects.md#{anchor})."""
# A longer list of values hides the others in a table.
_MOST_VALUES = 12


def page(name: str) -> str:
    """Return the page of a service."""
    simulator, contract = discover()[name], service_contracts()[name]
    described = documentation(name, contract, simulator, defaults(simulator.dialects))
    return "\n".join([*_head(simulator, described), *_operations(contract, described)])


def _head(simulator: Simulator, described: Mapping[str, Any]) -> Iterator[str]:
    more = _MORE.format(anchor=simulator.name)
    yield _HEAD.format(title=described["title"], contract=simulator.contract, more=more)
    places = [
        f"`{place['name']}` in the {place['place']} ({place['credential']})" for place in described["credentials"]
    ]
    if places:
        yield f"Credentials: {', '.join(places)}.\n"
    if described["limits"]:
        rows = ((limit["text"], limit["evidence"], limit["source"]) for limit in described["limits"])
        yield "## Limits of all operations\n\n" + table(("limit", "evidence", "source"), rows)
    rows = (
        (f"[{item['id']}](#{item['id'].lower()})", f"`{item['method']} {item['path']}`", item["summary"])
        for item in described["operations"]
    )
    yield "## Operations\n\n" + table(("operation", "call", "does"), rows)


def _operations(contract: Contract, described: Mapping[str, Any]) -> Iterator[str]:
    document = contract.document
    for item in described["operations"]:
        operation = document["paths"][item["path"]][item["method"].lower()]
        yield f"### {item['id']}\n\n{item['summary']}: `{item['method']} {item['path']}`\n"
        if description := operation.get("description", "").strip():
            yield f"{description}\n"
        yield from _parameters(document, document["paths"][item["path"]], operation)
        yield from _body(document, operation)
        yield from _responses(document, operation)
        yield from _facts("limit", item["limits"])
        yield from _facts("evidence of", item["evidence"])
        yield from _example(item)


def _parameters(document: Mapping[str, Any], path: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    found = [_resolved(document, item) for item in (*path.get("parameters", ()), *operation.get("parameters", ()))]
    if found:
        rows = (
            (
                f"`{item['name']}`",
                item["in"],
                _yes(item.get("required")),
                _type(document, item.get("schema", {})),
                _text(item),
            )
            for item in found
        )
        yield table(("parameter", "in", "required", "type", "meaning"), rows)


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    body = _resolved(document, operation.get("requestBody", {}))
    for media, content in body.get("content", {}).items():
        schema = _resolved(document, content.get("schema", {}))
        kind, members = _type(document, schema), _members(document, schema)
        yield f"Body: `{media}`, {kind}{_required(body)}.\n"
        if members:
            yield table(("member", "required", "type", "meaning"), members)


def _members(
    document: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = ""
) -> list[tuple[str, str, str, str]]:
    """Return a row for each member of an object, or of the objects in an array."""
    if schema.get("type") == "array":
        return _members(document, _resolved(document, schema.get("items", {})), f"{prefix}[].")
    required = schema.get("required", ())
    rows = []
    for name, member in schema.get("properties", {}).items():
        found = _resolved(document, member)
        rows.append((f"`{prefix}{name}`", _yes(name in required), _type(document, found), _text(found)))
        if not prefix.count("[]"):
            rows += _members(
                document, found, f"{prefix}{name}." if found.get("type") == "object" else f"{prefix}{name}"
            )
    return rows


def _responses(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    found = {status: _resolved(document, item) for status, item in operation.get("responses", {}).items()}
    rows = (
        (status, ", ".join(f"`{media}`" for media in item.get("content", {})), _text(item))
        for status, item in found.items()
    )
    yield table(("status", "content", "meaning"), rows)
    for status, item in found.items():
        if status.startswith("2"):
            yield from _response_members(document, status, item)


def _response_members(document: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> Iterator[str]:
    """Yield the members of a successful response in JSON. Of several schemas, the first is that of a success."""
    schema = _resolved(document, response.get("content", {}).get("application/json", {}).get("schema", {}))
    for several in ("oneOf", "anyOf"):
        schema = _resolved(document, schema.get(several, [schema])[0])
    if members := _members(document, schema):
        yield f"Response {status}: `application/json`, {_type(document, schema)}.\n"
        rows = ((name, "yes" if always else "", kind, meaning) for name, always, kind, meaning in members)
        yield table(("member", "always", "type", "meaning"), rows)


def _facts(title: str, facts: list[Mapping[str, Any]]) -> Iterator[str]:
    if facts:
        yield table((title, "evidence", "source"), ((fact["text"], fact["evidence"], fact["source"]) for fact in facts))


def _example(item: Mapping[str, Any]) -> Iterator[str]:
    bodies = [example for example in item["examples"] if example["body"] or example["fields"]]
    if bodies:
        body = bodies[0]["body"] or "&".join(f"{name}={value}" for name, value in bodies[0]["fields"].items())
        yield f"Example of a body:\n\n```text\n{body}\n```\n"


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference names, with the members next to it."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = {**found, **{name: value for name, value in node.items() if name != "$ref"}}
    return node


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return the type of a value in words, with its choices."""
    schema = _resolved(document, schema)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(document, part) for part in schema[several]))
    if "enum" in schema:
        values = [f"`{_spelled(value)}`" for value in schema["enum"][:_MOST_VALUES]]
        return ", ".join([*values, "..."] if len(schema["enum"]) > _MOST_VALUES else values)
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        return f"array of {_type(document, schema.get('items', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _spelled(value: object) -> str:
    """Return a value as JSON spells it, but texts without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def _text(node: Mapping[str, Any]) -> str:
    return " ".join(str(node.get("description", "")).split())


def _yes(value: object) -> str:
    return "yes" if value else ""


def _required(body: Mapping[str, Any]) -> str:
    return ", required" if body.get("required") else ""


#: By path: the function that returns the page.
PAGES: dict[Path, Callable[[], str]] = {FOLDER / f"{name}.md": partial(page, name) for name in discover()}
