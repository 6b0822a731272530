"""Measured numbers as readable text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.formatting import (
    DOWN,
    NEAREST,
    UP,
    format_duration,
    format_number,
    format_rate,
    format_size,
    join_names,
)


@pytest.mark.parametrize(
    ("value", "rounding", "text"),
    [
        (0.0, NEAREST, "0"),
        (0.012344, NEAREST, "0.01234"),
        (12.3456, NEAREST, "12.35"),
        (300.0, NEAREST, "300"),
        (1_231.6, NEAREST, "1,232"),
        (1_231.6, DOWN, "1,231"),
        (1_000_000.2, UP, "1,000,001"),
    ],
)
def test_number_has_four_significant_digits(value, rounding, text):
    assert format_number(value, rounding) == text


def test_events_of_one_instant_have_no_rate():
    assert (format_rate(0.0), format_rate(1_250.0)) == ("-", "1,250")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.42, "0.42 ms"), (412.0, "412 ms"), (2_410.0, "2.41 s"), (812_000.0, "13 min 32 s"), (7_500_000.0, "2 h 5 min")],
)
def test_duration_has_a_readable_unit(milliseconds, text):
    assert format_duration(milliseconds) == text


@pytest.mark.parametrize(("megabytes", "text"), [(412.0, "412 MB"), (1_240.0, "1.24 GB")])
def test_size_has_a_readable_unit(megabytes, text):
    assert format_size(megabytes) == text


@given(st.floats(0, 1e9))
def test_rounded_number_is_never_on_the_better_side(value):
    """Otherwise a missed level could read as if it was met."""
    up, down = (Decimal(format_number(value, rounding).replace(",", "")) for rounding in (UP, DOWN))
    assert down <= Decimal(str(value)) <= up


@pytest.mark.parametrize(("names", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_names_are_joined_as_in_a_sentence(names, text):
    assert join_names(names) == text
