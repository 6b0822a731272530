"""Growth over a soak: what is a leak, and what is not."""

from math import sin

import pytest

from sendproof_harness.load.analysis.growth import growth_of, last_quarter
from sendproof_harness.load.bottleneck import Window
from sendproof_harness.load.model import Sample


def growth(values):
    """Return the growth of the memory of a bridge, with one value for each second."""
    samples = [Sample(at=second + 1.0, memory_mb={"bridge": value}) for second, value in enumerate(values)]
    return growth_of(samples, Window(), lambda sample: sample.memory_mb.get("bridge"))


def test_leak_rises_throughout():
    leak = growth([100 + second * 0.5 for second in range(200)])
    assert (round(leak.first), round(leak.last), leak.rises) == (137, 187, True)
    assert leak.exceeds(0.1, 20.0)
    assert not leak.exceeds(0.5, 20.0)
    assert not leak.exceeds(0.1, 60.0)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([100 + 50 * (second > 20) for second in range(200)], id="a warm-up"),
        pytest.param([100 + 50 * (second > 110) for second in range(200)], id="a single step"),
        pytest.param([100 + 40 * (second % 10) / 10 for second in range(200)], id="a garbage collector"),
        pytest.param([200 - second * 0.5 for second in range(200)], id="a decrease"),
        pytest.param([100 + 5 * sin(second / 15) for second in range(200)], id="waves"),
    ],
)
def test_no_growth_of(values):
    assert not growth(values).exceeds(0.1, 10.0)


def test_too_few_samples_have_no_growth():
    assert growth([100 + second for second in range(30)]) is None
    assert growth([]) is None


def test_last_quarter_is_the_end_of_the_window():
    samples = [Sample(at=float(second)) for second in range(1, 102)]
    assert last_quarter(samples, Window(of="message latency")) == Window(of="message latency", after=76.0, until=101.0)
