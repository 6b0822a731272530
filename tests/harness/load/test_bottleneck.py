"""Who was the limit, told from the samples."""

import pytest

from load_results import BRIDGE, GENERATOR, SIMULATORS, campaign, result, sample, triggers
from sendproof_harness.load.bottleneck import Window, find_bottleneck, latency_window, stage_window
from sendproof_harness.load.model import Process, Sample, Stage

ALL = (BRIDGE, SIMULATORS, GENERATOR)


def said(*samples: Sample, **more) -> str:
    """The sentence for a load test with these samples."""
    return find_bottleneck(result(**({"processes": ALL, "samples": samples} | more))).sentence


def test_the_bridge():
    """It used a whole processor for most of the time, and nobody else did."""
    busy = [sample(float(at), (0.95, 0.31, 0.2)) for at in range(1, 7)]

    assert said(*busy, sample(7.0, (0.4, 0.31, 0.2))) == (
        "The bridge was the limit: it used a whole processor for 86% of the time, while the simulators used 0.31 "
        "processors and the load generator 0.20. "
        "If it can use several processors at once, it may have had more to give."
    )


def test_a_bridge_of_several_processors():
    """It is told when it has shown that a whole one is not its limit."""
    assert said(sample(1.0, (1.6, 0.3, 0.1), machine=0.5), processors=4) == (
        "The bridge was the limit: it used a whole processor for 100% of the time, while the simulators used 0.30 "
        "processors and the load generator 0.10. It can use several processors at once: it used 1.60 on average."
    )


def test_the_simulators():
    """They are several in name, and one process."""
    assert said(sample(1.0, (0.6, 0.97, 0.1), machine=0.84)) == (
        "The simulators were the limit: they used a whole processor for 100% of the time, while the bridge used 0.60 "
        "processors and the load generator 0.10."
    )


def test_one_load_generator_of_two():
    """Each process is looked at by itself; the one that had more to give is told with its role."""
    pair = [Process(role="load generator", name=f"load generator {n}", pid=n, peak_mb=9, cpu_seconds=9) for n in (1, 2)]
    cores = {"bridge": 0.3, "simulators": 0.2, "load generator 1": 0.99, "load generator 2": 0.5}

    assert said(Sample(at=1.0, cores=cores), processes=(BRIDGE, SIMULATORS, *pair), processors=8) == (
        "Load generator 1 was the limit: it used a whole processor for 100% of the time, while the bridge used 0.30 "
        "processors, the simulators 0.20 and the load generator 0.50."
    )


def test_two_at_once():
    """Both are named, each with its share of the time."""
    assert said(
        sample(3.0, (0.95, 0.92, 0.1), machine=0.5), sample(4.0, (0.95, 0.5, 0.1), machine=0.5), processors=4
    ) == (
        "The bridge and the simulators were the limit: the bridge used a whole processor for 100% of the time and "
        "the simulators for 75%, while the load generator used 0.10 processors."
    )


def test_the_machine():
    """All of it was in use, so everybody waited for everybody."""
    assert said(sample(1.0, (0.95, 0.6, 0.4), machine=0.98), sample(2.0, (0.9, 0.6, 0.2), machine=0.9)) == (
        "The machine was the limit: all its 2 processors were busy for 50% of the time; the bridge used 0.93 "
        "processors, the simulators 0.60 and the load generator 0.30."
    )


def test_a_machine_of_one_processor():
    """It is not said to have several."""
    assert said(sample(1.0, (0.4, 0.4, 0.2), machine=1.0), processors=1).startswith(
        "The machine was the limit: its processor was busy for 100% of the time;"
    )


def test_a_bridge_that_fills_the_machine_alone():
    """Then it is the bridge, as the others wanted nothing."""
    assert said(sample(1.0, (1.9, 0.05, 0.03), machine=0.99)).startswith("The bridge was the limit:")


