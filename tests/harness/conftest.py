"""Fixtures for the tests of the harness."""

import pytest

from history_builder import HistoryBuilder, build_correct_run


@pytest.fixture(scope="session")
def correct_run() -> HistoryBuilder:
    """Return a run without a defect; builders are immutable, so all tests can share it."""
    return build_correct_run()
