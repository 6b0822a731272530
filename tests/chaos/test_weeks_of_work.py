"""The parts of `make soak` that take no weeks: its scenario, its samples and its bounds."""

import os
from pathlib import Path

import pytest
import yaml

from sendproof_harness.scenario.load import load_scenarios
from weeks_of_work import ProcessState, WeekSample, broken_bounds, growth_lines, process_state, scenario

MB = 1024 * 1024


def weeks(*, simulators_mb=0.0, bridge_mb=0.0, descriptors=0):
    """Return twelve weeks, in each of which 1,000 entries come in and a program grows by so much."""
    return [
        WeekSample(
            week=week,
            entries=1_000 * week,
            simulators=ProcessState(memory=int((100 + simulators_mb * week) * MB), descriptors=30),
            bridge=ProcessState(memory=int((60 + bridge_mb * week) * MB), descriptors=20 + descriptors * week),
        )
        for week in range(1, 13)
    ]


def test_steady_programs_keep_every_bound():
    assert broken_bounds(weeks(simulators_mb=1, bridge_mb=0.3)) == []


def test_bridge_that_grows_each_week_breaks_its_bound():
    assert broken_bounds(weeks(bridge_mb=5)) == [
        "bridge: expected at most 10 MB of growth after the first weeks, got 45 MB"
    ]


def test_simulators_may_grow_only_with_their_journal():
    (broken,) = broken_bounds(weeks(simulators_mb=20))
    assert broken.startswith("simulators: expected at most")
    assert broken.endswith("got 180 MB")


def test_descriptors_that_stay_open_break_the_bound():
    assert broken_bounds(weeks(descriptors=2)) == ["bridge: expected at most 36 open file descriptors, got 44"]


def test_growth_is_measured_for_each_entry():
    assert growth_lines(weeks(simulators_mb=1))[0].startswith(
        "simulators: 9.0 MB for 9,000 entries of the journal, 1,049 bytes each; bound"
    )


def test_each_week_has_a_campaign_of_every_provider(tmp_path):
    file = tmp_path / "soak.yaml"
    file.write_text(yaml.safe_dump(scenario(12, 100)))
    (loaded,) = load_scenarios(file)
    assert len(loaded.campaigns) == 36


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the samples are read from /proc, which Linux has")
def test_sample_counts_the_open_files_of_a_process(tmp_path):
    with (tmp_path / "first").open("w"), (tmp_path / "second").open("w"):
        state = process_state(os.getpid())
    # Two files, and the standard streams.
    assert state.descriptors >= 5
    assert state.memory > MB
