"""Where the scenarios are that come with Sendproof: in the repository, or inside the package once it is installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def library() -> Path:
    """The folder that holds `scheduled/` and its like."""
    installed = _PACKAGE / "library"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "scenarios"


def find(named: Path) -> list[Path]:
    """The scenario files that somebody names: a file, or all below a folder, in the order of their names.

    What does not exist is looked for in the library: `scenarios/scheduled/first_campaign.yaml` and
    `scheduled/first_campaign` name one file of it, `scenarios/triggered` and `triggered` a folder, `scenarios` all.
    """
    if named.is_dir():
        return _below(named)
    if named.exists() or named.is_absolute():
        return [named]
    inside = Path(*named.parts[1:]) if named.parts[:1] == ("scenarios",) else named
    shipped = library() / inside
    if shipped.is_dir():
        return _below(shipped)
    file = shipped.with_suffix(".yaml")
    return [file] if file.is_file() else [named]


def _below(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))
