"""Settings and fixtures of all tests, and the order of the tests."""

import gc
import os
import signal
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from fuzzing import tries
from left_processes import end_with_these_tests
from running import RunningSimulators, running_simulators

# Without deadlines and with the same examples in each run, neither a slow machine nor chance can fail a correct change.
settings.register_profile(
    "sendproof",
    max_examples=tries(100),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("sendproof")

# All simulators that the tests start check what they send against the contracts, and end with a failure otherwise.
os.environ["SENDPROOF_STRICT"] = "1"

# A shell starts a background job with SIGINT ignored, and every child inherits that. Tests of Ctrl-C need the default.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Whatever ends the tests, also a CI server that kills them, no process of theirs is left.
end_with_these_tests()

# The folders and files with the longest tests, the longest first. They start first, so that no worker ends alone.
LONGEST = (
    "tests/docs/test_commands.py",
    "tests/docs/test_screenshots.py",
    "tests/end_to_end/",
    "tests/interrupts/",
    "tests/chaos/",
    "tests/contract/",
    "tests/architecture/test_determinism.py",
    "tests/simulators/test_adding_a_provider.py",
    "tests/bridge/jobs/",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: it would look at thousands of tests again and again, also later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first."""
    items.sort(key=lambda item: next((place for place, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99))


@pytest.fixture(scope="session")
def simulators() -> Iterator[RunningSimulators]:
    """Return running simulators, which all tests of a worker share: each test creates its own sandbox."""
    with running_simulators() as running:
        yield running
