"""What all tests share: running simulators, and the order in which the tests run."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from running import RunningSimulators, running_simulators

# Time is not judged, and examples are the same in each run: a slow machine or bad luck must not fail a right change.
settings.register_profile(
    "sendproof", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sendproof")


@pytest.fixture(scope="session")
def simulators() -> Iterator[RunningSimulators]:
    """Running simulators, shared by all tests of a worker: each test has a sandbox of its own."""
    with running_simulators() as running:
        yield running
