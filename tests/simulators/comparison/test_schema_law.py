"""No change of a schema is harmless if a value shows that it is not."""

import hypothesis.strategies as st
from hypothesis import given, settings

from fuzzing import tries
from sendproof_simulators.comparison.changes import RECEIVED, SENT, most_severe
from sendproof_simulators.comparison.flat_schemas import Document, Position
from sendproof_simulators.comparison.schema_changes import SchemaComparison
from sendproof_simulators.core.contracts import Contract

_SCALARS = (None, True, 0, 1, 2, 1.5, "", "a", "b", "ab")
VALUES = (*_SCALARS, [], [1], ["a", 2], [1, 1], {}, *({"m": value} for value in _SCALARS), {"m": 1, "n": "a"})


def _some(**keywords: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional=keywords)


_SMALL = st.integers(0, 2)
_SCALAR = st.one_of(
    _some(type=st.just("string"), minLength=_SMALL, maxLength=_SMALL, pattern=st.sampled_from(["^a", "b$"])),
    _some(type=st.sampled_from(["integer", "number"]), minimum=_SMALL, maximum=_SMALL, nullable=st.booleans()),
    _some(enum=st.lists(st.sampled_from(["a", "b", 1]), min_size=1, unique_by=repr)),
    st.just({"type": "boolean"}),
)
_MEMBERS = st.dictionaries(st.sampled_from(["m", "n"]), _SCALAR)
_OBJECT = _some(
    type=st.just("object"),
    properties=_MEMBERS,
    required=st.lists(st.sampled_from(["m", "n"]), min_size=1, unique=True),
    additionalProperties=st.booleans() | _SCALAR,
)
_ARRAY = _some(type=st.just("array"), items=_SCALAR, minItems=_SMALL, maxItems=_SMALL, uniqueItems=st.booleans())
_SINGLE = _SCALAR | _OBJECT | _ARRAY
_FORMS = st.lists(_SINGLE, min_size=1, max_size=3)
SCHEMAS = _SINGLE | _FORMS.map(lambda forms: {"anyOf": forms}) | _FORMS.map(lambda forms: {"allOf": forms})


def _severity(old: dict, new: dict, direction: str) -> str:
    comparison = SchemaComparison("api.yaml", Document({}), Document({}), direction)
    return most_severe(comparison.changes(old, new, Position("body")))


def _allowed(schema: dict) -> list[bool]:
    validator = Contract("api", {"paths": {}}).validator(schema)
    return [validator.is_valid(value) for value in VALUES]


@settings(max_examples=tries(80))
@given(SCHEMAS, SCHEMAS)
def test_value_that_is_refused_now_makes_a_change_of_a_request_more_than_harmless(old: dict, new: dict) -> None:
    allowed = zip(VALUES, _allowed(old), _allowed(new), strict=True)
    if any(was and not now and _is_described(old, value) for value, was, now in allowed):
        assert _severity(old, new, SENT) != "harmless"


@settings(max_examples=tries(80))
@given(SCHEMAS, SCHEMAS)
def test_value_that_can_come_now_makes_a_change_of_a_reply_more_than_harmless(old: dict, new: dict) -> None:
    allowed = zip(VALUES, _allowed(old), _allowed(new), strict=True)
    if any(now and not was and not _has_only_more_members(old, value) for value, was, now in allowed):
        assert _severity(old, new, RECEIVED) != "harmless"


def _is_described(schema: dict, value: object) -> bool:
    """Return True if the schema names each member of a value: a bridge sends no others."""
    parts = (schema, *schema.get("anyOf", ()), *schema.get("allOf", ()))
    names = {name for part in parts for name in part.get("properties", {})}
    return not isinstance(value, dict) or value.keys() <= names


def _has_only_more_members(schema: dict, value: object) -> bool:
    """Return True if a reader that ignores unknown members can read the value."""
    if not isinstance(value, dict):
        return False
    validator = Contract("api", {"paths": {}}).validator(schema)
    without = [{name: item for name, item in value.items() if name != gone} for gone in value]
    return any(validator.is_valid(rest) for rest in [*without, {}])
