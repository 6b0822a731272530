import pytest

from optimove_alone import Optimove


@pytest.fixture
def optimove() -> Optimove:
    """Return a simulator in a small sandbox."""
    return Optimove()
