"""The stored comparisons find each mutant and blame no correct bridge, and the tables show them."""

import pytest

from compared_bridges import BREAKING, COMPARED, CORRECT, OTHERS
from comparison_results import read
from comparison_tables import COMPARE_PAGE, INVARIANTS_PAGE, with_table
from sendproof_harness.comparison.invariants import INVARIANTS

RESULTS = read()
RERUN = "run: make comparisons"


@pytest.mark.parametrize(("page", "name"), [(COMPARE_PAGE, "compare"), (INVARIANTS_PAGE, "invariants")])
def test_table_shows_the_stored_results(page, name):
    assert with_table(page, name, RESULTS) == page.read_text("utf-8"), f"run: python mutants {name} --page"


def test_comparison_finds_each_mutant_and_blames_no_correct_bridge():
    worse = {row.bridge: bool(row.differences["worse"] or row.causes) for row in RESULTS.compared}
    assert worse == {**dict.fromkeys(OTHERS, False), **dict.fromkeys(COMPARED, True)}, RERUN


def test_each_invariant_is_broken_by_its_mutant_and_by_no_correct_bridge():
    broken = {(row.invariant, row.bridge) for row in RESULTS.invariants if row.result == "broken"}
    assert broken == set(BREAKING.items()), RERUN
    assert set(BREAKING) == {invariant.name for invariant in INVARIANTS}


def test_each_invariant_applies_to_each_correct_bridge_but_for_a_second_provider():
    """An invariant that never applies would hold without looking at anything."""
    silent = {(row.invariant, row.bridge) for row in RESULTS.invariants if row.result == "not applicable"}
    assert silent == {("provider", bridge) for bridge in CORRECT if bridge != "reference bridge"}, RERUN
