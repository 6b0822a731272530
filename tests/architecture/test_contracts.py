"""Each contract is valid, has evidence for each statement, and a handler for each operation.

The rule on evidence: each operation, parameter, request body, response and property has `x-evidence` and `x-source`, or
is part of an object that has them. A shared component without own evidence inherits it from the objects that refer to
it, if all of them have evidence.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from repository import CONTRACTS
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.services.discovery import contract_file, discover, folder_of

SIMULATORS = discover()
FOLDERS = {CONTRACTS, *(contract_file(simulator).parent for simulator in SIMULATORS.values())}
FILES = {path.name: path for folder in sorted(FOLDERS) for path in sorted(folder.glob("*.yaml"))}
LEVELS = {"documented", "observed", "assumed"}
METHODS = {"get", "post", "put", "patch", "delete"}

Place = tuple[str, ...]


@cache
def contract(name: str) -> dict[str, Any]:
    """Return one contract as plain data."""
    return yaml.load(FILES[name].read_bytes(), Loader=yaml.CSafeLoader)


def parts(node: Any, place: Place = (), has_evidence: bool = False) -> Iterator[tuple[Place, dict[str, Any], bool]]:
    """Yield (path, object, has evidence) of each object of a contract; evidence is inherited from parents."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from parts(item, (*place, str(number)), has_evidence)
    if isinstance(node, dict):
        has_evidence = has_evidence or "x-evidence" in node
        yield place, node, has_evidence
        for key, value in node.items():
            if key not in {"example", "examples", "default", "enum"}:
                yield from parts(value, (*place, str(key)), has_evidence)


def needs_evidence(place: Place) -> bool:
    """Return True if the object at this path is a statement about the service."""
    *_, above, last = ("", "", *place)
    return (
        (above.startswith("/") and last in METHODS)
        or above in {"parameters", "requestBodies", "responses", "properties"}
        or last == "requestBody"
    )


@pytest.mark.parametrize("name", FILES)
def test_schemas_of_contract_are_valid(name):
    """The simulators compile a schema of an own contract with its first value, so a start would not notice."""
    assert load_contract(FILES[name]).operations


@pytest.mark.parametrize("name", FILES)
def test_contract_is_valid(name):
    """OpenAPI 3.0.3 is the newest version that Connexion reads."""
    assert contract(name)["openapi"] == "3.0.3"
    assert list(OpenAPIV30SpecValidator(contract(name)).iter_errors()) == []


def component_of(place: Place) -> Place:
    """Return the path of the shared component that contains a path in `components`."""
    return place[:3]


def statements_without_evidence(document: dict[str, Any]) -> list[str]:
    """Return the paths of the statements without own or inherited evidence."""
    objects = list(parts(document, has_evidence="x-evidence" in document["info"]))
    referring: dict[Place, list[tuple[Place, bool]]] = {}
    for place, node, has_evidence in objects:
        if "$ref" in node:
            target = tuple(node["$ref"].removeprefix("#/").split("/"))
            referring.setdefault(target, []).append((place, has_evidence))

    def inherits(place: Place) -> bool:
        users = referring.get(component_of(place), []) if place[0] == "components" else []
        return bool(users) and all(has_evidence or inherits(user) for user, has_evidence in users)

    return [
        "/".join(place)
        for place, node, has_evidence in objects
        if needs_evidence(place) and "$ref" not in node and not has_evidence and not inherits(place)
    ]


@pytest.mark.parametrize("name", FILES)
def test_each_statement_has_evidence(name):
    assert statements_without_evidence(contract(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_evidence_has_a_level_and_a_source(name):
    claims = [(place, node) for place, node, _ in parts(contract(name)) if "x-evidence" in node or "x-source" in node]
    assert claims
    assert [place for place, node in claims if node.get("x-evidence") not in LEVELS or not node.get("x-source")] == []


@pytest.mark.parametrize("name", SIMULATORS)
def test_each_operation_has_a_handler(name):
    simulator = SIMULATORS[name]
    operations = load_contract(contract_file(simulator)).operations.values()
    assert [o.id for o in operations if not callable(getattr(simulator.handlers, o.handler, None))] == []


@pytest.mark.parametrize("name", SIMULATORS)
def test_simulator_has_a_readme(name):
    assert (folder_of(SIMULATORS[name]) / "README.md").read_text().startswith("# ")


def test_simulators_have_different_contracts():
    assert len({simulator.contract for simulator in SIMULATORS.values()}) == len(SIMULATORS)
    assert {simulator.contract for simulator in SIMULATORS.values()} <= set(FILES)


def test_operation_of_the_control_api_has_one_tag_that_the_contract_describes():
    """Generated clients group operations by tag."""
    control = contract("control.yaml")
    tags = [tag["name"] for tag in control["tags"]]
    methods = [(method, found) for path in control["paths"].values() for method, found in path.items()]
    assert {tuple(found["tags"]) for method, found in methods if method in METHODS} == {(tag,) for tag in tags}


def test_object_of_the_control_api_has_its_members_in_one_place():
    """Many generators of clients ignore the properties of a schema that also has alternatives."""
    alternatives = [
        place
        for place, part, _ in parts(contract("control.yaml"))
        if "properties" in part and not {"oneOf", "anyOf"}.isdisjoint(part) and "not" not in place
    ]
    assert alternatives == []
