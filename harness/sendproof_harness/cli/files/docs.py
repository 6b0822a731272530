"""The command `docs`: the pages, shims and example bridges, in the repository or in the installed package."""

import re
import shutil
from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.options import AsJson, print_json, refuse
from sendproof_harness.output import echo
from sendproof_harness.suggestions import suggestion

_PACKAGE = Path(__file__).parents[2]
#: What the package holds below `documentation`, with the places of the repository, so that links keep working.
CONTENT = (
    *("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "THIRD_PARTY.md"),
    *("bridge/README.md", "bridge/examples", "docs", "openapi/README.md", "scenarios/README.md"),
)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)

Page = Annotated[str | None, typer.Argument(help="Page to print, such as quickstart.", show_default=False)]
CopyTo = Annotated[
    Path | None, typer.Option("--copy-to", help="New folder for a copy of all pages, shims and example bridges.")
]


def docs(page: Page = None, copy_to: CopyTo = None, json: AsJson = False) -> None:
    """Print a page of the documentation, or list all pages.

    The pages are Markdown. With --copy-to, you also get the shims and the example bridges.

    Example: sendproof docs connect-your-bridge
    """
    if copy_to is not None:
        text, content = _copy(copy_to)
    elif page is not None:
        text, content = _read(page)
    else:
        text, content = _list()
    if json:
        print_json(content)
    else:
        echo(text)


def documentation() -> Path:
    """Return the folder whose `docs` has the pages: that of the package, or the repository."""
    installed = _PACKAGE / "documentation"
    return installed if installed.is_dir() else _PACKAGE.parent.parent


def _pages() -> dict[str, Path]:
    """Return the pages by their names, those in `docs` first."""
    paths = (path for name in CONTENT for path in _markdown_files(documentation() / name))
    return {_name(path.relative_to(documentation()).as_posix()): path for path in sorted(paths, key=_is_elsewhere)}


def _markdown_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.md")) if path.is_dir() else [path]


def _is_elsewhere(path: Path) -> bool:
    return not path.is_relative_to(documentation() / "docs")


def _name(path: str) -> str:
    return path.removeprefix("docs/").removesuffix(".md")


def _find(page: str) -> Path:
    pages, name = _pages(), _name(page)
    if name not in pages:
        refuse(f"no page {page!r}; {suggestion(name, pages, command='sendproof docs')}")
    return pages[name]


def _read(page: str) -> tuple[str, object]:
    """Return a page as text, and as JSON."""
    text = _find(page).read_text(encoding="utf-8").rstrip("\n")
    return text, {"page": _name(page), "text": text}


def _list() -> tuple[str, object]:
    """Return the list of pages as text, and as JSON."""
    titles = _titles()
    width = max(map(len, titles))
    lines = (f"{name:<{width}}  {title}".rstrip() for name, title in titles.items())
    return "\n".join(lines), [{"page": name, "title": title} for name, title in titles.items()]


def _titles() -> dict[str, str]:
    """Return the title of each page by its name."""
    found = {name: _TITLE.search(path.read_text(encoding="utf-8")) for name, path in _pages().items()}
    return {name: title[1] if title else "" for name, title in found.items()}


def _copy(folder: Path) -> tuple[str, object]:
    """Copy the documentation; return its place as text, and as JSON."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            refuse(f"--copy-to: expected a new or empty folder, got {folder}; choose another one")
        for name in CONTENT:
            source = documentation() / name
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            # pip compiles the example programs.
            ignored = shutil.ignore_patterns("__pycache__")
            _ = (
                shutil.copytree(source, folder / name, ignore=ignored)
                if source.is_dir()
                else shutil.copy(source, folder / name)
            )
    except OSError as error:
        refuse(f"--copy-to: {folder} cannot be written: {error.strerror}; choose another folder")
    begin, examples = folder / "docs" / "README.md", folder / "bridge/examples"
    return f"The documentation begins at {begin}; example bridges: {examples}", {"folder": str(folder)}
