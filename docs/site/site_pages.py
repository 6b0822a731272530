"""The pages of the site: every Markdown file that the documentation leads to, and the files that they show or link.

The files keep their places below the root, so the links between them stay as they are.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import normpath

#: The home page, and the page that lists all others; both lead to the rest.
HOME, CONTENTS = "README.md", "docs/README.md"
_ASSETS = "site-assets"
_FOLDER = Path(__file__).parent

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<head>!?\[(?P<text>[^\]]*)\])\((?P<target>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")
_HEADING = re.compile(r"^## (?P<title>.+)$", re.MULTILINE)


class BrokenLinkError(Exception):
    """A page links to a file that does not exist."""


def stage(root: Path, target: Path) -> Path:
    """Copy the pages and files of the site to a folder, and return the path of its MkDocs settings."""
    pages = find_pages(root)
    for name in pages:
        _write(target / "pages" / name, _adapted(root, name))
        for file in _files(root, name):
            _copy(root / file, target / "pages" / file)
    shutil.copytree(_FOLDER / "assets", target / "pages" / _ASSETS)
    settings = target / "mkdocs.yml"
    text = (_FOLDER / "mkdocs.yml").read_text("utf-8") + "docs_dir: pages\nnav:\n" + "".join(_nav_lines(root, pages))
    _write(settings, text)
    return settings


def find_pages(root: Path) -> tuple[str, ...]:
    """Return the paths of all pages that the home page and the contents lead to, the nearest first."""
    pages = {HOME: None, CONTENTS: None}
    waiting = list(pages)
    while waiting:
        name = waiting.pop(0)
        for linked in _linked(root, name):
            if linked.endswith(".md") and linked not in pages:
                pages[linked] = None
                waiting.append(linked)
    return tuple(pages)


def sections(root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the pages of each section of the contents, in their order."""
    text = _FENCE.sub("", (root / CONTENTS).read_text("utf-8"))
    starts = list(_HEADING.finditer(text))
    found: dict[str, tuple[str, ...]] = {}
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        part = text[start.end() : end.start() if end else len(text)]
        targets = (_target(root, CONTENTS, match["target"]) for match in _LINK.finditer(part))
        found[start["title"]] = tuple(dict.fromkeys(name for name in targets if name and name.endswith(".md")))
    return found


def _nav_lines(root: Path, pages: tuple[str, ...]) -> Iterator[str]:
    """Yield the navigation: the sections of the contents, and then all pages that are in none of them."""
    listed = {HOME, CONTENTS}
    yield f"  - Home: {HOME}\n  - Contents: {CONTENTS}\n"
    for title, names in sections(root).items():
        own = [name for name in names if name not in listed]
        listed.update(own)
        yield from _section(title, own)
    yield from _section("More", [name for name in pages if name not in listed])


def _section(title: str, names: list[str]) -> Iterator[str]:
    if names:
        yield f'  - "{title}":\n'
        yield from (f'    - "{name}"\n' for name in names)


def _linked(root: Path, name: str) -> Iterator[str]:
    text = _FENCE.sub("", (root / name).read_text("utf-8"))
    for match in _LINK.finditer(text):
        target = _target(root, name, match["target"])
        if target is not None:
            yield target


def _files(root: Path, name: str) -> Iterator[str]:
    return (linked for linked in _linked(root, name) if not linked.endswith(".md") and (root / linked).is_file())


def _target(root: Path, page: str, target: str) -> str | None:
    """Return the path of a link's target below the root; the README of a folder; None for another address."""
    if not target or "://" in target or target.startswith("mailto:"):
        return None
    path = normpath(str(Path(page).parent / target))
    if path.startswith("..") or not (root / path).exists():
        raise BrokenLinkError(f"{page}: expected an existing file, got {target}")
    if (root / path).is_dir():
        readme = normpath(f"{path}/README.md")
        return readme if (root / readme).is_file() else path
    return path


def _adapted(root: Path, name: str) -> str:
    """Return a page with links to folders as links to their README, or as text: a site has no listing of a folder."""

    def link(match: re.Match[str]) -> str:
        target = _target(root, name, match["target"])
        if target is None or not (root / normpath(str(Path(name).parent / match["target"]))).is_dir():
            return match[0]
        if target.endswith(".md"):
            return f"{match['head']}({match['target'].rstrip('/')}/README.md{match['anchor'] or ''})"
        return match["text"]

    text = (root / name).read_text("utf-8")
    fences = list(_FENCE.finditer(text))
    parts, position = [], 0
    for fence in fences:
        parts += [_LINK.sub(link, text[position : fence.start()]), fence[0]]
        position = fence.end()
    return "".join((*parts, _LINK.sub(link, text[position:])))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
