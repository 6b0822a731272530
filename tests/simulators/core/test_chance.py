"""Draws are named, so their order cannot matter."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.randomness import KeyedRandom

STEPS = st.one_of(st.integers(), st.text())


@given(seed=st.integers(), path=st.lists(STEPS), last=st.lists(STEPS))
def test_many_draws_at_once_equal_single_ones(seed: int, path: list[object], last: list[object]) -> None:
    """The quick way is the same draw, not another one."""
    random = KeyedRandom(seed)
    assert random.fractions(last, *path) == [random.fraction(*path, step) for step in last]
