"""Draws by name do not depend on their order."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.randomness import KeyedRandom

STEPS = st.one_of(st.integers(), st.text())


@given(seed=st.integers(), path=st.lists(STEPS), last=st.lists(STEPS))
def test_fractions_equal_single_draws(seed: int, path: list[object], last: list[object]) -> None:
    random = KeyedRandom(seed)
    assert random.fractions(last, *path) == [random.fraction(*path, step) for step in last]
