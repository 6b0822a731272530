"""What every test of the judge starts from."""

import pytest

from history_builder import Story, sound_story


@pytest.fixture(scope="session")
def sound() -> Story:
    """A run in which nothing is wrong; stories are values, so every test may share it."""
    return sound_story()
