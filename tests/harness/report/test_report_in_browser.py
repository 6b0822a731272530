"""The HTML report in a real browser: search, stories, terms, a narrow screen, and print."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import FOREIGN, PATIENCE_MS, running_browser
from history_builder import build_correct_run
from sendproof_harness.report import html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Nothing of the report is longer than a word that a bridge may send.
CAUSE = "Wrong" + "VeryLong" * 30


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with running_browser(FOREIGN) as running:
        yield running


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a run in which 300 recipients get a wrong text."""
    run = build_correct_run(customers=300, page=1_000).change("delivery", lambda line: line | {"text": CAUSE})
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html.render(run.verdict(), run.history()), encoding="utf-8")
    return file


@pytest.fixture
def page(browser: "Browser", report: Path) -> Iterator["Page"]:
    """Return the report on a narrow screen, and fail if it asks for anything but itself."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(report.as_uri())
    yield page
    page.close()
    assert requested == [report.as_uri()]


def test_search_hides_everything_else(page: "Page") -> None:
    page.keyboard.press("/")
    page.keyboard.type("C0000007")
    page.locator("form.search output", has_text="person").wait_for()

    assert page.locator("#people tbody tr:visible").count() == 1
    assert page.locator("#checks tbody tr:visible").count() == 0
    page.keyboard.press("Escape")
    assert page.locator("#checks tbody tr:visible").count() > 10


@pytest.mark.slow
def test_link_to_a_hidden_part_ends_the_search(page: "Page") -> None:
    page.locator(".search input").fill("C0000007")
    page.locator("form.search output", has_text="person").wait_for()
    page.locator("header nav").get_by_role("link", name="Checks").click()

    assert page.locator(".search input").input_value() == ""
    assert page.locator("#checks tbody tr:visible").count() > 10


@pytest.mark.slow
def test_link_of_a_person_opens_the_story(page: "Page") -> None:
    page.locator("#people tbody tr", has_text="C0000003").get_by_role("link").click()

    page.locator("details.person[open]", has_text="C0000003").wait_for()
    assert page.locator("details.person[open] table.story tr:visible").count() > 3


def test_term_explains_itself_to_the_keyboard(page: "Page") -> None:
    page.locator(".term", has_text="Sandbox").focus()

    assert page.locator(".explanation:visible").inner_text().startswith("One isolated environment")


def test_page_is_not_wider_than_a_narrow_screen(page: "Page") -> None:
    """Tables scroll by themselves; long words break."""
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.slow
def test_print_has_twenty_people_on_a_few_pages(page: "Page") -> None:
    """Otherwise, each person takes half a page."""
    page.emulate_media(media="print")
    assert page.locator("#people tbody tr:visible").count() == 20
    assert page.locator("#stories:visible").count() == 0

    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    assert 1 <= len(pages) <= 12
