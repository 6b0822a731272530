"""Random faults: reproducible from the seed, at distinct positions, and valid in a scenario file."""

import pytest
import yaml

from repository import ROOT
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.load import load_scenarios, parse_scenarios
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.random_faults import TooManyFaultsError, faults_yaml, generate_faults

FILE = ROOT / "scenarios" / "failures" / "bridge_killed.yaml"


@pytest.fixture
def scenario() -> Scenario:
    """Return a scenario with one campaign of 400 customers in two halves, over a week."""
    return load_scenarios(FILE)[0]


def test_same_seed_generates_the_same_faults(scenario: Scenario) -> None:
    assert generate_faults(scenario, 3, 5) == generate_faults(scenario, 3, 5)
    assert generate_faults(scenario, 3, 5) != generate_faults(scenario, 4, 5)


def test_smaller_number_generates_the_first_faults(scenario: Scenario) -> None:
    """So a run can be reduced by a smaller number."""
    assert generate_faults(scenario, 3, 5)[:3] == generate_faults(scenario, 3, 3)


def test_faults_have_distinct_positions(scenario: Scenario) -> None:
    """A second fault at the same position would never be injected."""
    faults = generate_faults(scenario, 3, 15)
    positions = {
        (fault.get("call"), fault.get("webhook"), str(fault.get("where")), fault.get("nth")) for fault in faults
    }
    assert len(positions) == 15


def test_more_faults_than_positions_are_refused(scenario: Scenario) -> None:
    with pytest.raises(TooManyFaultsError, match=r"expected at most 20 faults, .* got 21"):
        generate_faults(scenario, 3, 21)


def test_faults_without_kills_contain_no_kill(scenario: Scenario) -> None:
    """Sendproof cannot restart a bridge that it did not start."""
    without_kills = [fault for seed in range(20) for fault in generate_faults(scenario, seed, 15, kills=False)]
    with_kills = [fault for seed in range(20) for fault in generate_faults(scenario, seed, 15)]
    assert KILL not in [fault["fault"] for fault in without_kills]
    assert KILL in [fault["fault"] for fault in with_kills]


def test_generated_faults_can_be_pasted_into_the_file(scenario: Scenario) -> None:
    faults = generate_faults(scenario, 3, 15)
    text = FILE.read_text()
    pasted = text[: text.index("faults:")] + faults_yaml(faults, scenario.provider) + text[text.index("steps:") :]
    assert parse_scenarios(pasted, "pasted.yaml")[0].faults == faults


SEND = "textlocal.bulk_json|bulk_json_get|send|send_get"


def test_durations_are_written_as_text() -> None:
    """Scenario files contain no milliseconds."""
    text = faults_yaml(({"fault": "kill", "call": SEND, "down": 600_000},), "textlocal")
    assert yaml.safe_load(text) == {"faults": [{"fault": "kill", "call": "any.send", "down": "10 minutes"}]}
