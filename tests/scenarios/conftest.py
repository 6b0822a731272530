"""What every test of the judge starts from."""

import pytest

from stories import Story, sound_story


@pytest.fixture(scope="session")
def sound() -> Story:
    """A run in which nothing is wrong; stories are values, so every test may share it."""
    return sound_story()
