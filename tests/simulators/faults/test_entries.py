"""Reading what is to be struck: every mistake is named, with what was expected and what is nearest."""

import pytest

from sendproof_simulators.core.faults.parsing import Targets, parse_faults

PLACES = Targets(calls={"toy": ("addNote", "listNotes")}, webhooks={"toy": ("receipt",), "other": ()})


def test_what_is_left_out_gets_its_default():
    """And is shown with it."""
    (entry,) = parse_faults([{"fault": "status", "call": "toy.addNote"}], PLACES)
    assert entry.view() == {
        "fault": "status", "call": "toy.addNote", "where": {}, "nth": 1, "times": 1, "when": "before",
        "status": 503, "body": "", "content_type": "text/plain", "retry_after": None,
    }  # fmt: skip


def test_values_are_compared_as_text():
    """However they are written; names in any case."""
    where = {"Loud": True, "top": 5, "Text": "five", "none": None}
    (entry,) = parse_faults(
        [{"fault": "connection_reset", "call": "toy.addNote", "where": where, "times": "all"}], PLACES
    )
    assert entry.position.where == {"loud": "true", "top": "5", "text": "five", "none": "null"}
    assert entry.view()["times"] == "all"


@pytest.mark.parametrize(
    ("given", "message"),
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
        ({"status": "many"}, "status: status: expected `int`, got `str`, got 'many'"),
        ({"status": 99}, "status: status: expected `int` >= 200, got 99"),
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
def test_a_mistake_is_told(given, message):
    """With the number of the entry."""
    good = {"fault": "status", "call": "toy.addNote"}
    wrong = {name: value for name, value in {**good, **given}.items() if value is not None}
    with pytest.raises(ValueError, match=f"^fault 2: {message}"):
        parse_faults([good, wrong], PLACES)
