"""The browser of the tests of pages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser import FOREIGN, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Run a browser, for which `FOREIGN` is a name of this machine."""
    with running_browser(FOREIGN) as browser:
        yield browser
