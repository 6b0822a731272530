"""The screenshots of the documentation show pages that exist. Smaller runs take a minute off."""

import struct
from pathlib import Path

import pytest

from browser import running_browser
from repository import ROOT
from screenshots import Sizes, run_all, take

PUBLISHED = ROOT / "docs" / "images"


def size(file: Path) -> tuple[int, int]:
    """Return the width and height of a PNG file, which its first chunk states."""
    width, height = struct.unpack(">II", file.read_bytes()[16:24])
    return width, height


@pytest.mark.exhaustive
def test_each_screenshot_of_the_documentation_can_be_taken(tmp_path: Path) -> None:
    """A report whose parts have other names would leave the pictures out of date."""
    runs, images = tmp_path / "runs", tmp_path / "images"
    runs.mkdir()
    run_all(runs, Sizes(customers=300, load_s=2))
    with running_browser("elsewhere.example") as browser:
        taken = take(browser, runs, images)

    assert {file.name for file in taken} == {file.name for file in PUBLISHED.glob("*.png")}
    assert [file.name for file in taken if size(file)[0] != size(PUBLISHED / file.name)[0]] == []
    assert min(size(file)[1] for file in taken) > 100