def test_nobody_but_the_plan():
    """The load came as planned, and everybody had more to give."""
    assert said(sample(1.0, behind_ms=2.0), sample(2.0, behind_ms=12.5), sample(3.0)) == (
        "Nobody was the limit: the pace was that of the plan, and the load generator at most 12.5 ms behind it."
    )


def test_nobody_without_a_plan():
    """Everybody waited for somebody, and the figures say how much."""
    assert said(sample(1.0)) == (
        "Nobody was the limit, everybody waited for somebody: the bridge used 0.50 processors, the simulators 0.30 and "
        "the load generator 0.10."
    )


def test_nobody_was_watched():
    """Without samples nothing is known."""
    assert said(processes=()) == (
        "Nobody can say who was the limit: the simulators and the load generator were not watched."
    )


def test_a_part_of_the_harness_was_not_watched():
    """A busy bridge proves nothing while it is not known whether it waited for the simulators."""
    assert said(sample(1.0, (0.95, 0.3, 0.1)), processes=(BRIDGE, SIMULATORS)) == (
        "Nobody can say who was the limit: the load generator was not watched."
    )
    assert said(sample(1.0, (0.95, 0.3, 0.1)), processes=(BRIDGE, GENERATOR)) == (
        "Nobody can say who was the limit: the simulators were not watched."
    )


def test_the_bridge_was_not_watched():
    """It runs elsewhere; that it was not the others is known all the same."""
    assert said(sample(1.0), processes=(SIMULATORS, GENERATOR)) == (
        "Nobody who was watched was the limit: the simulators used 0.30 processors and the load generator 0.10; "
        "the bridge was not watched."
    )


def test_without_a_bridge_the_simulators_are_what_is_tested():
    """Then only load generator and machine are the harness."""
    busy = sample(1.0, (0.0, 0.97, 0.3), machine=0.6)
    one = find_bottleneck(result(kind="paging", processes=(SIMULATORS, GENERATOR), samples=(busy,)))

    assert (one.tested, one.is_harness, one.unwatched) == ("simulators", False, ())
    assert one.sentence == (
        "The simulators were the limit: they used a whole processor for 100% of the time, while the load generator "
        "used 0.30 processors."
    )


def test_a_sample_counts_for_the_time_since_the_one_before():
    """Somebody who was busy for one long second of two samples was busy for most of the time."""
    one = find_bottleneck(result(processes=(BRIDGE,), samples=(sample(0.5, (0.5, 0, 0)), sample(2.0, (1.0, 0, 0)))))
    assert [(use.cores, use.full) for use in one.uses] == [(0.875, 0.75)]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (stage_window(campaign(), "reading"), Window(of="reading", after=0.0, until=63.0)),
        (stage_window(campaign(), "receipts"), Window(of="receipts", after=10.0, until=820.0)),
        (stage_window(campaign(), "reports"), Window(of="reports")),
        (latency_window(triggers(), "message"), Window(of="message latency", after=0.0, until=63.0)),
        (latency_window(campaign(samples=()), "page"), Window(of="page latency")),
    ],
)
def test_the_time_of_a_part(window, expected):
    """From the sample before the first event to that of the last; the whole when no sample tells."""
    assert window == expected


def test_what_is_counted_when_all_is_over_went_on_all_the_time():
    """The whole way of a campaign is known at its end; its last second says nothing of it."""
    whole = Stage(name="whole way", unit="recipients", count=1_000_000, seconds=840.0)
    one = campaign(stages=(whole,), samples=(*campaign().samples, sample(841.0, counts={"whole way": 1_000_000})))
    assert stage_window(one, "whole way") == Window(of="whole way")


def test_the_limit_of_a_part_is_told_of_its_time():
    """Who waits for receipts afterwards is not told to have been idle all the time."""
    one = campaign(samples=(*campaign().samples, *(sample(float(at), (0, 0, 0)) for at in range(841, 3_000))))

    assert find_bottleneck(one).sentence.startswith("Nobody was the limit,")
    assert find_bottleneck(one, stage_window(one, "sending")).sentence.startswith(
        "The bridge was the limit of sending: it used a whole processor for 100% of the time,"
    )
