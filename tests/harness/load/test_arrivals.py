"""Arrivals of an open model: as many as were asked for, when they were asked for, whoever carries them out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.arrivals import SHAPE_DESCRIPTIONS, SHAPES, arrival_count, arrival_times

RATES = st.floats(0.5, 500)
SECONDS = st.floats(1, 60)


def test_a_steady_rate_is_evenly_spread():
    """Four a second for two seconds: one every quarter."""
    assert list(arrival_times(SHAPES["steady"](4, 2))) == [0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


def test_a_ramp_gets_denser():
    """Half of the arrivals are in the last three tenths of the time."""
    ramp = list(arrival_times(SHAPES["ramp"](10, 10)))
    assert (len(ramp), ramp[0]) == (50, 0)
    assert sum(at > 10 * 0.5**0.5 for at in ramp) == 24


def test_steps_are_a_quarter_more_each():
    """Of a rate of 8 over 8 seconds: 4, 8, 12 and 16 arrivals."""
    step = list(arrival_times(SHAPES["step"](8, 8)))
    assert [sum(start <= at < start + 2 for at in step) for start in (0, 2, 4, 6)] == [4, 8, 12, 16]


def test_a_spike_stands_in_the_middle():
    """A tenth of the rate before and after it."""
    spike = list(arrival_times(SHAPES["spike"](10, 10)))
    assert [sum(start <= at < end for at in spike) for start, end in ((0, 4), (4, 6), (6, 10))] == [4, 20, 4]


@pytest.mark.parametrize("shape", SHAPES)
@given(rate=RATES, seconds=SECONDS)
def test_every_shape_keeps_its_number_and_its_time(shape, rate, seconds):
    """As many as its area says, in order, and none after its end."""
    pace = SHAPES[shape](rate, seconds)
    instants = list(arrival_times(pace))
    assert len(instants) == arrival_count(pace)
    assert all(0 <= at <= seconds + 1e-6 for at in instants)
    assert all(before <= after for before, after in pairwise(instants))


def test_every_shape_is_told_of():
    """Whoever chooses one reads what it is."""
    assert SHAPES.keys() == SHAPE_DESCRIPTIONS.keys()
