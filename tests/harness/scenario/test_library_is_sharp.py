"""Every scenario of the library contains what it is about, at every provider.

Otherwise a bridge with exactly the mistake that the scenario describes would pass it.
"""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from msgspec import convert

from composed_history import compose
from repository import ROOT
from sendproof_harness.history.client_facts import client_facts
from sendproof_harness.history.reader import decode_instant
from sendproof_harness.history.records import History
from sendproof_harness.history.run_records import OtherClient
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.subjects import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Individual, Scenario, scenario_of_client

LIBRARY = ROOT / "scenarios"
EXHAUSTIVE = frozenset({"quarter_of_a_million"})
FILES = [
    pytest.param(
        file, id=f"{file.parent.name}/{file.stem}", marks=[pytest.mark.exhaustive] if file.stem in EXHAUSTIVE else []
    )
    for file in sorted(LIBRARY.rglob("*.yaml"))
]


def histories(scenario: Scenario) -> list[History]:
    """Return the expectations of each client, with the facts about the others. Each has a seed of its own."""
    if not scenario.clients:
        return [compose(scenario)]
    composed = [
        compose(replace(scenario_of_client(scenario, client), seed=scenario.seed + index))
        for index, client in enumerate(scenario.clients)
    ]
    facts = [other_client(client, history) for client, history in zip(scenario.clients, composed, strict=True)]
    return [
        replace(history, other_clients=(*facts[:index], *facts[index + 1 :])) for index, history in enumerate(composed)
    ]


def other_client(client: str, history: History) -> OtherClient:
    """Return the facts about a client as the histories of the others have them."""
    fields = asdict(client_facts(client, (), history)) | {"n": 0, "at": iso(history.header.ended)}
    return convert(fields, OtherClient, dec_hook=decode_instant)


def missing_subjects(scenario: Scenario) -> list[str]:
    """Return the subjects that a run of the scenario would lack."""
    return _missing_subjects(histories(scenario))


def _missing_subjects(composed: list[History]) -> list[str]:
    (check,) = CHECKS
    return [finding.expected for history in composed for finding in check.run(history).findings]


@pytest.mark.parametrize("file", FILES)
def test_scenario_contains_its_subjects_and_a_customer_who_opted_out(file: Path) -> None:
    """Without the latter, a bridge that sends to all customers would pass it."""
    assert_is_sharp(load_scenarios(file)[0])


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_scenario_contains_its_subjects_at_its_other_providers(file: Path) -> None:
    for scenario in load_scenarios(file)[1:]:
        assert_is_sharp(scenario)


def assert_is_sharp(scenario: Scenario) -> None:
    """Each client's history must have the subjects, and a customer who opted out."""
    composed = histories(scenario)
    assert scenario.subjects != ()
    assert _missing_subjects(composed) == [], scenario.provider
    for history in composed:
        assert "opted_out" in {obligation.reason for obligation in history.obligations}, scenario.provider


def test_scenario_whose_customer_on_page_2_has_no_number_has_lost_its_subject() -> None:
    """A bridge that drops the second page would lose no one."""
    (scenario, *_) = load_scenarios(LIBRARY / "paging" / "one_page_and_one_more.yaml")
    unreachable = (Individual(customer=10_000, protection="unusable_number"),)
    dull = replace(scenario, audience=replace(scenario.audience, individuals=unreachable))
    assert "a customer on page 2 of a campaign who is due a message" in missing_subjects(dull)


def test_scenario_without_two_triggers_in_one_second_has_lost_its_subject() -> None:
    """A bridge that recognises repeats by customer and second would lose no message."""
    (scenario, *_) = load_scenarios(LIBRARY / "triggered" / "twice_within_an_hour.yaml")
    dull = replace(scenario, steps=(*scenario.steps[:-2], scenario.steps[-1]))
    assert missing_subjects(dull) == ["a customer who is due two messages of one trigger within 1 s"]
