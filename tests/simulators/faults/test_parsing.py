"""Parsing of faults: each mistake is named, with the expected values and the nearest name."""

import pytest

from sendproof_simulators.core.faults.parsing import Targets, parse_faults

TARGETS = Targets(calls={"toy": ("addNote", "listNotes")}, webhooks={"toy": ("receipt",), "other": ()})


def test_missing_keys_get_their_defaults():
    (spec,) = parse_faults([{"fault": "status", "call": "toy.addNote"}], TARGETS)
    assert spec.view() == {
        "fault": "status", "call": "toy.addNote", "where": {}, "nth": 1, "times": 1, "when": "before",
        "status": 503, "body": "", "content_type": "text/plain", "retry_after": None,
    }  # fmt: skip


def test_where_values_are_text_with_lower_case_names():
    where = {"Loud": True, "top": 5, "Text": "five", "none": None}
    (spec,) = parse_faults(
        [{"fault": "connection_reset", "call": "toy.addNote", "where": where, "times": "all"}], TARGETS
    )
    assert spec.position.where == {"loud": "true", "top": "5", "text": "five", "none": "null"}
    assert spec.view()["times"] == "all"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fault": "statu"}, "fault: expected one of connection_reset, .*, got 'statu'; did you mean 'status'?"),
        ({"fault": None}, "fault: expected one of connection_reset, .*, got None"),
        (
            {"call": "toy.addNot"},
            "status: call: the name: expected one of addNote, listNotes, got 'addNot'; did you mean",
        ),
        ({"call": "tox.addNote"}, "status: call: the service: expected one of toy, got 'tox'; did you mean 'toy'?"),
        ({"call": "addNote"}, r"status: call: expected a service and a name such as toy.addNote, got 'addNote'"),
        (
            {"fault": "drop_webhook", "call": None, "webhook": "other.receipt"},
            "drop_webhook: webhook: the name: expected one of none, got 'receipt'",
        ),
        ({"call": 5}, "status: call: expected a service and a name such as toy.addNote, got 5"),
        ({"call": None}, "status: expected `call: SERVICE.NAME` as the target, got neither"),
        ({"fault": "drop_webhook"}, "drop_webhook: expected `webhook: SERVICE.NAME` as the target, got call"),
        (
            {"fault": "kill", "webhook": "toy.receipt"},
            "kill: expected `call: .*` or `webhook: .*` as the target, got call and webhook",
        ),
        ({"statut": 500}, "status: a key: expected one of .*, got 'statut'; did you mean 'status'?"),
        ({"status": "many"}, "status: status: expected a whole number, got 'many'"),
        ({"status": 99}, "status: status: expected a whole number >= 200, got 99"),
        ({"status": 204, "body": "x"}, "status: expected no body with status 204, which has none, got 'x'"),
        ({"when": "later"}, "status: when: expected one of before, after, got 'later'"),
        ({"fault": "slow_response", "when": "before"}, "slow_response: when: expected one of after, got 'before'"),
        ({"nth": 0}, "status: nth: expected a whole number from 1, got 0"),
        ({"nth": True}, "status: nth: expected a whole number from 1, got True"),
        ({"times": "both"}, "status: times: expected a whole number from 1 or 'all', got 'both'"),
        ({"where": [1]}, r"status: where: expected names with the values they must have, got \[1\]"),
        ({"where": {"a": [1]}}, "status: where: expected names with the values they must have, got "),
    ],
)
def test_invalid_entry_is_named_with_its_number(changes, message):
    valid = {"fault": "status", "call": "toy.addNote"}
    invalid = {name: value for name, value in {**valid, **changes}.items() if value is not None}
    with pytest.raises(ValueError, match=f"^fault 2: {message}"):
        parse_faults([valid, invalid], TARGETS)
