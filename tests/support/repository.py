"""The repository as the laws see it: its folders and the files that belong in it."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "openapi"
PACKAGES = (
    ROOT / "simulators" / "sendproof_simulators",
    ROOT / "bridge" / "sendproof_bridge",
    ROOT / "harness" / "sendproof_harness",
)

_NOT_OURS = {"__pycache__", "node_modules", "results", "dist", ".git", ".venv"}
_BINARY = {".png"}
_KEPT_HIDDEN = {".ci", ".editorconfig", ".gitignore", ".github"}


def files(suffix: str = "") -> Iterator[Path]:
    """Every text file that belongs to the repository and ends with `suffix`: no caches, results or environments."""
    yield from sorted(path for path in _walk(ROOT) if path.name.endswith(suffix) and path.suffix not in _BINARY)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_OURS or (path.name.startswith(".") and path.name not in _KEPT_HIDDEN):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def name_of(path: Path) -> str:
    """A path as it reads from the top of the repository."""
    return path.relative_to(ROOT).as_posix()
