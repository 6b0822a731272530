"""What counts as exercised, and how that steers the search."""

from sendproof_harness.search.explore.coverage import Coverage
from sendproof_harness.search.explore.feature import Feature

HOLD = Feature(name="on hold", topic="cancellation", shows="requirement R104")
TEXT = Feature(name="long text", topic="text")
KILL = Feature(name="kill", topic="fault at the first send", shows="fault kill")


def test_feature_counts_only_if_the_run_shows_it():
    coverage = Coverage()
    new = coverage.add("textlocal scheduled", [HOLD, TEXT], frozenset({"requirement R401"}))

    assert new == {"textlocal scheduled", "long text", "requirement R401"}
    assert coverage.weight(HOLD) > coverage.weight(TEXT)


def test_only_the_first_run_with_an_item_is_news():
    coverage = Coverage()
    coverage.add("textlocal scheduled", [TEXT], frozenset())

    assert coverage.add("textlocal scheduled", [TEXT], frozenset({"fault kill"})) == {"fault kill"}


def test_pairs_are_counted_in_either_order():
    coverage = Coverage()
    coverage.add("textlocal scheduled", [TEXT, KILL], frozenset({"fault kill"}))

    assert coverage.pair_count("long text", "kill") == coverage.pair_count("kill", "long text") == 1
    assert coverage.pair_count("long text", "on hold") == 0


def test_feature_that_never_happens_gets_less_weight():
    coverage = Coverage()
    weights = []
    for _ in range(3):
        weights.append(coverage.weight(HOLD))
        coverage.add("", [HOLD], frozenset())

    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0


def test_copy_does_not_change_the_original():
    coverage = Coverage()
    coverage.copy().add("", [TEXT], frozenset())

    assert coverage.weight(TEXT) == 1
