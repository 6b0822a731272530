"""The screenshots of the reports in docs/images: runs Sendproof, opens each report in Chromium, and cuts the colours.

Needs Chromium and pngquant on the PATH.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

IMAGES = Path(__file__).parent
ROOT = IMAGES.parents[1]
_SENDPROOF = [sys.executable, "-m", "sendproof_harness"]
_WIDTH = 1100
# A defect for the picture of a failed run: texts are cut at 70 characters.
_RIGHT = "final = fill(request.template.body, request.values)"
_TEXTLOCAL = "outbound/providers/textlocal.py"


def main() -> None:
    """Write every screenshot."""
    with tempfile.TemporaryDirectory(prefix="sendproof-screenshots-") as name, sync_playwright() as driver:
        folder = Path(name)
        _run_all(folder)
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        _take(browser, folder)
        browser.close()


def _run_all(folder: Path) -> None:
    faulty = _faulty_bridge(folder / "faulty")
    small = _small_campaign(folder)
    _sendproof(folder, "run", "scheduled/first_campaign")
    for _ in range(2):
        _sendproof(folder, "run", "triggered/third_visit", small, "--provider", "textlocal")
    _sendproof(folder, "run", small, PYTHONPATH=str(faulty))
    _sendproof(folder, "contract")
    _sendproof(folder, "load", "triggers", "--rate", "50", "--seconds", "20")


def _small_campaign(folder: Path) -> str:
    """Write the first campaign of the library with few customers, and return the path of the file."""
    source = (ROOT / "scenarios" / "scheduled" / "first_campaign.yaml").read_text("utf-8")
    file = folder / "spring_week.yaml"
    file.write_text(source.replace("customers: 10000", "customers: 60"), "utf-8")
    return file.name


def _faulty_bridge(folder: Path) -> Path:
    """Write a copy of the reference bridge with a defect, and return the folder for PYTHONPATH."""
    shutil.copytree(ROOT / "bridge" / "sendproof_bridge", folder / "sendproof_bridge")
    file = folder / "sendproof_bridge" / _TEXTLOCAL
    source = file.read_text("utf-8")
    file.write_text(source.replace(_RIGHT, f"{_RIGHT}[:70]"), "utf-8")
    return folder


def _sendproof(folder: Path, *words: str, **environment: str) -> None:
    subprocess.run(
        [*_SENDPROOF, *words], cwd=folder, env={**os.environ, **environment}, check=False, stdout=subprocess.DEVNULL
    )


def _take(browser: Browser, folder: Path) -> None:
    results = folder / "results"
    failed = results / "spring_week" / "report.html"
    _screenshot(_open(browser, results / "first_campaign" / "report.html"), "report.png", "#recipients")
    _screenshot(_open(browser, failed), "report-fail.png", "#findings")
    page = _open(browser, failed)
    page.locator("#people tbody tr").first.get_by_role("link").click()
    _part(page, "details.person[open]", "story.png")
    _screenshot(_open(browser, results / "index.html"), "index.png", "#runs")
    _screenshot(_open(browser, results / "contract" / "report.html"), "contract.png", "#calls table")
    _part(_open(browser, results / "load_triggers" / "report.html"), "#plots", "load.png")


def _open(browser: Browser, file: Path) -> Page:
    page = browser.new_page(viewport={"width": _WIDTH, "height": 800}, color_scheme="light")
    page.goto(file.as_uri())
    # The machine of the author is of no interest to readers.
    page.evaluate(
        "document.querySelectorAll('dt').forEach(name => name.textContent === 'Machine'"
        " && (name.nextElementSibling.textContent = '8 cores, Linux, Python 3.12'))"
    )
    return page


def _screenshot(page: Page, name: str, last: str) -> None:
    """Take the page from its top to the end of one part."""
    box = page.locator(last).first.bounding_box()
    if box is None:
        raise RuntimeError(f"expected {last} in the page, got none")
    clip: FloatRect = {"x": 0, "y": 0, "width": _WIDTH, "height": box["y"] + box["height"] + 20}
    page.screenshot(path=IMAGES / name, full_page=True, clip=clip)
    _reduce(name)


def _part(page: Page, part: str, name: str) -> None:
    page.locator(part).first.screenshot(path=IMAGES / name)
    _reduce(name)


def _reduce(name: str) -> None:
    subprocess.run(["pngquant", "--force", "--ext", ".png", "--strip", "--speed", "1", str(IMAGES / name)], check=True)


if __name__ == "__main__":
    main()
