"""A real browser for tests: the Chromium or Chrome on the PATH, driven by Playwright.

Playwright's own download of a browser is not used: it needs a host that is no package registry.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: A host name that tests give to this machine.
FOREIGN = "foreign.example"
#: Milliseconds, generous: a busy machine takes many seconds to start a browser, or to show a page.
PATIENCE_MS = 300_000


@contextmanager
def running_browser(foreign: str) -> Iterator["Browser"]:
    """Run a browser that resolves the host name `foreign` to this machine. Without a browser, skip the test."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(_NAMES)} is on the PATH")
    options = ["--disable-dev-shm-usage", "--no-proxy-server", f"--host-resolver-rules=MAP {foreign} 127.0.0.1"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chromium refuses to start as root with its sandbox.
        options.append("--no-sandbox")
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=options, timeout=PATIENCE_MS)
        except playwright.Error as error:
            # For example a snap without its service, or a container without user namespaces.
            pytest.skip(f"{path} does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()
