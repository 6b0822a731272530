"""Packed texts are the texts that were packed."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.messaging.packed_texts import packed

TEXTS = st.one_of(
    st.lists(st.text(max_size=8), max_size=8),
    st.lists(st.text(alphabet=st.characters(), max_size=8), max_size=8),
    st.builds(lambda text, count: [text] * count, st.text(max_size=8), st.integers(0, 8)),
)


@given(texts=TEXTS)
def test_packed_texts_are_equal_as_a_whole_and_one_by_one(texts: list[str]) -> None:
    """Lone surrogates included: JSON can contain them."""
    result = packed(texts)

    assert list(result) == texts
    assert [result[index] for index in range(len(texts))] == texts
    assert [result[-index] for index in range(1, len(texts) + 1)] == texts[::-1]


@given(texts=TEXTS, start=st.integers(-9, 9), stop=st.integers(-9, 9))
def test_slice_and_copy_of_packed_texts_are_equal(texts: list[str], start: int, stop: int) -> None:
    result = packed(texts)

    assert list(result[start:stop]) == texts[start:stop]
    assert list(pickle.loads(pickle.dumps(result))) == texts


def test_packed_texts_take_little_more_than_their_characters() -> None:
    """A list takes 69 bytes for a number of twelve digits."""
    numbers = [f"447700{index:06d}" for index in range(1_000)]

    assert len(pickle.dumps(packed(numbers))) < 17_000
    assert len(pickle.dumps(packed(numbers[:1] * 1_000))) < 200
