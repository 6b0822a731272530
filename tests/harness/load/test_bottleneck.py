"""Bottleneck of a load test, from its samples."""

import pytest

from load_results import BRIDGE, GENERATOR, SIMULATORS, campaign, result, sample, triggers
from sendproof_harness.load.bottleneck import Window, find_bottleneck, latency_window, stage_window
from sendproof_harness.load.model import Process, Sample, Stage

ALL = (BRIDGE, SIMULATORS, GENERATOR)


def sentence(*samples: Sample, **fields) -> str:
    """Return the sentence for a load test with these samples."""
    return find_bottleneck(result(**({"processes": ALL, "samples": samples} | fields))).sentence


def test_bridge_that_is_busy_most_of_the_time_is_the_bottleneck():
    busy = [sample(float(at), (0.95, 0.31, 0.2)) for at in range(1, 7)]

    assert sentence(*busy, sample(7.0, (0.4, 0.31, 0.2))) == (
        "The bridge was the bottleneck: it used a whole processor for 86% of the time; the simulators used 0.31 "
        "processors and the load generator 0.20. "
        "If it can use several processors at once, it may have had capacity left."
    )


def test_bridge_that_uses_several_processors_is_described_as_such():
    """For such a bridge, one whole processor is not a limit."""
    assert sentence(sample(1.0, (1.6, 0.3, 0.1), machine=0.5), processors=4) == (
        "The bridge was the bottleneck: it used a whole processor for 100% of the time; the simulators used 0.30 "
        "processors and the load generator 0.10. It can use several processors at once: it used 1.60 on average."
    )


def test_busy_simulators_are_the_bottleneck():
    assert sentence(sample(1.0, (0.6, 0.97, 0.1), machine=0.84)) == (
        "The simulators were the bottleneck: they used a whole processor for 100% of the time; the bridge used 0.60 "
        "processors and the load generator 0.10."
    )


def test_one_busy_load_generator_of_two_is_named():
    pair = [Process(role="load generator", name=f"load generator {n}", pid=n, peak_mb=9, cpu_seconds=9) for n in (1, 2)]
    cores = {"bridge": 0.3, "simulators": 0.2, "load generator 1": 0.99, "load generator 2": 0.5}

    assert sentence(Sample(at=1.0, cores=cores), processes=(BRIDGE, SIMULATORS, *pair), processors=8) == (
        "Load generator 1 was the bottleneck: it used a whole processor for 100% of the time; the bridge used 0.30 "
        "processors, the simulators 0.20 and the load generator 0.50."
    )


def test_two_busy_processes_are_both_named():
    assert sentence(
        sample(3.0, (0.95, 0.92, 0.1), machine=0.5), sample(4.0, (0.95, 0.5, 0.1), machine=0.5), processors=4
    ) == (
        "The bridge and the simulators were the bottleneck: the bridge used a whole processor for 100% of the time and "
        "the simulators for 75%; the load generator used 0.10 processors."
    )


def test_busy_machine_is_the_bottleneck():
    assert sentence(sample(1.0, (0.95, 0.6, 0.4), machine=0.98), sample(2.0, (0.9, 0.6, 0.2), machine=0.9)) == (
        "The machine was the bottleneck: all its 2 processors were busy for 50% of the time; the bridge used 0.93 "
        "processors, the simulators 0.60 and the load generator 0.30."
    )


def test_busy_machine_with_one_processor_is_described_in_the_singular():
    assert sentence(sample(1.0, (0.4, 0.4, 0.2), machine=1.0), processors=1).startswith(
        "The machine was the bottleneck: its processor was busy for 100% of the time;"
    )


def test_bridge_that_uses_the_whole_machine_alone_is_the_bottleneck():
    """The other processes did not compete for the machine."""
    assert sentence(sample(1.0, (1.9, 0.05, 0.03), machine=0.99)).startswith("The bridge was the bottleneck:")


def test_load_on_schedule_has_no_bottleneck():
    assert sentence(sample(1.0, behind_ms=2.0), sample(2.0, behind_ms=12.5), sample(3.0)) == (
        "No bottleneck: the load generator set the pace, at most 12.5 ms behind its schedule."
    )


def test_load_without_schedule_and_busy_process_has_no_bottleneck():
    assert sentence(sample(1.0)) == (
        "No bottleneck: every process had capacity left; the bridge used 0.50 processors, the simulators 0.30 and the "
        "load generator 0.10."
    )


def test_bottleneck_without_samples_is_unknown():
    assert sentence(processes=()) == (
        "The bottleneck is unknown: the simulators and the load generator were not watched."
    )


def test_bottleneck_is_unknown_if_a_harness_process_was_not_watched():
    """A busy bridge proves nothing, because the unwatched process may have been busy, too."""
    assert sentence(sample(1.0, (0.95, 0.3, 0.1)), processes=(BRIDGE, SIMULATORS)) == (
        "The bottleneck is unknown: the load generator was not watched."
    )
    assert sentence(sample(1.0, (0.95, 0.3, 0.1)), processes=(BRIDGE, GENERATOR)) == (
        "The bottleneck is unknown: the simulators were not watched."
    )


def test_unwatched_bridge_is_mentioned():
    """The samples of the harness still prove that it was not the bottleneck."""
    assert sentence(sample(1.0), processes=(SIMULATORS, GENERATOR)) == (
        "No watched process was the bottleneck: the simulators used 0.30 processors and the load generator 0.10; "
        "the bridge was not watched."
    )


def test_simulators_without_bridge_are_the_tested_role():
    """Then only the load generator and the machine can excuse a missed level."""
    busy = sample(1.0, (0.0, 0.97, 0.3), machine=0.6)
    bottleneck = find_bottleneck(result(kind="paging", processes=(SIMULATORS, GENERATOR), samples=(busy,)))

    assert (bottleneck.tested, bottleneck.is_harness, bottleneck.unwatched) == ("simulators", False, ())
    assert bottleneck.sentence == (
        "The simulators were the bottleneck: they used a whole processor for 100% of the time; the load generator "
        "used 0.30 processors."
    )


def test_sample_is_weighted_by_its_duration():
    bottleneck = find_bottleneck(
        result(processes=(BRIDGE,), samples=(sample(0.5, (0.5, 0, 0)), sample(2.0, (1.0, 0, 0))))
    )
    assert [(use.cores, use.full) for use in bottleneck.uses] == [(0.875, 0.75)]


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
def test_window_spans_the_samples_with_events(window, expected):
    assert window == expected


def test_window_of_stage_counted_at_the_end_is_the_whole_time():
    """The stage `whole way` gets its only count at the end of the campaign."""
    whole = Stage(name="whole way", unit="recipients", count=1_000_000, seconds=840.0)
    load_result = campaign(
        stages=(whole,), samples=(*campaign().samples, sample(841.0, counts={"whole way": 1_000_000}))
    )
    assert stage_window(load_result, "whole way") == Window(of="whole way")


def test_bottleneck_of_a_stage_ignores_other_times():
    """The bridge is idle while the harness waits for the last receipts."""
    load_result = campaign(samples=(*campaign().samples, *(sample(float(at), (0, 0, 0)) for at in range(841, 3_000))))

    assert find_bottleneck(load_result).sentence.startswith("No bottleneck:")
    assert find_bottleneck(load_result, stage_window(load_result, "sending")).sentence.startswith(
        "The bridge was the bottleneck of sending: it used a whole processor for 100% of the time;"
    )
