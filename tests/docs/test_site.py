"""The pages of the documentation site; `make site` builds it with MkDocs, which checks every link once more."""

from pathlib import Path

import pytest

from repository import ROOT
from site_pages import BrokenLinkError, find_pages, sections, stage


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a folder with a home page, contents, a guide, and a folder with and one without a README."""
    for name, text in {
        "README.md": "# Home\n\n[docs](docs)\n",
        "docs/README.md": "# Contents\n\n## Guides\n\n[Guide](guide.md), [API](../api), [code](../code)\n",
        "docs/guide.md": "# Guide\n\n![Picture](images/a.svg)\n\n```text\n[not a link](nowhere.md)\n```\n",
        "docs/images/a.svg": "<svg/>",
        "api/README.md": "# API\n",
        "code/x.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_site_has_every_page_that_the_documentation_leads_to(small):
    assert find_pages(small) == ("README.md", "docs/README.md", "docs/guide.md", "api/README.md")
    assert sections(small) == {"Guides": ("docs/guide.md", "api/README.md")}


def test_staged_pages_keep_their_places_with_their_pictures(small, tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    settings = stage(small, target).read_text()

    assert (target / "pages" / "docs" / "images" / "a.svg").read_text() == "<svg/>"
    assert '  - "Guides":\n    - "docs/guide.md"\n    - "api/README.md"\n' in settings


def test_link_to_a_folder_becomes_one_to_its_readme_or_text(small, tmp_path_factory):
    target = tmp_path_factory.mktemp("site")
    stage(small, target)

    contents = (target / "pages" / "docs" / "README.md").read_text()
    assert "[Guide](guide.md), [API](../api/README.md), code\n" in contents


def test_broken_link_is_an_error_that_names_the_page(small):
    (small / "docs" / "guide.md").write_text("[gone](gone.md)")

    with pytest.raises(BrokenLinkError, match=r"docs/guide\.md: expected an existing file, got gone\.md"):
        find_pages(small)


def test_each_document_of_the_repository_is_in_the_site():
    pages = set(find_pages(ROOT))

    assert [
        name for name in (path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")) if name not in pages
    ] == []
    assert {"README.md", "ARCHITECTURE.md", "SECURITY.md", "openapi/README.md"} <= pages
