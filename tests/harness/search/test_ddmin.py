"""Delta debugging of plain lists."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.search.ddmin import minimize, smallest

_SETS = st.sets(st.integers(0, 30), max_size=5)


@given(needed=_SETS)
def test_exactly_the_needed_items_are_left_in_order(needed):
    assert minimize(range(31), needed.issubset) == sorted(needed)


@given(alternatives=st.lists(_SETS.filter(bool), min_size=1, max_size=3))
def test_no_item_of_the_result_can_go(alternatives):
    """Several parts may have the property, each alone."""

    def holds(items):
        return any(needed.issubset(items) for needed in alternatives)

    kept = minimize(range(31), holds)
    assert holds(kept)
    assert not any(holds([item for item in kept if item != left_out]) for left_out in kept)


def test_property_of_the_empty_list_is_found_at_once():
    tested = []
    assert minimize(range(1_000), lambda items: not tested.append(items)) == []
    assert tested == [[]]


def test_one_needed_item_of_a_thousand_takes_few_tests():
    tested = []

    def holds(items):
        tested.append(items)
        return 700 in items

    assert minimize(range(1_000), holds) == [700]
    assert len(tested) < 40


@given(bound=st.integers(0, 40))
def test_smallest_value_of_a_ladder_is_found(bound):
    found = smallest(range(31), lambda value: value >= bound)
    assert found == (bound if bound <= 30 else None)
