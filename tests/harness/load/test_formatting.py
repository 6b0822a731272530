"""Measured numbers as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.formatting import DOWN, NEAREST, UP, length, listed, number, size


@pytest.mark.parametrize(
    ("value", "rounding", "said"),
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
def test_number(value, rounding, said):
    """Four digits that count, and every digit before the point."""
    assert number(value, rounding) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0.42, "0.42 ms"), (412.0, "412 ms"), (2_410.0, "2.41 s"), (812_000.0, "13 min 32 s"), (7_500_000.0, "2 h 5 min")],
)
def test_length(milliseconds, said):
    """In the unit that people would take."""
    assert length(milliseconds) == said


@pytest.mark.parametrize(("megabytes", "said"), [(412.0, "412 MB"), (1_240.0, "1.24 GB")])
def test_size(megabytes, said):
    """Gigabytes from the first on."""
    assert size(megabytes) == said


@given(st.floats(0, 1e9))
def test_what_is_rounded_up_is_never_less(value):
    """So that no latency reads as if it had met a level that it missed; and no throughput either."""
    up, down = (Decimal(number(value, rounding).replace(",", "")) for rounding in (UP, DOWN))
    assert down <= Decimal(str(value)) <= up


@pytest.mark.parametrize(("names", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_listed(names, said):
    """As a sentence takes them."""
    assert listed(names) == said
