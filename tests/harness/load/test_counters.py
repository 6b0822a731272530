"""Counts of several processes, and their sum."""

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


def counts_of(events) -> Counts:
    """Return the counts of one process for (stage, count, at)."""
    counts = Counts()
    for stage, count, at in events:
        counts.record_events(stage, "messages", count, at)
    return counts


@given(EVENTS, EVENTS)
def test_merged_counts_equal_counts_of_one_process(first, second):
    assert stage_results(merge_counts([counts_of(first), counts_of(second)])) == stage_results(
        counts_of([*first, *second])
    )


def test_stage_starts_before_its_first_event():
    """Pages can be read from the announcement on, so the stage of reading starts there."""
    counts = Counts()
    counts.record_start("reading", "rows", 2.0)
    assert stage_results(counts) == ()
    counts.record_events("reading", "rows", 10, 4.0)
    assert stage_results(counts) == (Stage(name="reading", unit="rows", count=10, seconds=2.0),)


def test_merged_losses_keep_three_examples():
    parts = [Counts(), Counts()]
    for number, part in enumerate(parts):
        part.record_checked("lost", "messages", "bridge", 10)
        for nth in range(4):
            part.record_losses("lost", f"{number}.{nth}")
    (loss,) = loss_results(merge_counts(parts))
    assert loss == Loss(
        name="lost", count=8, looked_at=20, unit="messages", blame="bridge", examples=("0.0", "0.1", "0.2")
    )


def test_merged_counts_have_largest_delay_and_first_abort():
    late, aborted = Counts(), Counts(finished=1, aborted=("no response", "harness"))
    late.record_delay(20.0)
    late.record_delay(7.0)
    total = merge_counts([Counts(finished=2), late, aborted])
    assert (total.behind_ms, total.aborted, total.finished) == (20.0, ("no response", "harness"), 3)


def test_counts_survive_transfer_to_another_process():
    counts = counts_of([("reading", 3, 1.5)])
    counts.record_checked("lost", "messages", "bridge", 2)
    assert counts_from_builtins(counts_to_builtins(counts)) == counts
