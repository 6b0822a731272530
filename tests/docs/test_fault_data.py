"""The fault data of the harness follows the kinds of faults in the simulators."""

import json

import pytest

from data_files import fault_data
from sendproof_harness.scenario.fault_kinds import COMMON_KEYS
from sendproof_simulators.core.faults.spec import VIRTUAL_DURATION

DELAY = {"description": "delay of the response", "type": "integer", "minimum": 1, "maximum": 9, "default": 5}
PAUSE = DELAY | VIRTUAL_DURATION | {"default": 60_000}


def kind(name, **fields):
    """Return a kind of fault in the form of `GET /control/faults`."""
    return {"fault": name, "on": ["call"], "when": ["before", "after"], "summary": "A fault.", "fields": fields}


@pytest.fixture
def use_kinds(monkeypatch):
    """Return a function that replaces the kinds of faults of the simulators."""
    return lambda *kinds: monkeypatch.setattr(fault_data, "catalogue", lambda: list(kinds))


def fault_keys():
    """Return the keys of a fault in the generated schema of scenario files, without the common ones."""
    properties = json.loads(fault_data.scenario_schema_json())["$defs"]["fault"]["properties"]
    return {key: value for key, value in properties.items() if key not in COMMON_KEYS}


def test_new_kind_appears_in_both_files(use_kinds):
    use_kinds(kind("new_fault", delay=DELAY, pause=PAUSE))
    assert json.loads(fault_data.fault_kinds_json()) == {
        "new_fault": {
            "on": ["call"],
            "when": ["before", "after"],
            "keys": ["delay", "pause"],
            "durations": ["pause"],
        }
    }
    assert fault_keys() == {
        "delay": {
            "title": "a whole number from 1 to 9",
            "description": "new_fault: delay of the response. Default 5.",
            "type": "integer",
            "minimum": 1,
            "maximum": 9,
        },
        "pause": {"$ref": "#/$defs/duration", "description": "new_fault: delay of the response. Default 1 minute."},
    }


def test_kinds_share_a_key_with_the_same_limits(use_kinds):
    use_kinds(kind("first", delay=DELAY), kind("second", delay=DELAY), kind("third", delay=DELAY | {"default": 7}))
    assert fault_keys()["delay"]["description"] == (
        "first, second: delay of the response. Default 5. third: delay of the response. Default 7."
    )


def test_key_with_different_limits_is_refused(use_kinds):
    """One schema cannot describe both."""
    use_kinds(kind("first", delay=DELAY), kind("second", delay=DELAY | {"maximum": 10}))
    with pytest.raises(ValueError, match="expected the same limits for delay in first, second, got"):
        fault_data.scenario_schema_json()
