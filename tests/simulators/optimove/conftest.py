import pytest

from optimove_alone import Optimove


@pytest.fixture
def optimove() -> Optimove:
    """A simulator in a small world."""
    return Optimove()
