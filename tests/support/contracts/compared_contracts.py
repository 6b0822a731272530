"""Two versions of one small contract, and the changes between them, as short lines."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sendproof_simulators.comparison.changes import Change
from sendproof_simulators.comparison.comparing import Services, compare
from sendproof_simulators.comparison.contract_sets import ContractSet

#: A contract of calls that the bridge makes: `send`, with a body, and a reply.
CALLS: Mapping[str, Any] = {
    "paths": {
        "/send": {
            "post": {
                "operationId": "send",
                "x-limits": [{"name": "numbers", "most": 100}],
                "parameters": [{"name": "test", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["text"],
                                "properties": {
                                    "text": {"type": "string", "maxLength": 160},
                                    "kind": {"type": "string", "enum": ["sms", "push"]},
                                },
                            }
                        }
                    },
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["id"],
                                    "properties": {
                                        "id": {"type": "integer"},
                                        "state": {"type": "string", "enum": ["queued", "sent"]},
                                    },
                                }
                            }
                        }
                    },
                    "429": {"description": "Too many."},
                },
            }
        }
    }
}
_OPERATION = ("paths", "/send", "post")
_SCHEMA = ("content", "application/json", "schema")
BODY = (*_OPERATION, "requestBody", *_SCHEMA)
REPLY = (*_OPERATION, "responses", "200", *_SCHEMA)
OPERATION = _OPERATION
GONE = object()


def changed(path: tuple[str | int, ...], value: object, document: Mapping[str, Any] = CALLS) -> Mapping[str, Any]:
    """Return a copy of a document with another value at a place, or without the place."""
    copy = deepcopy(document)
    node: Any = copy
    for step in path[:-1]:
        node = node[step]
    if value is GONE:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return copy


def changes(
    new: Mapping[str, Any], old: Mapping[str, Any] = CALLS, *, is_called_by_bridge: bool = True
) -> list[Change]:
    """Return the changes from the old to the new contract."""
    services = Services(frozenset() if is_called_by_bridge else frozenset({"api.yaml"}), {})
    sets = [ContractSet(name, {"api.yaml": document}) for name, document in (("old", old), ("new", new))]
    return list(compare(*sets, services).changes)


def lines(found: list[Change]) -> list[str]:
    """Return the severity and the text of each change, without the name of the contract."""
    return [f"{change.severity}: {change.text.removeprefix('api.yaml').lstrip(' :')}" for change in found]
