"""The live page in a real browser: what a marketer, a vendor and a support engineer do there by hand."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from browser import PATIENCE_MS
from running import RunningSimulators, running_simulators
from running_bridge import BridgeProcess, Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The width of the page, or of what scrolls in it if that is wider.
WIDEST = """Math.max(...[document.documentElement, ...document.querySelectorAll(".scroll, .list, .heading")]
    .map((element) => element.scrollWidth))"""
TEMPLATE = {"title": "Spring welcome", "body": "Hello {{FIRST_NAME}}, spring is here."}


@pytest.fixture(scope="module")
def judged() -> Iterator[RunningSimulators]:
    """Yield simulators with a judge."""
    with running_simulators(program="sendproof_harness") as running:
        yield running


@pytest.fixture
def page(browser: "Browser", judged: RunningSimulators) -> Iterator["Page"]:
    """Yield an empty page. A script that fails, or a request to another server, fails the test."""
    wrong: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(judged.control) else wrong.append(sent.url))
        yield page
        # Pytest shows this with a failure only.
        sys.stdout.write(f"{page.url}\n{page.inner_text('body')}\n")
    assert wrong == []


@pytest.fixture
def bridged(judged: RunningSimulators, tmp_path: Path) -> Iterator[str]:
    """Yield the name of a sandbox in which the reference bridge has listed a template on the channel."""
    sandbox = Sandbox(judged, 60)
    sandbox.add_templates(TEMPLATE)
    bridge = BridgeProcess(tmp_path, sandbox)
    try:
        bridge.start()
        sandbox.advance(by_ms=60_000)
        yield sandbox.created["sandbox"]
    finally:
        bridge.clean_up()


def schedule(page: "Page", campaign: int, *, first: int, send_at: str) -> None:
    """Schedule a campaign to thirty customers with the form, and wait until its own screen is shown."""
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Campaigns").click()
    page.get_by_role("link", name="Schedule campaign").first.click()
    page.get_by_label("Campaign id").fill(str(campaign))
    page.get_by_label("Customers").fill("30")
    page.get_by_label("From position").fill(str(first))
    page.get_by_label("Send time").fill(send_at)
    wait_for_preview(page)
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("heading", name=f"Campaign {campaign}").wait_for()


def wait_for_preview(page: "Page") -> None:
    """Wait until a form has loaded the templates and chosen one."""
    page.get_by_role("complementary", name="Preview").get_by_text("spring is here").wait_for()


def advance(page: "Page", step: str, *, to: str) -> None:
    """Advance the clock by a step, and wait until it shows the instant."""
    page.get_by_role("button", name=f"Advance {step}").click()
    page.locator(f".clock time[datetime^='{to}']").wait_for()


def open_screen(page: "Page", name: str) -> None:
    page.get_by_role("navigation", name="Screens").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()


@pytest.mark.slow
def test_marketer_follows_a_campaign_from_its_schedule_to_the_verdict(page, judged, bridged):
    page.goto(f"{judged.control}/#/campaigns?sandbox={bridged}")
    schedule(page, 7001, first=20, send_at="+1h")
    schedule(page, 7002, first=0, send_at="+1d")

    # Cancel one; watch the other go out, and read a text.
    page.get_by_role("button", name="Cancel campaign").click()
    page.get_by_role("button", name="Cancel it now").click()
    page.get_by_label("Campaign 7002").get_by_text("Cancelled").first.wait_for()
    open_screen(page, "Outbox")
    page.get_by_text("No message yet").wait_for()
    advance(page, "1 h", to="2026-03-02T01:01")
    page.get_by_role("listbox", name="Messages").get_by_role("option").first.click()
    page.get_by_label("Messages on the phone").get_by_text(re.compile(r"Hello \S+, spring is here\.")).wait_for()

    # One push of metrics fails; the bridge has to repeat it.
    open_screen(page, "Faults")
    page.get_by_role("button", name="Add fault").first.click()
    form = page.get_by_role("form", name="New fault")
    form.get_by_label("Call", exact=True).fill("optimove.UpdateCampaignMetrics")
    form.get_by_role("button", name="Add fault").click()
    page.get_by_text("waiting", exact=True).wait_for()
    advance(page, "1 week", to="2026-03-09T01:01")
    page.get_by_text("injected 1").wait_for()
    advance(page, "1 day", to="2026-03-10T01:01")

    open_screen(page, "Findings")
    page.get_by_role("button", name="Judge now").click()
    verdict = page.get_by_role("region", name="Verdict")
    verdict.get_by_text("pass", exact=True).wait_for()
    verdict.get_by_text(re.compile(r"All \d+ recipients got the right message at the right time, once\.")).wait_for()


@pytest.fixture
def large(judged: RunningSimulators) -> str:
    """Return the name of a sandbox with ten million customers, no bridge, and a template on a channel for triggers."""
    audience = {"customers": 10_000_000, "opted_out": 0, "unusable_numbers": 0}
    channels = [{"id": 250, "provider": "delivyr", "kind": "triggered"}]
    settings = {"seed": 7, "clock": {"mode": "virtual"}, "audience": audience, "channels": channels}
    created = judged.call("POST", "/sandboxes", settings)
    name: str = created["sandbox"]
    (template,) = judged.call("POST", f"/sandboxes/{name}/providers/delivyr/templates", [TEMPLATE])
    optimove = created["services"]["optimove"]
    requests.post(
        f"{optimove['url']}/current/integrations/AddChannelTemplates?ChannelID=250",
        json=[{"TemplateID": 1, "TemplateName": f"{template['id']} - {TEMPLATE['title']}"}],
        headers={"X-API-KEY": optimove["credentials"]["api_key"]},
        timeout=60,
    ).raise_for_status()
    return name


@pytest.mark.slow
def test_support_engineer_finds_one_customer_of_millions_by_keyboard(page, judged, large):
    """With an element for each row, the list would take minutes and gigabytes."""
    page.goto(f"{judged.control}/#/customers?sandbox={large}")
    customers = page.get_by_role("listbox", name="Customers")
    customers.get_by_text("C0000000").wait_for()
    customers.focus()
    page.keyboard.press("End")
    customers.get_by_text("C9999999").wait_for()
    assert customers.get_by_role("option").count() < 60

    page.keyboard.press("/")
    page.keyboard.type("C0000042")
    page.get_by_text("1 customer", exact=True).wait_for()
    customers.get_by_text("C0000042").wait_for()
    page.keyboard.press("Escape")
    customers.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="C0000042").wait_for()
    page.get_by_text("No campaign or trigger has addressed this customer.").wait_for()


@pytest.mark.slow
def test_marketer_defines_a_trigger_and_sees_what_came_back(page, judged, large):
    page.goto(f"{judged.control}/#/triggers?sandbox={large}")
    page.get_by_role("link", name="Define trigger").click()
    form = page.get_by_role("form", name="Define trigger")
    form.get_by_label("Name").fill("Second visit")
    form.get_by_label("Times").fill("2")
    wait_for_preview(page)
    form.get_by_role("button", name="Define trigger").click()
    page.get_by_role("heading", name="Second visit").wait_for()
    page.get_by_label("Customers", exact=True).fill("C0000042")
    page.get_by_label("Times each").fill("2")
    page.get_by_role("button", name="Record events").click()

    came_back = page.get_by_role("region", name="What came back")
    came_back.get_by_text("2 events recorded, 1 trigger fired.").wait_for()
    came_back.get_by_text("No listener for event 11, or not sent yet.").wait_for()
    came_back.get_by_role("link", name="C0000042").click()
    page.get_by_role("heading", name="C0000042").wait_for()
    page.get_by_role("link", name="Second visit").wait_for()


#: A script: requests for the sandbox `mails` wait until `release()`.
HELD_CHANNELS = """
const send = fetch, released = new Promise(resolve => { window.release = resolve; });
window.fetch = async (...request) => {
  if (String(request[0]?.url ?? request[0]).endsWith("/sandboxes/mails")) await released;
  return send(...request);
};
"""


@pytest.mark.slow
def test_marketer_writes_an_email_with_its_subject(page, judged):
    """A provider that only sends e-mails accepts no other template. The form opens before the channels are known."""
    channels = [{"id": 504, "provider": "smtp", "message": "email"}]
    mails = {"name": "mails", "seed": 1, "audience": {"customers": 2, "addresses": {}}, "channels": channels}
    requests.post(f"{judged.control}/control/sandboxes", json=mails, timeout=60).raise_for_status()
    page.add_init_script(HELD_CHANNELS)
    page.goto(f"{judged.control}/#/campaigns/templates?sandbox=mails")
    page.get_by_role("button", name="New template").first.click()
    page.evaluate("release()")
    form = page.get_by_role("form", name="Template")
    form.get_by_label("Title").fill("Spring")
    form.get_by_label("Subject").fill("Hello {{FIRST_NAME}}")
    form.get_by_label("HTML").fill("<p>Spring is here.</p>")
    form.get_by_role("button", name="Save template").click()
    row = page.get_by_role("row").filter(has_text="Spring is here")
    row.wait_for()
    assert [row.get_by_text(text, exact=True).count() for text in ("Hello {{FIRST_NAME}}", "e-mail")] == [1, 1]


@pytest.mark.slow
def test_no_screen_is_wider_than_a_phone(page, judged, large):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{judged.control}/?#/overview?sandbox={large}")
    wide = []
    for link in page.get_by_role("navigation", name="Screens").get_by_role("link").all():
        name = link.get_attribute("href")
        link.click()
        page.locator(f".nav a[aria-current][href='{name}']").wait_for()
        page.locator("main h1").wait_for()
        if page.evaluate(WIDEST) > 390:
            wide.append(name)
    assert wide == []
