"""What of a request is told when it breaks its contract: the smallest part, where it is, and what belongs there."""

import jsonschema_rs
import pytest

from sendproof_simulators.core.violations import HIDDEN, violations

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


def told(value: object) -> list[tuple[str, str, str | None]]:
    """Pointer, what is wanted and what was given, of each mistake in a body."""
    found = violations(jsonschema_rs.Draft4Validator(SCHEMA), value, "body")
    return [(one.pointer, one.expected, one.value) for one in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"id": -1}], ("/0/id", "at least 0", "-1")),
        ([{"id": "x"}], ("/0/id", "text of the form ^[0-9]+$", '"x"')),
        ([{"id": None}], ("/0/id", "a value of type integer or a value of type string", "null")),
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
def test_the_smallest_wrong_part_is_told(value: object, expected: tuple[str, str, str | None]) -> None:
    """Where several forms are possible, by the one that was meant; of what is long, the beginning."""
    assert told(value) == [expected]


def test_a_credential_is_not_repeated() -> None:
    """Neither as a value nor in the message, whatever is wrong with it."""
    more = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": 1, "password": "s3cret"}], "body")
    assert "s3cret" not in f"{more}"
    (one,) = violations(jsonschema_rs.Draft4Validator(SCHEMA), [{"id": 1, "apikey": "s3cret"}], "body")
    assert (one.value, one.message) == (HIDDEN, "expected text of the form ^[a-f]+$")


def test_what_is_not_known_is_named() -> None:
    """One mistake for each member more."""
    assert told([{"id": 1, "more": 2}]) == [("/0/more", "no member that is not documented", "2")]
