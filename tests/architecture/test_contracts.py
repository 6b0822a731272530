"""Every contract is valid, says how well each part is founded, and has its code.

The rule on evidence: each operation, parameter, request body, response and property carries `x-evidence` and
`x-source`, or lies in something that does. A shared component without evidence of its own takes it from what refers
to it, if all of that is founded.
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

PROVIDERS = discover()
FOLDERS = {CONTRACTS, *(contract_file(provider).parent for provider in PROVIDERS.values())}
FILES = {path.name: path for folder in sorted(FOLDERS) for path in sorted(folder.glob("*.yaml"))}
LEVELS = {"documented", "observed", "assumed"}
METHODS = {"get", "post", "put", "patch", "delete"}

Place = tuple[str, ...]


@cache
def contract(name: str) -> dict[str, Any]:
    """One contract as plain data."""
    return yaml.load(FILES[name].read_bytes(), Loader=yaml.CSafeLoader)


def parts(node: Any, place: Place = (), founded: bool = False) -> Iterator[tuple[Place, dict[str, Any], bool]]:
    """Every object of a contract, where it stands, and whether it or one around it carries evidence."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from parts(item, (*place, str(number)), founded)
    if isinstance(node, dict):
        founded = founded or "x-evidence" in node
        yield place, node, founded
        for key, value in node.items():
            if key not in {"example", "examples", "default", "enum"}:
                yield from parts(value, (*place, str(key)), founded)


def needs_evidence(place: Place) -> bool:
    """Whether a statement about the service stands here."""
    *_, above, last = ("", "", *place)
    return (
        (above.startswith("/") and last in METHODS)
        or above in {"parameters", "requestBodies", "responses", "properties"}
        or last == "requestBody"
    )


@pytest.mark.parametrize("name", FILES)
def test_contract_is_valid(name):
    """The file is OpenAPI 3.0.3, the newest that Connexion reads."""
    assert contract(name)["openapi"] == "3.0.3"
    assert list(OpenAPIV30SpecValidator(contract(name)).iter_errors()) == []


def component_of(place: Place) -> Place:
    """The shared component that a place belongs to; of no use outside of `components`."""
    return place[:3]


def unfounded(document: dict[str, Any]) -> list[str]:
    """The statements of a contract without evidence, as far as they are not components that may inherit some."""
    everything = list(parts(document, founded="x-evidence" in document["info"]))
    referring: dict[Place, list[tuple[Place, bool]]] = {}
    for place, node, founded in everything:
        if "$ref" in node:
            target = tuple(node["$ref"].removeprefix("#/").split("/"))
            referring.setdefault(target, []).append((place, founded))

    def inherits(place: Place) -> bool:
        users = referring.get(component_of(place), []) if place[0] == "components" else []
        return bool(users) and all(founded or inherits(user) for user, founded in users)

    return [
        "/".join(place)
        for place, node, founded in everything
        if needs_evidence(place) and "$ref" not in node and not founded and not inherits(place)
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_part_is_founded(name):
    """Nothing is said about a service without saying how well it is known."""
    assert unfounded(contract(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_evidence_has_level_and_source(name):
    """Evidence is documented, observed or assumed, and its source is named."""
    claims = [(place, node) for place, node, _ in parts(contract(name)) if "x-evidence" in node or "x-source" in node]
    assert claims
    assert [place for place, node in claims if node.get("x-evidence") not in LEVELS or not node.get("x-source")] == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_operation_has_its_handler(name):
    """Each operation of a service's contract names a function in its handlers."""
    provider = PROVIDERS[name]
    operations = load_contract(contract_file(provider)).operations.values()
    assert [o.id for o in operations if not callable(getattr(provider.handlers, o.handler, None))] == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_tells_its_quirks(name):
    """A simulator's folder has a README."""
    assert (folder_of(PROVIDERS[name]) / "README.md").read_text().startswith("# ")


def test_providers_have_contracts_of_their_own():
    """No two services share a contract, and each contract exists."""
    assert len({provider.contract for provider in PROVIDERS.values()}) == len(PROVIDERS)
    assert {provider.contract for provider in PROVIDERS.values()} <= set(FILES)
