"""The values and levels of a JSON text are counted without decoding it."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.json_text import (
    MOST_VALUES,
    OBJECT_VALUES,
    has_more_levels,
    has_more_values,
    has_more_wide_bytes,
    is_surely_flat,
)

LEVELS = 100
PARTS = st.lists(st.sampled_from(("[", "]", "{", "}", '"', '""', '\\"', "\\\\", "\\n", ",")), max_size=12).map("".join)


def outside_strings(text: str) -> str:
    """Return a text with a quote in place of each string, character by character."""
    kept = ""
    in_text = escaped = False
    for character in text:
        escaped, was_escaped = in_text and character == "\\" and not escaped, escaped
        if character == '"' and not was_escaped:
            in_text = not in_text
            kept += '"' if in_text else ""
        elif not in_text:
            kept += character
    return kept


def levels_of(text: str) -> int:
    """Return the most brackets that are open at once."""
    most = opened = 0
    for character in outside_strings(text):
        opened += (character in "[{") - (character in "]}")
        most = max(most, opened)
    return most


@given(before=PARTS, middle=PARTS, after=PARTS, times=st.integers(1, LEVELS + 9))
def test_brackets_in_strings_hide_no_level(before: str, middle: str, after: str, times: int) -> None:
    text = before * times + middle + after * times
    assert not is_surely_flat(text.encode(), LEVELS) or levels_of(text) <= LEVELS


JSON_VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text(st.sampled_from('",[]{}\\a\xe4'), max_size=6),
    lambda values: st.lists(values, max_size=5) | st.dictionaries(st.text(max_size=3), values, max_size=5),
)


@given(value=JSON_VALUES, ascii_only=st.booleans())
def test_levels_and_values_are_those_outside_strings(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    outside = outside_strings(text)
    values = 1 + sum(character in ',[{"' for character in outside) + (OBJECT_VALUES - 1) * outside.count("{")
    levels = levels_of(text)

    assert has_more_values(text.encode(), values - 1)
    assert not has_more_values(text.encode(), values)
    assert levels == 0 or has_more_levels(text.encode(), levels - 1)
    assert not has_more_levels(text.encode(), levels)


def test_ordinary_batch_is_surely_flat() -> None:
    """The closer look takes ten times as long."""
    rows = [{"CustomerID": "C0000001", "Attributes": [{"Name": "CITY", "Value": "K\xf6ln\n"}]}] * 1_000
    assert is_surely_flat(json.dumps(rows).encode(), LEVELS)
    assert not is_surely_flat(b"[" * (LEVELS + 1) + b"]" * (LEVELS + 1), LEVELS)


@pytest.mark.parametrize("before", range(4))
def test_escape_at_the_end_of_a_block_hides_no_quote(before: int) -> None:
    """A long text is read in blocks of a mebibyte."""
    filler = "a" * (1024 * 1024 - 4 - before)
    text = f'["{filler}' + '\\\\\\"[[[[' + f'"{", 0" * 3}]'
    assert has_more_values(text.encode(), 5)
    assert not has_more_values(text.encode(), 6)
    assert not has_more_levels(text.encode(), 1)


def test_count_needs_less_memory_than_the_text() -> None:
    text = b"[" + b'"\\"[",' * 800_000 + b"0]"
    has_more_values(text, 1_000_000)
    tracemalloc.start()
    has_more_values(text, 1_000_000)
    has_more_levels(text, LEVELS)
    assert tracemalloc.get_traced_memory()[1] < 2 * len(text)
    tracemalloc.stop()


WIDE = "\U0001f600"
LONG = "a" * 300_000


@pytest.mark.parametrize("is_ascii", [False, True], ids=["as UTF-8", "as escapes"])
@pytest.mark.parametrize(
    ("value", "decoded_bytes"),
    [
        ([WIDE + LONG], 4 * 300_001 + 76),
        ([LONG + WIDE], 4 * 300_001 + 76),
        ([LONG, WIDE * 100, LONG], 4 * 100 + 76),
        ({"\u0434" * 1_000 + WIDE: "\u0434"}, 4 * 1_001 + 76),
        ([f'"{WIDE}\\', LONG, f"{LONG}\\"], 4 + 76),
        ([WIDE, "a"] * 10_000, 10_000 * 80),
    ],
    ids=["at the start", "at the end", "of several texts", "in a name", "beside escapes", "of many short texts"],
)
def test_memory_of_texts_with_emoji_is_found(value: object, decoded_bytes: int, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii).encode()
    assert not has_more_wide_bytes(text, decoded_bytes)
    assert has_more_wide_bytes(text, decoded_bytes - 1)


def test_largest_permitted_call_has_few_enough_values() -> None:
    """One call sets ten attributes of 10,000 customers."""
    attributes = [{"Name": f"LAST_SEEN_{number}", "Value": "2026-03-01"} for number in range(10)]
    text = json.dumps([{"CustomerID": "C0000001", "Attributes": attributes}] * 10_000).encode()
    assert not has_more_values(text, MOST_VALUES)


def test_text_without_emoji_needs_no_more_memory() -> None:
    assert not has_more_wide_bytes(json.dumps(["\xe9\u0434" * 100_000], ensure_ascii=False).encode(), 4)
