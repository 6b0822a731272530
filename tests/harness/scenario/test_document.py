"""A scenario as the content of a file, and back."""

import dataclasses

import pytest

from repository import ROOT
from sendproof_harness.scenario.document import document_text, scenario_document, scenario_of
from sendproof_harness.scenario.library import library_folder
from sendproof_harness.scenario.load import load_scenarios

FILES = sorted([*library_folder().rglob("*.yaml"), *(ROOT / "mutants/scenarios").glob("*.yaml")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_document_of_a_scenario_gives_an_equal_scenario(file):
    for scenario in load_scenarios(file):
        again = scenario_of(scenario_document(scenario))
        # Its provider is written out, so the file has no list of providers.
        assert dataclasses.replace(again, provider=scenario.provider) == scenario


def test_document_of_a_small_scenario_is_a_small_file():
    scenario = load_scenarios(library_folder() / "scheduled" / "first_campaign.yaml")[0]
    text = document_text(scenario_document(scenario))
    assert text.startswith(f"sendproof: 1\nname: {scenario.name}\n")
    assert "{plan: 7001}" in text
