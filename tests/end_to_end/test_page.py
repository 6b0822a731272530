"""The live page in a real browser, with the reference bridge: what a marketer and a vendor do there by hand."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import PATIENCE_MS, running_browser
from running import RunningSimulators, running_simulators
from running_bridge import BridgeProcess, Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TEMPLATE = {"title": "Spring welcome", "body": "Hello {{FIRST_NAME}}, spring is here."}


@pytest.fixture(scope="module")
def judged() -> Iterator[RunningSimulators]:
    """Yield simulators with a judge."""
    with running_simulators(program="sendproof_harness") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with running_browser("foreign.example") as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", judged: RunningSimulators) -> Iterator["Page"]:
    """Yield an empty page. A script that fails, or a request to another server, fails the test."""
    faults: list[str] = []
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda sent: sent.url.startswith(judged.control) or faults.append(sent.url))
        yield page
    assert faults == []


@pytest.fixture
def sandbox(judged: RunningSimulators, tmp_path: Path) -> Iterator[Sandbox]:
    """Yield a sandbox in which the reference bridge has listed a template on the channel."""
    sandbox = Sandbox(judged, 60)
    sandbox.add_templates(TEMPLATE)
    bridge = BridgeProcess(tmp_path, sandbox)
    try:
        bridge.start()
        sandbox.advance(by_ms=60_000)
        yield sandbox
    finally:
        bridge.clean_up()


def open_screen(page: "Page", judged: RunningSimulators, sandbox: Sandbox, screen: str) -> None:
    page.goto(f"{judged.control}/#/{screen}?sandbox={sandbox.created['sandbox']}")


def schedule(page: "Page", campaign: int, first: int, send_at: str) -> None:
    """Schedule a campaign to ten customers with the form, and wait until it is announced."""
    page.get_by_role("link", name="Schedule campaign").click()
    page.get_by_label("Campaign id").fill(str(campaign))
    page.get_by_label("Customers").fill("10")
    page.get_by_label("From position").fill(str(first))
    page.get_by_label("Send time").fill(send_at)
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("heading", name=f"Campaign {campaign}").wait_for()


def test_marketer_drives_a_campaign_from_schedule_to_verdict(page, judged, sandbox):
    open_screen(page, judged, sandbox, "campaigns")
    schedule(page, 7001, 0, "+1h")
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    schedule(page, 7002, 20, "+1d")

    page.get_by_role("button", name="Cancel campaign").click()
    page.get_by_role("button", name="Cancel it now").click()
    page.get_by_text("Cancelled", exact=True).first.wait_for()

    page.get_by_role("link", name="Faults").click()
    page.get_by_role("button", name="Add fault").click()
    page.get_by_label("Call", exact=True).fill("optimove.UpdateCampaignMetrics")
    page.get_by_role("form", name="New fault").get_by_role("button", name="Add fault").click()
    page.get_by_text("waiting", exact=True).wait_for()

    page.get_by_role("button", name="Advance 1 week").click()
    page.get_by_text("injected 1 time").wait_for()

    page.get_by_role("link", name="Outbox").click()
    page.get_by_role("listbox", name="Messages").get_by_role("option").first.click()
    text = page.get_by_label("Messages on the phone").inner_text()
    assert re.search(r"Hello \w+, spring is here\.", text)

    page.get_by_role("link", name="Findings").click()
    page.get_by_role("button", name="Judge now").click()
    verdict = page.get_by_label("Verdict")
    verdict.wait_for()
    print(verdict.inner_text())
