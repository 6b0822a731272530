"""The severity of changes of limits, retries and dialects."""

import pytest

from compared_contracts import CALLS, OPERATION, changed, changes, lines
from sendproof_simulators.comparison.comparing import Services, compare
from sendproof_simulators.comparison.contract_sets import ContractSet
from sendproof_simulators.comparison.dialect_changes import dialect_changes

RATE = {"name": "requests", "most": 50, "within": "10 seconds"}


def limits(*entries: dict) -> dict:
    return changed((*OPERATION, "x-limits"), list(entries))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (RATE, {**RATE, "most": 40}, "breaking: send: limit requests: at most 50 in 10 seconds -> at most 40 in"),
        (RATE, {**RATE, "within": "1 minute"}, "breaking: send: limit requests: at most 50 in 10 seconds -> at most"),
        (RATE, {**RATE, "within": "5 seconds"}, "harmless: send: limit requests: at most 50 in 10 seconds -> at most"),
        ({"name": "ahead", "least": 15}, {"name": "ahead", "least": 20}, "breaking: send: limit ahead: at least 15"),
        ({"name": "age", "most": 2, "unit": "hours"}, {"name": "age", "most": 60, "unit": "minutes"}, "breaking: send"),
    ],
)
def test_limit_that_a_bridge_can_exceed_now_breaks_it(old: dict, new: dict, line: str) -> None:
    (found,) = lines(changes(limits(new), limits(old)))
    assert found.startswith(line)


def test_equal_limit_in_another_unit_is_no_change() -> None:
    old, new = {"name": "age", "most": 2, "unit": "hours"}, {"name": "age", "most": 120, "unit": "minutes"}
    assert changes(limits(new), limits(old)) == []


def test_new_limit_breaks_a_bridge_and_a_removed_one_does_not() -> None:
    assert lines(changes(limits(RATE), limits())) == ["breaking: send: limit added: requests: at most 50 in 10 seconds"]
    assert [change.severity for change in changes(limits(), limits(RATE))] == ["harmless"]


def test_limit_of_a_renamed_operation_is_the_same_limit() -> None:
    renamed = changed((*OPERATION, "operationId"), "submit")
    assert changes(renamed) == []


def test_limit_of_an_added_or_removed_operation_is_no_change_of_its_own() -> None:
    without = {"paths": {}}
    assert lines(changes(CALLS, without)) == ["harmless: send: operation added: POST /send"]
    assert lines(changes(without)) == ["breaking: send: operation removed: POST /send"]


def test_limit_of_an_option_that_is_no_default_is_risky() -> None:
    option = {**RATE, "dialect": "rate", "option": "strict"}
    rate = {"name": "rate", "question": "?", "options": [{"value": value} for value in ("none", "strict")]}
    services = Services(frozenset(), {"api.yaml": "api"})

    def version(most: int, default: str) -> ContractSet:
        options = sorted(rate["options"], key=lambda option: option["value"] != default)
        dialects = {"api": [{**rate, "options": options}]}
        return ContractSet("set", {"api.yaml": limits({**option, "most": most})}, dialects)

    def severities(default: str) -> list[str]:
        found = compare(version(50, default), version(40, default), services)
        return [change.severity for change in found.changes]

    assert severities("none") == ["risky"]
    assert severities("strict") == ["breaking"]


def test_other_times_of_repeated_webhooks_are_risky() -> None:
    old, new = ({**CALLS, "x-webhook-retries": [{"after": after}]} for after in (["1 minute"], ["2 minutes"]))
    assert lines(changes(new, old)) == ['risky: repeated webhooks: ["1 minute"] -> ["2 minutes"]']


def test_other_default_of_a_dialect_breaks_a_bridge_and_another_option_may() -> None:
    def dialect(*values: str) -> dict:
        return {"api": [{"name": "ids", "question": "?", "options": [{"value": v, "meaning": v} for v in values]}]}

    assert [change.text for change in dialect_changes(dialect("a", "b"), dialect("b", "c"))] == [
        "dialects api.ids: default: a -> b",
        "dialects api.ids: option removed: a",
        "dialects api.ids: option added: c: c",
    ]
    assert [change.severity for change in dialect_changes(dialect("a"), dialect("a", "b"))] == ["risky"]
