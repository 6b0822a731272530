"""How the members of a JSON body are read."""

from typing import Any

import pytest

from sendproof_simulators.core.members import BodyRules, body_rules, members_of, without_absent_nulls

ITEM = {
    "type": "object",
    "properties": {
        "RealFieldName": {"type": "string"},
        "Value": {"type": "string", "nullable": True},
        "AppID": {"type": "string", "nullable": True, "x-null": "absent"},
    },
}
LIST = {
    "oneOf": [{"type": "array", "items": {"properties": {"Attributes": {"items": ITEM}, "Id": {}}}}, {"type": "string"}]
}
MEMBERS = members_of(LIST, lambda schema: schema)


def read(value: Any, *, any_case: bool = True, nulls: bool = True) -> Any:
    """Return a list as the rules read it."""
    return MEMBERS.read(value, BodyRules(in_any_case=any_case, nulls_accepted=nulls))


def test_members_at_every_depth_get_the_spelling_of_the_contract() -> None:
    sent = [{"ATTRIBUTES": [{"realfieldname": "AGE", "value": "5", "colour": 1}], "ID": 7}]
    assert read(sent) == [{"Attributes": [{"RealFieldName": "AGE", "Value": "5", "colour": 1}], "Id": 7}]


def test_last_of_two_spellings_counts() -> None:
    """Both JSON serialisers of .NET do so."""
    assert read([{"Id": 1, "id": 2}, {"id": 3, "Id": 4}]) == [{"Id": 2}, {"Id": 4}]


def test_other_spelling_is_unknown_where_names_are_exact() -> None:
    assert read([{"id": 2, "Id": 1}], any_case=False) == [{"id": 2, "Id": 1}]


def test_null_is_dropped_only_where_it_means_absent() -> None:
    """A null in Value clears an attribute."""
    assert read([{"Attributes": [{"Value": None, "appid": None}]}]) == [{"Attributes": [{"Value": None}]}]
    assert read([{"Attributes": [{"AppID": None}]}], nulls=False) == [{"Attributes": [{"AppID": None}]}]


@pytest.mark.parametrize("value", ["text", None, 5, [1, [2]], [None]])
def test_value_of_another_form_is_unchanged(value: object) -> None:
    """The validator reports it."""
    assert read(value) == value


def test_strict_contract_refuses_null_where_it_would_mean_absent() -> None:
    strict = without_absent_nulls([ITEM])[0]["properties"]
    assert ("nullable" in strict["AppID"], strict["Value"]["nullable"]) == (False, True)


def test_rules_follow_the_dialects_of_a_service() -> None:
    """A service without these dialects has exact names."""
    assert body_rules({}) == BodyRules(in_any_case=False, nulls_accepted=True)
    assert body_rules({"member_names": "any_case"}).in_any_case
    assert not body_rules({"null_members": "refused"}).nulls_accepted
