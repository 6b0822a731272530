"""Counts of several processes add up, whatever becomes of single messages."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_harness.load.counters import (
    Counts,
    counts_from_builtins,
    counts_to_builtins,
    loss_results,
    merge_counts,
    stage_results,
)
from sendproof_harness.load.model import Loss, Stage

EVENTS = st.lists(st.tuples(st.sampled_from(["reading", "sending"]), st.integers(1, 9), st.floats(0, 100)), max_size=20)


def counted(events) -> Counts:
    """What one process has seen."""
    counts = Counts()
    for stage, count, at in events:
        counts.record_events(stage, "messages", count, at)
    return counts


@given(EVENTS, EVENTS)
def test_two_processes_count_as_one(mine, yours):
    """Sums, the first of all and the last of all."""
    assert stage_results(merge_counts([counted(mine), counted(yours)])) == stage_results(counted([*mine, *yours]))


def test_a_stage_can_begin_before_anything_happens_in_it():
    """From the announcement on, pages can be read."""
    counts = Counts()
    counts.record_start("reading", "rows", 2.0)
    assert stage_results(counts) == ()
    counts.record_events("reading", "rows", 10, 4.0)
    assert stage_results(counts) == (Stage(name="reading", unit="rows", count=10, seconds=2.0),)


def test_examples_are_few_and_numbers_are_whole():
    """Three examples, of however many processes."""
    parts = [Counts(), Counts()]
    for number, part in enumerate(parts):
        part.record_checked("lost", "messages", "bridge", 10)
        for nth in range(4):
            part.record_losses("lost", f"{number}.{nth}")
    (loss,) = loss_results(merge_counts(parts))
    assert loss == Loss(
        name="lost", count=8, looked_at=20, unit="messages", blame="bridge", examples=("0.0", "0.1", "0.2")
    )


def test_the_latest_process_and_the_first_trouble_count():
    """How late anybody was, and why it could not go on."""
    late, in_trouble = Counts(), Counts(finished=1, aborted=("no answer", "harness"))
    late.record_delay(20.0)
    late.record_delay(7.0)
    whole = merge_counts([Counts(finished=2), late, in_trouble])
    assert (whole.behind_ms, whole.aborted, whole.finished) == (20.0, ("no answer", "harness"), 3)


def test_counts_survive_the_way_to_another_process():
    """As plain values and back."""
    counts = counted([("reading", 3, 1.5)])
    counts.record_checked("lost", "messages", "bridge", 2)
    assert counts_from_builtins(counts_to_builtins(counts)) == counts
