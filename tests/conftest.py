"""The order in which the tests run, and what all of them share: Hypothesis' settings, running simulators."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from running import RunningSimulators, running_simulators

# Time is not judged, and examples are the same in each run: a slow machine or bad luck must not fail a right change.
settings.register_profile(
    "sendproof", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sendproof")


# What takes longest begins, so that it is not what the others wait for at the end. The longest is the first.
LONGEST = (
    "tests/docs/test_commands.py",
    "tests/end_to_end/",
    "tests/contract/",
    "tests/laws/test_determinism.py",
    "tests/simulators/test_adding_a_provider.py",
    "tests/bridge/steps/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by how long those of their folder or file take."""
    items.sort(key=lambda item: next((place for place, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99))


@pytest.fixture(scope="session")
def simulators() -> Iterator[RunningSimulators]:
    """Running simulators, shared by all tests of a worker: each test has a sandbox of its own."""
    with running_simulators() as running:
        yield running
