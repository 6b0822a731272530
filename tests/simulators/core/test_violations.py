"""The violations of a request: the smallest invalid part, its position, and a description of a valid value."""

import jsonschema_rs
import pytest

from sendproof_simulators.core.validation.violations import HIDDEN, violations

SCHEMA = {
    "type": "array",
    "maxItems": 3,
    "items": {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {
            "id": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+$"}]},
            "a/b": {"enum": ["x", "y"]},
            "apikey": {"type": "string", "pattern": "^[a-f]+$"},
            "who": {"oneOf": [{"type": "object", "required": ["all"]}, {"type": "object", "required": ["some"]}]},
            "to": {"oneOf": [{"type": "array"}, {"type": "object", "required": ["name"]}]},
        },
    },
}


def violations_of(value: object) -> list[tuple[str, str, str | None]]:
    """Return (pointer, expected, value) of each violation in a body."""
    found = violations(jsonschema_rs.Draft4Validator(SCHEMA), value, "body")
    return [(violation.pointer, violation.expected, violation.value) for violation in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"id": -1}], ("/0/id", "at least 0", "-1")),
        ([{"id": "x"}], ("/0/id", "text of the form ^[0-9]+$", '"x"')),
        ([{"id": None}], ("/0/id", "a value of type integer or a value of type string", "null")),
        ([{"id": 13.0}], ("/0/id", "a value of type integer", "13.0")),
        ([{"id": 1}, {}], ("/1/id", "a member id", None)),
        ([{"id": 1, "a/b": "z"}], ("/0/a~1b", "one of x, y", '"z"')),
        ([{"id": 1, "to": {}}], ("/0/to/name", "a member name", None)),
        ([{"id": 1, "who": {"all": 1, "some": 1}}], ("/0/who", "one form, and no other", "an object with all, some")),
        ([{"id": 1, "who": {}}], ("/0/who/all", "a member all", None)),
        ([{"id": 1}] * 4, ("", "at most 3 items", "an array of 4")),
        ({"id": 1, "to": 2}, ("", "a value of type array", "an object with id, to")),
        (["x" * 200], ("/0", "a value of type object", f'"{"x" * 118}…')),
    ],
)
def test_violation_names_the_smallest_invalid_part(value: object, expected: tuple[str, str, str | None]) -> None:
    """With several possible forms, that of the most likely one; only the beginning of long values."""
    assert violations_of(value) == [expected]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (13.0, "expected an integer, got 13.0"),
        (1e2, "expected an integer, got 100.0"),
        (None, "expected a value of type integer or a value of type string, got null"),
        (-1, "-1 is less than the minimum of 0"),
    ],
)
def test_message_of_a_value_with_several_forms_says_what_is_expected(value: object, message: str) -> None:
    (violation,) = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": value}], "body")
    assert violation.message == message


def test_credential_is_not_quoted() -> None:
    more = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": 1, "password": "s3cret"}], "body")
    assert "s3cret" not in f"{more}"
    (violation,) = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": 1, "apikey": "s3cret"}], "body")
    assert (violation.value, violation.message) == (HIDDEN, "expected text of the form ^[a-f]+$")


def test_unknown_member_is_a_violation() -> None:
    assert violations_of([{"id": 1, "more": 2}]) == [("/0/more", "no member that is not documented", "2")]


@pytest.mark.parametrize("value", [[[]] * 30_000, [{"id": -1}] * 30_000], ids=["arrays", "objects"])
def test_large_value_has_its_first_violation_only(value: list[object]) -> None:
    """The validator would collect all of them in memory."""
    schema = {name: rule for name, rule in SCHEMA.items() if name != "maxItems"}
    (found,) = violations(jsonschema_rs.Draft4Validator(schema), value, "body")

    assert found.pointer.startswith("/0")


def test_long_name_is_cut() -> None:
    """The violation is in the journal and in the response."""
    (found,) = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": 1, "k" * 1_000_000: 2}], "body")
    assert (found.where, found.pointer) == ("body.0", f"/0/{'k' * 119}…")
    assert len(found.message) <= 400
