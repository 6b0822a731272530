"""Faults drawn from the seed: the same in every run, each at a place of its own, and written as a file has them."""

from pathlib import Path

import pytest
import yaml

from sendproof_harness.scenario.fault_kinds import KILL, KINDS
from sendproof_harness.scenario.load import load_scenarios, parse_scenarios
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.random_faults import TooManyFaultsError, faults_yaml, generate_faults
from sendproof_simulators.core.faults.spec import catalogue

ROOT = Path(__file__).parents[2]
FILE = ROOT / "scenarios" / "failures" / "bridge_killed.yaml"


@pytest.fixture
def scenario() -> Scenario:
    """One campaign of 400 in two halves, over a week."""
    return load_scenarios(FILE)[0]


def test_the_same_seed_draws_the_same_faults(scenario: Scenario) -> None:
    """And another seed others."""
    assert generate_faults(scenario, 3, 5) == generate_faults(scenario, 3, 5)
    assert generate_faults(scenario, 3, 5) != generate_faults(scenario, 4, 5)


def test_fewer_faults_are_the_first_of_more(scenario: Scenario) -> None:
    """So a run can be made smaller by asking for less."""
    assert generate_faults(scenario, 3, 5)[:3] == generate_faults(scenario, 3, 3)


def test_no_two_faults_strike_one_place(scenario: Scenario) -> None:
    """The second would never strike."""
    drawn = generate_faults(scenario, 3, 15)
    places = {(f.get("call"), f.get("webhook"), str(f.get("where")), f.get("nth")) for f in drawn}
    assert len(places) == 15


def test_more_faults_than_places_are_refused(scenario: Scenario) -> None:
    """The message says how many there can be."""
    with pytest.raises(TooManyFaultsError, match=r"expected at most 20 faults, .* got 21"):
        generate_faults(scenario, 3, 21)


def test_nobody_is_killed_who_was_not_started_here(scenario: Scenario) -> None:
    """A bridge that runs already cannot be started again."""
    every = [fault["fault"] for seed in range(20) for fault in generate_faults(scenario, seed, 15, kills=False)]
    assert KILL not in every
    assert KILL in [fault["fault"] for seed in range(20) for fault in generate_faults(scenario, seed, 15)]


def test_what_is_drawn_can_be_pasted_into_the_file(scenario: Scenario) -> None:
    """The file that has them plays what was drawn, for its provider."""
    drawn = generate_faults(scenario, 3, 15)
    text = FILE.read_text()
    without = text[: text.index("faults:")] + faults_yaml(drawn, scenario.provider) + text[text.index("steps:") :]
    assert parse_scenarios(without, "pasted.yaml")[0].faults == drawn


def test_lengths_are_written_in_words() -> None:
    """As everywhere in a scenario."""
    text = faults_yaml(({"fault": "kill", "call": "textlocal.bulk_json", "down": 600_000},), "textlocal")
    assert yaml.safe_load(text) == {"faults": [{"fault": "kill", "call": "any.send", "down": "10 minutes"}]}


def test_scenarios_know_exactly_the_faults_that_the_simulators_have() -> None:
    """With their targets, their moments and their keys."""
    theirs = {one["fault"]: (tuple(one["on"]), tuple(one["when"]), frozenset(one["fields"])) for one in catalogue()}
    assert {name: (kind.on, kind.when, frozenset(kind.keys)) for name, kind in KINDS.items()} == theirs
