"""The live page in a real browser, below the token of the control API: clock, traffic, faults, and long lists."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from browser import PATIENCE_MS
from running import RunningSimulators, running_simulators

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

START = "2026-03-02T09:00:00Z"
HOSTILE = "<img id=hostile src=x onerror=alert(1)>"
NOBODY = "http://127.0.0.1:9/receipts"


@pytest.fixture(scope="module")
def guarded() -> Iterator[RunningSimulators]:
    """Yield simulators with a token, which is a part of their URL."""
    with running_simulators("--control-token", "a-token-of-the-tests") as running:
        yield running


@pytest.fixture
def page(browser: "Browser", guarded: RunningSimulators) -> Iterator["Page"]:
    """Yield an empty page. A script that fails, or a request to another server, fails the test."""
    faults: list[str] = []
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        page.on("request", lambda sent: sent.url.startswith(guarded.control) or faults.append(sent.url))
        yield page
    assert faults == []


@pytest.fixture
def sandbox(guarded: RunningSimulators) -> dict[str, Any]:
    settings = {"seed": 7, "clock": {"mode": "virtual", "start": START}, "audience": {"customers": 100_000}}
    created: dict[str, Any] = guarded.call("POST", "/sandboxes", settings)
    return created


@pytest.fixture
def show(page, guarded, sandbox):
    """Return a function that shows a screen with the sandbox, and waits until its clock is there."""

    def shown(screen: str, query: str = "") -> "Page":
        page.goto(f"{guarded.control}/#/{screen}?sandbox={sandbox['sandbox']}{query}")
        page.get_by_role("group", name="Clock").wait_for()
        return page

    return shown


def rows(page):
    """Return the rows of the list of the screen; a choice has options, too."""
    return page.get_by_role("listbox").get_by_role("option")


def call(sandbox, service, path, **parameters):
    """Call a service of the sandbox with its credentials."""
    found = sandbox["services"][service]
    return requests.get(found["url"] + path, params={**found["credentials"], **parameters}, timeout=60)


def test_request_appears_without_reload_and_shows_its_bodies(show, sandbox):
    page = show("requests")
    page.get_by_text("No requests yet").wait_for()
    call(sandbox, "textlocal", "/balance/")
    call(sandbox, "textlocal", "/send/", numbers="447700900000")
    rows(page).filter(has_text="/balance").wait_for()
    rows(page).filter(has_text="/send").click()
    detail = page.get_by_role("complementary")
    detail.get_by_text("No message content").wait_for()
    page.keyboard.press("Escape")
    detail.wait_for(state="detached")


def test_text_of_a_stranger_is_shown_as_text(show, sandbox):
    call(sandbox, "textlocal", "/send/", numbers="447700900000", message=HOSTILE)
    page = show("requests")
    rows(page).first.click()
    page.get_by_role("complementary").get_by_text(HOSTILE).first.wait_for()
    page.get_by_role("link", name="Outbox").click()
    rows(page).first.click()
    page.get_by_label("Messages on the phone").get_by_text(HOSTILE).wait_for()
    assert page.locator("#hostile").count() == 0


@pytest.mark.slow
def test_filter_of_requests_is_part_of_the_link(show, sandbox):
    call(sandbox, "textlocal", "/balance/")
    call(sandbox, "textlocal", "/get_templates/")
    page = show("requests", "&text=balance")
    rows(page).first.wait_for()
    assert rows(page).count() == 1
    page.get_by_role("searchbox", name="Search requests").fill("")
    rows(page).filter(has_text="/get_templates").wait_for()
    assert "text=" not in page.url


@pytest.mark.slow
def test_webhook_is_sent_again(show, guarded, sandbox):
    """No server listens, so each attempt fails, and the list shows it without reload."""
    call(sandbox, "textlocal", "/send/", numbers="447700900000", message="Hi", receipt_url=NOBODY)
    guarded.call("POST", f"/sandboxes/{sandbox['sandbox']}/clock/advance", {"by_ms": 3_600_000})
    page = show("webhooks")
    rows(page).first.click()
    attempts = page.get_by_role("complementary").get_by_role("row")
    attempts.nth(1).wait_for()
    before = attempts.count()
    page.get_by_role("button", name="Send again").click()
    attempts.nth(before).wait_for()


@pytest.mark.slow
def test_one_fault_is_removed(show, guarded, sandbox):
    calls = [{"fault": "status", "call": f"textlocal.{name}"} for name in ("send", "balance")]
    guarded.call("POST", f"/sandboxes/{sandbox['sandbox']}/faults", calls)
    page = show("faults")
    faults = page.get_by_role("list", name="Active faults").get_by_role("listitem")
    faults.filter(has_text="textlocal.balance").get_by_role("button", name="Remove").click()
    page.get_by_text("1 active fault", exact=True).wait_for()
    assert "textlocal.send" in faults.inner_text()


@pytest.mark.slow
def test_clock_is_advanced_and_started_by_keyboard(show):
    page = show("overview")
    page.keyboard.press("t")
    page.get_by_label("Advance by a time, or to an instant").fill("1d 90 min")
    page.keyboard.press("Enter")
    page.locator("time[datetime='2026-03-03T10:30:00.000Z']").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.get_by_role("group", name="Clock").get_by_text("real time").wait_for()


@pytest.mark.slow
def test_list_of_100_000_rows_is_read_to_its_end(show):
    """Only the rows in view exist as elements."""
    page = show("customers")
    rows(page).first.wait_for()
    page.get_by_role("listbox").press("End")
    rows(page).filter(has_text="C0099999").wait_for()
    assert rows(page).count() < 100


@pytest.mark.slow
def test_screens_fit_into_390_pixels(show, page):
    page.set_viewport_size({"width": 390, "height": 800})
    show("overview")
    for link in page.get_by_role("navigation", name="Screens").get_by_role("link").all():
        title = link.inner_text().splitlines()[0]
        link.click()
        page.get_by_role("heading", level=1).filter(has_text=title).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, title
