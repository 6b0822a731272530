"""The reference pages are what the code says."""

import pytest

from pages import FOLDER, PAGES
from repository import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_is_printed(name):
    """After a change: `make docs`."""
    assert (FOLDER / name).read_text() == PAGES[name]()


def test_nothing_in_the_folder_is_written_by_hand():
    """Each file is a page that is printed."""
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_first_whom_it_is_for(name):
    """Below its title, and the index of the documents leads to it."""
    title, _, rest = PAGES[name]().partition("\n\n")
    assert title.startswith("# ")
    assert rest.startswith("For who ")
    assert f"(reference/{name})" in (ROOT / "docs" / "README.md").read_text()
