"""Faults in the control API: add, list, remove, and the catalogue."""

import pytest


def test_faults_are_added_all_or_none(bench):
    entries = [
        {"fault": "connection_reset", "call": "textlocal.send"},
        {"fault": "connection_reset", "call": "textlocal.sent"},
    ]
    with pytest.raises(
        AssertionError, match=r"409 .*fault 2: connection_reset: call: the name: .*did you mean 'send'\?"
    ):
        bench.call("POST", "/faults", entries)
    assert bench.call("GET", "/faults") == []


def test_active_faults_are_listed_with_settings_and_counts(bench):
    bench.inject("no_response", when="after", seconds=2)
    bench.inject("status", call="optimove.GetLastDataUpdate")
    first, second = bench.call("GET", "/faults")
    assert first == {
        "id": "f1", "fault": "no_response", "call": "textlocal.send", "where": {}, "nth": 1, "times": 1,
        "when": "after", "seconds": 2.0, "injected": 0,
    }  # fmt: skip
    assert (second["id"], second["call"]) == ("f2", "optimove.GetLastDataUpdate")


def test_removed_fault_is_inactive_but_stays_in_the_history(bench):
    """Only if it was injected; ids are not used again."""
    bench.inject("status", times="all")
    bench.inject("connection_reset", nth=9)
    assert bench.send().status_code == 503
    bench.call("DELETE", "/faults")
    assert (bench.send().status_code, bench.call("GET", "/faults")) == (200, [])
    assert bench.inject("html_response") == "f3"
    assert [(fault["id"], fault["fault"]) for fault in bench.lines("history")[0]["faults"]] == [
        ("f1", "status"),
        ("f3", "html_response"),
    ]


def test_one_fault_is_removed_and_the_others_stay(bench):
    first, second = bench.inject("status", nth=9), bench.inject("connection_reset", nth=9)
    bench.call("DELETE", f"/faults/{first}")
    assert [fault["id"] for fault in bench.call("GET", "/faults")] == [second]
    with pytest.raises(AssertionError, match=rf"404 .*no fault with the id '{first}' is active; there are: {second}"):
        bench.call("DELETE", f"/faults/{first}")


def test_catalogue_has_the_settings_of_each_fault(bench):
    served = {kind["fault"]: kind for kind in bench.simulators.call("GET", "/faults")}
    assert served["drop_webhook"]["on"] == ["webhook"]
    assert served["drop_webhook"]["fields"]["attempts"] == {
        "type": "integer", "minimum": 1, "maximum": 100, "default": 1, "description": "number of lost attempts",
    }  # fmt: skip
