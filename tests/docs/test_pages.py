"""The generated files are up to date: the reference pages, and the data of the harness about faults."""

import pytest

from pages import DATA, FOLDER, PAGES
from repository import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_reference_page_is_up_to_date(name):
    """`make docs` updates it."""
    assert (FOLDER / name).read_text() == PAGES[name]()


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_generated_data_is_up_to_date(path):
    """`make docs` updates it. So a new kind of fault is one file in the simulators."""
    assert path.read_text() == DATA[path]()


def test_reference_folder_contains_only_generated_pages():
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_reference_page_has_a_title_and_is_in_the_index(name):
    assert PAGES[name]().startswith("# ")
    assert f"(reference/{name})" in (ROOT / "docs" / "README.md").read_text()
