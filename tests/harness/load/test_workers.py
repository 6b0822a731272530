"""The workers of a load test: names, lost ones, and reports."""

from sendproof_harness.load.counters import Counts
from sendproof_harness.load.workers import Workers, read_report, report, version_difference


def workers(*ids: str) -> Workers:
    return Workers(ids=ids, host="first", patience=60)


def test_worker_on_another_machine_is_named_with_it():
    two = workers("first_1f", "web_2_9a")
    assert [two.name(0), two.name(1)] == ["load generator 1", "load generator 2 on web_2"]


def test_silent_worker_is_lost_after_the_patience_of_the_master():
    """A busy machine holds up a worker for seconds, which changes nothing."""
    two = workers("first_1", "second_2")
    for _ in range(60):
        two.hear(0)
        assert two.count_interval(()) is None
    two.hear(0)
    assert str(two.count_interval(())).startswith("load generator 2 on second reported nothing for 60 s")


def test_worker_with_complete_share_may_be_silent():
    two = workers("first_1", "first_2")
    assert {two.count_interval({0, 1}) for _ in range(100)} == {None}


def test_simulators_of_one_machine_are_refused_for_workers_on_another():
    two = workers("first_1", "second_2")
    assert "expected simulators that second can reach, got none" in str(two.unreachable(None))
    assert "an address of this machine alone" in str(two.unreachable("http://127.0.0.1:4100"))
    assert two.unreachable("http://first:4100") is None
    assert workers("first_1", "first_2").unreachable(None) is None


def test_report_is_read_as_it_was_sent():
    counts = Counts(finished=1)
    counts.record_latency("page", 12.5, is_failed=False)
    assert read_report(report(3, counts)) == (3, counts)


def test_report_of_another_version_aborts_the_test():
    share, counts = read_report({"name": "load generator 1", "counts": {"finished": "all"}})
    assert (share, counts.aborted is not None) == (0, True)


def test_other_version_names_both():
    assert version_difference("1.0", "1.0") is None
    assert "expected Sendproof 2.0, as the master has, got 1.0" in str(version_difference("1.0", "2.0"))
