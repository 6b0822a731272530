"""Requests that every service reads like the plain form: a slash at the end, white space, and null members."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.members import BodyRules, members_of
from sendproof_simulators.services.discovery import contract_file, discover

SERVICES = discover()
STRICT = BodyRules(nulls_accepted=False)
JSON = "application/json"


def contract(name: str) -> Contract:
    """Return the compiled contract of a service."""
    simulator = SERVICES[name]
    return load_contract(contract_file(simulator), case_insensitive=simulator.case_insensitive)


def body_schemas(known: Contract) -> Iterator[tuple[str, Any]]:
    """Yield each operation with a JSON body, and the schema of the body."""
    for operation in known.operations.values():
        if operation.body is not None and operation.body.content_type == JSON:
            spec = known.document["paths"][operation.path][operation.method.lower()]["requestBody"]
            yield operation.id, known.resolve(spec)["content"][JSON]["schema"]


def optional_members_without_null(known: Contract, schema: Any, place: str) -> Iterator[str]:
    """Yield the optional members, at every depth, that refuse a null."""
    node = known.resolve(schema)
    for part in (node, *(known.resolve(part) for kind in ("anyOf", "oneOf", "allOf") for part in node.get(kind, ()))):
        for name, member in part.get("properties", {}).items():
            allowed = known.validator(member).is_valid(None)
            if name not in node.get("required", ()) and not allowed and not part.get("required"):
                yield f"{place}.{name}"
            yield from optional_members_without_null(known, member, f"{place}.{name}")
        if "items" in part:
            yield from optional_members_without_null(known, part["items"], f"{place}[]")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_optional_member_of_a_body_may_be_null(name: str) -> None:
    """Write `nullable: true` and `x-null: absent` at a new one."""
    known = contract(name)
    refused = [
        place for id_, schema in body_schemas(known) for place in optional_members_without_null(known, schema, id_)
    ]
    assert refused == []


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_slash_at_the_end_of_a_path_is_ignored(name: str) -> None:
    known = contract(name)
    for method, path in known.fast_path_operations:
        for end in ("/", "//"):
            assert known.canonical(Request(method=method, path=path + end)).path == path


def test_paths_with_values_and_a_slash_are_found() -> None:
    request = Request(method="GET", path="/messages/00ff/")
    assert contract("delivyr").canonical(request).path == "/messages/00ff"


def test_control_api_ignores_a_slash_too(simulators: Any) -> None:
    response = requests.get(f"{simulators.control}/control/sandboxes/", allow_redirects=False, timeout=60)
    assert response.status_code == 200


@pytest.mark.parametrize("end", ["", " ", "\t", " \t "])
def test_white_space_after_a_header_is_no_part_of_it(simulators: Any, end: str) -> None:
    """RFC 9110, section 5.5."""
    delivyr = simulators.services["delivyr"]
    headers = {
        "x-api-key": delivyr["credentials"]["api_key"] + end,
        "x-account-id": delivyr["credentials"]["account_id"],
    }
    assert requests.get(delivyr["url"] + "/templates/", headers=headers, timeout=60).status_code == 200


def test_null_condition_of_a_list_is_no_condition(simulators: Any) -> None:
    service = simulators.services["xtremepush"]
    body = {**service["credentials"], "condition": None, "select": None, "limit": None}
    response = requests.post(service["url"] + "/api/external/list/campaign/", json=body, timeout=60)
    assert (response.status_code, response.json()["success"]) == (200, True)


def test_null_is_refused_where_the_sandbox_says_so() -> None:
    """The message names the member."""
    operation = contract("delivyr").operations["sendSms"]
    body = b'{"phone_number": "+15005550006", "template_id": "00000001", "url": null, "testing": null}'
    request = Request(method="POST", path=operation.path, body=body)
    assert operation.read_body(request) == ({"phone_number": "+15005550006", "template_id": "00000001"}, [])
    assert {violation.where for violation in operation.read_body(request, STRICT)[1]} == {"body.url", "body.testing"}


def test_members_of_a_recursive_form_are_those_of_its_parts() -> None:
    known = contract("optimove-metrics")
    ((_, schema),) = body_schemas(known)
    assert members_of(schema, known.resolve).nullable == {"customer", "visitor", "context"}
