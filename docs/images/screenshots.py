"""The screenshots of the reports in docs/images: runs Sendproof, opens each report in Chromium, and cuts the colours.

Needs Chromium and pngquant on the PATH. A test takes them too, of smaller runs and without pngquant.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

IMAGES = Path(__file__).parent
ROOT = IMAGES.parents[1]
_SENDPROOF = [sys.executable, "-m", "sendproof_harness"]
_WIDTH = 1100
# A busy machine takes long to lay out a page.
_PATIENCE_MS = 300_000
# A defect for the picture of a failed run: texts are cut at 70 characters.
_RIGHT = "final = fill(request.template.body, request.values)"
_TEXTLOCAL = "outbound/providers/textlocal.py"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much the runs do: customers of the first campaign, and seconds of the load test."""

    customers: int = 10_000
    load_s: int = 20


def main() -> None:
    """Write every screenshot into docs/images."""
    with tempfile.TemporaryDirectory(prefix="sendproof-screenshots-") as name, sync_playwright() as driver:
        run_all(Path(name), Sizes())
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for file in take(browser, Path(name), IMAGES):
            subprocess.run(["pngquant", "--force", "--ext", ".png", "--strip", "--speed", "1", str(file)], check=True)
        browser.close()


def run_all(folder: Path, sizes: Sizes) -> None:
    """Run what the screenshots show, with the results in `folder`."""
    faulty = _faulty_bridge(folder / "faulty")
    first = _campaign(folder, "first_campaign.yaml", sizes.customers)
    small = _campaign(folder, "spring_week.yaml", 60)
    _sendproof(folder, "run", first)
    for _ in range(2):
        _sendproof(folder, "run", "triggered/third_visit", small, "--provider", "textlocal")
    _sendproof(folder, "run", small, PYTHONPATH=str(faulty))
    _sendproof(folder, "contract")
    _sendproof(folder, "load", "triggers", "--rate", "50", "--seconds", str(sizes.load_s))


def _campaign(folder: Path, name: str, customers: int) -> str:
    """Write the first campaign of the library with this number of customers, and return the path of the file."""
    source = (ROOT / "scenarios" / "scheduled" / "first_campaign.yaml").read_text("utf-8")
    file = folder / name
    file.write_text(source.replace("customers: 10000", f"customers: {customers}"), "utf-8")
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


def take(browser: Browser, folder: Path, images: Path) -> list[Path]:
    """Write every screenshot of the runs in `folder` into `images`, and return the files."""
    results = folder / "results"
    failed = results / "spring_week" / "report.html"
    person = _open(browser, failed)
    person.locator("#people tbody tr").first.get_by_role("link").click()
    return [
        _top(_open(browser, results / "first_campaign" / "report.html"), images / "report.png", "#recipients"),
        _top(_open(browser, failed), images / "report-fail.png", "#findings"),
        _part(person, images / "story.png", "details.person[open]"),
        _top(_open(browser, results / "index.html"), images / "index.png", "#runs"),
        _top(_open(browser, results / "contract" / "report.html"), images / "contract.png", "#calls table"),
        _part(_open(browser, results / "load_triggers" / "report.html"), images / "load.png", "#plots"),
    ]


def _open(browser: Browser, file: Path) -> Page:
    page = browser.new_page(viewport={"width": _WIDTH, "height": 800}, color_scheme="light")
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(file.as_uri())
    # The machine of the author is of no interest to readers.
    page.evaluate(
        "document.querySelectorAll('dt').forEach(name => name.textContent === 'Machine'"
        " && (name.nextElementSibling.textContent = '8 cores, Linux, Python 3.12'))"
    )
    return page


def _top(page: Page, file: Path, last: str) -> Path:
    """Take the page from its top to the end of one part."""
    box = page.locator(last).first.bounding_box()
    if box is None:
        raise RuntimeError(f"expected {last} in the page, got none")
    clip: FloatRect = {"x": 0, "y": 0, "width": _WIDTH, "height": box["y"] + box["height"] + 20}
    page.screenshot(path=file, full_page=True, clip=clip)
    return file


def _part(page: Page, file: Path, part: str) -> Path:
    """Take one part of the page."""
    page.locator(part).first.screenshot(path=file)
    return file


if __name__ == "__main__":
    main()
