"""The API documentation in a browser: a reader finds an operation, tries it, and sees what was wrong with it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser import PATIENCE_MS
from running import running_simulators

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

TOKEN = "a-token-of-16-characters"


@pytest.fixture(scope="module")
def url(browser: "Browser") -> Iterator[str]:
    """Yield the URL of the documentation of simulators that need a token."""
    del browser
    with running_simulators("--examples", "--control-token", TOKEN) as running:
        yield f"{running.control}/docs"


def _is_error(message: "ConsoleMessage") -> bool:
    """Return True for an error of the page; the browser also reports each refusal of a service."""
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """Open a page that must print no error and call no other host."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if _is_error(message) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if "127.0.0.1" not in request.url else None)
    yield page
    page.close()
    assert wrong == []


@pytest.mark.slow
def test_reader_tries_an_operation_and_its_refusal(page: "Page", url: str) -> None:
    page.goto(f"{url}/textlocal")
    page.get_by_role("link", name="POST send", exact=True).click()
    page.get_by_role("button", name="Send POST").click()
    response = page.get_by_role("region", name="Response")
    response.get_by_text("200 OK").wait_for()
    assert '"status": "success"' in response.inner_text()

    page.get_by_role("textbox", name="numbers", exact=True).fill("")
    page.get_by_role("button", name="Send POST").click()
    response.get_by_text("No recipients specified").wait_for()


def test_signed_request_is_accepted(page: "Page", url: str) -> None:
    page.goto(f"{url}/optimove-metrics#/saveEvent")
    page.get_by_role("button", name="Send POST").click()
    page.get_by_role("region", name="Response").get_by_text("200 OK").wait_for()


@pytest.mark.slow
def test_wrong_credential_says_what_differs(page: "Page", url: str) -> None:
    page.goto(f"{url}/optimove#/GetLastDataUpdate")
    page.get_by_label("X-API-KEY").select_option(label="none")
    page.get_by_role("button", name="Send GET").click()
    page.get_by_text("you sent no credential, Optimove wants X-API-KEY").wait_for()


@pytest.mark.slow
def test_contract_can_be_downloaded(page: "Page", url: str) -> None:
    page.goto(f"{url}/textlocal")
    with page.expect_download() as download:
        page.get_by_role("link", name="textlocal.yaml").click()
    assert download.value.suggested_filename == "textlocal.yaml"


@pytest.mark.parametrize(
    "chapter",
    [
        "dialects",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("overview", "send", "codes", "test-numbers")),
    ],
)
def test_nothing_is_cut_off_on_a_phone(page: "Page", url: str, chapter: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/textlocal#/{chapter}")
    page.locator(".chapter").wait_for()
    assert page.evaluate("Math.max(...[...document.querySelectorAll('*')].map((e) => e.scrollWidth))") <= 390
