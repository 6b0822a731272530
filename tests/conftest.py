"""Settings and fixtures of all tests, and the order of the tests."""

import gc
import os
import signal
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from fuzzing import tries
from item_order import order
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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector: it would look at thousands of tests again and again, also later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest of the selected tests first, in each worker."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = [items[place] for place in order([item.nodeid for item in items], workers)]


@pytest.fixture(scope="session")
def simulators() -> Iterator[RunningSimulators]:
    """Return running simulators, which all tests of a worker share: each test creates its own sandbox."""
    with running_simulators() as running:
        yield running
