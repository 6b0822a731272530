"""Faults through the control API: added wholly or not at all, listed, taken away, and still in the history."""

import pytest


def test_all_are_added_or_none(bench):
    """A mistake in the second leaves the first out, too."""
    given = [
        {"fault": "connection_reset", "call": "textlocal.send"},
        {"fault": "connection_reset", "call": "textlocal.sent"},
    ]
    with pytest.raises(
        AssertionError, match=r"400 .*fault 2: connection_reset: call: the name: .*did you mean 'send'\?"
    ):
        bench.call("POST", "/faults", given)
    assert bench.call("GET", "/faults") == []


def test_those_in_force_are_listed(bench):
    """With their ids, everything that can be set of them, and how often they struck."""
    bench.strike("no_response", when="after", seconds=2)
    bench.strike("status", call="optimove.GetLastDataUpdate")
    first, second = bench.call("GET", "/faults")
    assert first == {
        "id": "f1", "fault": "no_response", "call": "textlocal.send", "where": {}, "nth": 1, "times": 1,
        "when": "after", "seconds": 2.0, "injected": 0,
    }  # fmt: skip
    assert (second["id"], second["call"]) == ("f2", "optimove.GetLastDataUpdate")


def test_what_is_taken_away_strikes_no_more(bench):
    """What has struck stays in the header of the history, what has not does not; ids are not used again."""
    bench.strike("status", times="all")
    bench.strike("connection_reset", nth=9)
    assert bench.send().status_code == 503
    bench.call("DELETE", "/faults")
    assert (bench.send().status_code, bench.call("GET", "/faults")) == (200, [])
    assert bench.strike("html_response") == "f3"
    assert [(one["id"], one["fault"]) for one in bench.lines("history")[0]["faults"]] == [
        ("f1", "status"),
        ("f3", "html_response"),
    ]


def test_the_catalogue_is_served(bench):
    """With the settings of each."""
    served = {one["fault"]: one for one in bench.simulators.call("GET", "/faults")}
    assert served["drop_webhook"]["on"] == ["webhook"]
    assert served["drop_webhook"]["fields"]["attempts"] == {
        "type": "integer", "minimum": 1, "maximum": 100, "default": 1, "description": "number of lost attempts",
    }  # fmt: skip
