"""The pictures of the documentation: small, self-contained, and about operations that exist."""

from xml.etree.ElementTree import parse

import pytest

from diagrams import flows
from repository import ROOT

IMAGES = ROOT / "docs" / "images"
LARGEST_KB = 100


@pytest.mark.parametrize("file", sorted(IMAGES.glob("*.png")), ids=lambda file: file.name)
def test_screenshot_is_small_and_used(file):
    assert file.stat().st_size < LARGEST_KB * 1_000
    assert any(f"images/{file.name}" in page.read_text() for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")))


@pytest.mark.parametrize("file", sorted(IMAGES.glob("*.svg")), ids=lambda file: file.name)
def test_diagram_has_a_title_a_description_and_no_resources(file):
    text = file.read_text()
    root = parse(file).getroot()

    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert "prefers-color-scheme: dark" in text
    assert [part for part in ("href=", "url(http", "@import", "<script") if part in text] == []


def test_picture_of_an_unknown_operation_is_refused():
    with pytest.raises(ValueError, match="expected an operation of textlocal, got bulk_xml"):
        flows._call(flows.PROVIDER, "bulk_xml", "texts")
