"""The real time that a bridge has for its start, on an idle machine and on an overloaded one."""

from dataclasses import dataclass

import pytest

from sendproof_harness.run.aborted import RunAbortedError
from sendproof_harness.run.pacing.start_limit import ProcessorWait, StartLimit


@dataclass
class Machine:
    """The seconds that have passed, and those for which processes have waited for a processor."""

    passed: float = 1_000.0
    waited: float = 50.0

    def limit(self) -> StartLimit:
        return StartLimit(limit_s=60, now=lambda: self.passed, processor_wait=ProcessorWait(lambda: self.waited))

    def work(self, seconds: float, *, waiting: float = 0.0) -> None:
        self.passed += seconds
        self.waited += waiting


@pytest.mark.parametrize(("seconds", "is_over"), [(59, False), (61, True)])
def test_limit_of_idle_machine_is_real_time(seconds: float, is_over: bool) -> None:
    machine = Machine()
    limit = machine.limit()
    machine.work(seconds)
    assert limit.is_over() is is_over


@pytest.mark.parametrize(("waiting", "is_over"), [(141, False), (139, True)])
def test_time_without_a_processor_does_not_count(waiting: float, is_over: bool) -> None:
    """A bridge that starts beside other programs is not slow."""
    machine = Machine()
    limit = machine.limit()
    machine.work(200, waiting=waiting)
    assert limit.is_over() is is_over


def test_overloaded_machine_is_blamed_at_last() -> None:
    """A run must end, however busy the machine is."""
    machine = Machine()
    limit = machine.limit()
    machine.work(301, waiting=290)
    with pytest.raises(RunAbortedError, match="processes waited 290 s for a processor") as raised:
        limit.is_over()
    assert raised.value.aborted.blame == "harness"


def test_time_left_grows_with_the_time_without_a_processor() -> None:
    machine = Machine()
    limit = machine.limit()
    machine.work(70, waiting=30)
    assert limit.left_s == 20


def test_process_that_ends_takes_no_time_from_the_others() -> None:
    """Its waits are no longer counted by the system, but they were waits."""
    machine = Machine()
    limit = machine.limit()
    machine.work(30, waiting=30)
    assert limit.left_s == 60
    machine.waited = 0
    machine.work(30)
    assert limit.left_s == 30
