"""The folders and files of the repository, for the architecture tests."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "openapi"
PACKAGES = (
    ROOT / "simulators" / "sendproof_simulators",
    ROOT / "bridge" / "sendproof_bridge",
    ROOT / "harness" / "sendproof_harness",
)

_IGNORED_FOLDERS = {"__pycache__", "node_modules", "results", "dist", ".git", ".venv"}
_BINARY = {".png"}
_HIDDEN_INCLUDED = {".ci", ".editorconfig", ".gitignore", ".github"}


def files(suffix: str = "") -> Iterator[Path]:
    """Yield the text files of the repository that end with `suffix`, without caches, results and environments."""
    yield from sorted(path for path in _walk(ROOT) if path.name.endswith(suffix) and path.suffix not in _BINARY)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _IGNORED_FOLDERS or (path.name.startswith(".") and path.name not in _HIDDEN_INCLUDED):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def name_of(path: Path) -> str:
    """Return a path relative to the top of the repository."""
    return path.relative_to(ROOT).as_posix()
