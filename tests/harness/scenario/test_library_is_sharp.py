"""Every scenario of the library contains what it is about, at every provider.

Otherwise a bridge with exactly the mistake that the scenario describes would pass it.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from composed_history import compose
from repository import ROOT
from sendproof_harness.history.records import History
from sendproof_harness.judge.checks.subjects import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Individual, Scenario

LIBRARY = ROOT / "scenarios"
SLOW = frozenset({"quarter_of_a_million"})
FILES = [
    pytest.param(file, id=f"{file.parent.name}/{file.stem}", marks=[pytest.mark.slow] if file.stem in SLOW else [])
    for file in sorted(LIBRARY.rglob("*.yaml"))
]


def histories(scenario: Scenario) -> list[History]:
    """Return the expectations of each client; each has other customers, by a seed of its own."""
    return [compose(replace(scenario, seed=scenario.seed + index)) for index in range(max(1, len(scenario.clients)))]


def missing_subjects(scenario: Scenario) -> list[str]:
    """Return the subjects that a run of the scenario would lack."""
    return _missing_subjects(histories(scenario))


def _missing_subjects(composed: list[History]) -> list[str]:
    (check,) = CHECKS
    return [finding.expected for history in composed for finding in check.run(history).findings]


@dataclass(frozen=True)
class Composed:
    """What the tests look at in the histories of a scenario, one a client."""

    missing_subjects: list[str]
    reasons: list[set[str]]


@cache
def composed_by_provider(file: Path) -> dict[str, Composed]:
    """Compose the histories of a scenario once for all tests."""
    return {scenario.provider: _composed(histories(scenario)) for scenario in load_scenarios(file)}


def _composed(composed: list[History]) -> Composed:
    reasons = [{obligation.reason for obligation in history.obligations} for history in composed]
    return Composed(_missing_subjects(composed), reasons)


@pytest.mark.parametrize("file", FILES)
def test_scenario_contains_its_subjects(file: Path) -> None:
    (scenario, *_) = load_scenarios(file)
    assert scenario.subjects != ()
    missing = {provider: composed.missing_subjects for provider, composed in composed_by_provider(file).items()}
    assert not any(missing.values()), missing


def test_scenario_whose_customer_on_page_2_has_no_number_has_lost_its_subject() -> None:
    """A bridge that drops the second page would lose no one."""
    (scenario, *_) = load_scenarios(LIBRARY / "paging" / "one_page_and_one_more.yaml")
    unreachable = (Individual(customer=10_000, protection="unusable_number"),)
    dull = replace(scenario, audience=replace(scenario.audience, individuals=unreachable))
    assert "a customer on page 2 of a campaign who is due a message" in missing_subjects(dull)


@pytest.mark.parametrize("file", FILES)
def test_scenario_addresses_a_customer_who_opted_out(file: Path) -> None:
    """Otherwise a bridge that sends to all customers would pass it."""
    for composed in composed_by_provider(file).values():
        for reasons in composed.reasons:
            assert "opted_out" in reasons
