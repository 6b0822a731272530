"""Arrival times of an open model."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.arrivals import SHAPE_DESCRIPTIONS, SHAPES, Arrival, arrival_count, arrival_times, together

RATES = st.floats(0.5, 500)
SECONDS = st.floats(1, 60)


def test_steady_arrivals_are_evenly_spread():
    assert list(arrival_times(SHAPES["steady"](4, 2))) == [0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


def test_ramp_arrivals_get_denser():
    """Half of the arrivals are in the last 30% of the time."""
    ramp = list(arrival_times(SHAPES["ramp"](10, 10)))
    assert (len(ramp), ramp[0]) == (50, 0)
    assert sum(at > 10 * 0.5**0.5 for at in ramp) == 24


def test_step_arrivals_grow_by_a_quarter_of_the_rate():
    step = list(arrival_times(SHAPES["step"](8, 8)))
    assert [sum(start <= at < start + 2 for at in step) for start in (0, 2, 4, 6)] == [4, 8, 12, 16]


def test_spike_arrivals_peak_in_the_middle():
    spike = list(arrival_times(SHAPES["spike"](10, 10)))
    assert [sum(start <= at < end for at in spike) for start, end in ((0, 4), (4, 6), (6, 10))] == [4, 20, 4]


@pytest.mark.parametrize("shape", SHAPES)
@given(rate=RATES, seconds=SECONDS)
def test_arrivals_of_any_shape_are_ordered_and_complete(shape, rate, seconds):
    profile = SHAPES[shape](rate, seconds)
    times = list(arrival_times(profile))
    assert len(times) == arrival_count(profile)
    assert all(0 <= at <= seconds + 1e-6 for at in times)
    assert all(before <= after for before, after in pairwise(times))


def test_every_shape_has_a_description():
    assert SHAPES.keys() == SHAPE_DESCRIPTIONS.keys()


def test_arrivals_of_the_same_5_ms_start_together():
    """A request for each of them would make the load generator the bottleneck."""
    arrivals = [Arrival(number, at) for number, at in enumerate((0.0, 0.002, 0.004, 0.006, 0.1))]
    assert [[arrival.number for arrival in group] for group in together(arrivals)] == [[0, 1, 2], [3], [4]]
