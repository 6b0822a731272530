"""A large value is checked part by part, with the result of the whole check."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository import CONTRACTS
from sendproof_simulators.core.contracts import JSON
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.validation.compiled_schema import CompiledSchema
from sendproof_simulators.core.validation.violations import first_violations
from sendproof_simulators.services.discovery import read_contract, service_contracts

NAMES = st.sampled_from(("a", "b", "c", "d", "long name", "e" * 400, "e" * 401))
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.just(1.5) | st.text("ab", max_size=40)
VALUES = st.recursive(
    SCALARS, lambda values: st.lists(values, max_size=9) | st.dictionaries(NAMES, values, max_size=5), max_leaves=30
)
TYPES = st.sampled_from(("array", "object", "string", "integer", "number", "boolean", "null"))
BOUNDS = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        **{
            f"{bound}{what}": st.integers(0, 9)
            for bound in ("min", "max")
            for what in ("Items", "Properties", "Length")
        },
        "required": st.lists(NAMES, min_size=1, max_size=2, unique=True),
        "enum": st.lists(SCALARS | st.just([]), min_size=1, max_size=3, unique_by=repr),
        "pattern": st.sampled_from(("^a", "b$")),
        "minimum": st.integers(-2, 2),
    },
)


def _larger(schemas: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(schemas, min_size=1, max_size=3)
    parts: dict[str, st.SearchStrategy[Any]] = {
        "items": schemas,
        "properties": st.dictionaries(NAMES, schemas, max_size=3),
        "additionalProperties": st.booleans() | schemas,
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), several),
        "not": schemas,
        "uniqueItems": st.just(True),
        "patternProperties": st.dictionaries(st.sampled_from(("^a", "name$")), schemas, max_size=1),
    }
    return st.tuples(BOUNDS, st.fixed_dictionaries({}, optional=parts)).map(lambda pair: pair[0] | pair[1])


SCHEMAS = st.recursive(BOUNDS, _larger, max_leaves=12)


@given(
    schema=SCHEMAS, value=VALUES, part_bytes=st.sampled_from((0, 12, 60)), described_values=st.sampled_from((0, 3, 100))
)
def test_check_in_parts_agrees_with_the_check_of_the_whole(
    schema: Any, value: Any, part_bytes: int, described_values: int
) -> None:
    in_parts = CompiledSchema(schema, part_bytes, described_values)
    assert (in_parts.first_error(value) is None) == in_parts.whole.is_valid(value)


ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "more": {}, "who": {}}}
SCHEMA = {
    "type": "object",
    "properties": {"rows": {"type": "array", "items": ITEM}, "name": {"maxLength": 3}, "kind": {"enum": ["a"]}},
}
OBJECTS: list[Any] = [{"a": []}] * 163_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OBJECTS, ("body", "a value of type object", "an array of 163,000")),
        ({"rows": {"a": OBJECTS}}, ("body.rows", "a value of type array", "an object with a")),
        ({"rows": [{"id": 1}] * 50_000 + [{"id": "x"}]}, ("body.rows.50000.id", "a value of type integer", '"x"')),
        ({"rows": [{"id": OBJECTS}]}, ("body.rows.0.id", "a value of type integer", "an array of 163,000")),
        ({"rows": OBJECTS}, ("body.rows.0.id", "a member id", None)),
        ({"name": "x" * 200_000}, ("body.name", "at most 3 characters", f'"{"x" * 118}…')),
    ],
)
def test_violation_of_a_large_value_names_its_part(value: Any, expected: tuple[str, str, str | None]) -> None:
    (found,) = first_violations(CompiledSchema(SCHEMA), value, "body")
    assert (found.where, found.expected, found.value) == expected


def test_long_unknown_name_is_cut() -> None:
    schema = CompiledSchema({"type": "object", "additionalProperties": False, "properties": {"a": {}}})
    (found,) = first_violations(schema, {"a": 1, "k" * 1_000_000: OBJECTS}, "body")
    assert (found.pointer, found.value) == (f"/{'k' * 119}…", "an array of 163,000")


def most_memory() -> int:
    """Return the most resident memory of this process since it was last set back, in kB."""
    return int(Path("/proc/self/status").read_text("ascii").partition("VmHWM:")[2].split()[0])


def set_back_most_memory() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        most_memory()
    except (OSError, IndexError):
        pytest.skip("this system does not keep the most memory")


def test_description_of_many_values_needs_little_memory() -> None:
    """An error with several forms would contain one for each item and form, in hundreds of megabytes."""
    operation = service_contracts()["optimove-metrics"].operations["saveEvent"]
    body = b"[" + b"{}," * 20_000 + b"{}]"
    request = Request(method="POST", path=operation.path, query=(), headers={}, body=body)
    set_back_most_memory()
    before = most_memory()
    _, (found,) = operation.read_body(request)
    assert (found.where, found.rule) == ("body.0.event", "required")
    assert most_memory() - before < 20_000


def test_text_that_an_alternative_cannot_be_is_not_copied_into_an_error() -> None:
    """An error of two forms contains the text as often as the forms have errors."""
    schema = CompiledSchema({"anyOf": [{"type": "string", "maxLength": 255}, {"enum": [None]}]})
    set_back_most_memory()
    before = most_memory()
    (found,) = first_violations(schema, "x" * 8_000_000, "body")
    assert (found.where, found.rule) == ("body", "maxLength")
    assert most_memory() - before < 40_000


def test_required_name_of_any_length_is_found() -> None:
    in_parts = CompiledSchema({"required": ["e" * 400]}, part_bytes=0)
    assert in_parts.first_error({"e" * 400: 1}) is None


@pytest.mark.parametrize(
    "value",
    [OBJECTS, {"rows": [{"id": 1, "who": {"a": 1}}] * 50_000}, {"kind": "\U0001f600" + "x" * 5_000_000}],
    ids=["wrong", "right", "text"],
)
def test_check_of_a_large_value_needs_little_memory(value: Any) -> None:
    """The copy of the validator would need a hundred megabytes."""
    schema = CompiledSchema(SCHEMA)
    set_back_most_memory()
    before = most_memory()
    first_violations(schema, value, "body")
    assert most_memory() - before < 40_000


def test_own_schema_is_compiled_with_its_first_value():
    operation = read_contract(CONTRACTS / "optimove.yaml").operations["AddChannelTemplates"]
    request = Request(method="POST", path=operation.path, headers={"content-type": JSON}, body=b"[]")
    before = "whole" in vars(operation.body.schema)
    operation.read_body(request)

    assert (before, "whole" in vars(operation.body.schema)) == (False, True)
