"""The browser of the tests of pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser import FOREIGN, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """Run a browser for all tests of this folder. No other test may run meanwhile: Playwright has an event loop."""
    with running_browser(FOREIGN) as browser:
        yield browser
