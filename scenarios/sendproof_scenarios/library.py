"""Where the scenarios are that come with Sendproof: in the repository, or inside the package once it is installed."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def library() -> Path:
    """The folder that holds `scheduled/` and its like."""
    installed = _PACKAGE / "library"
    return installed if installed.is_dir() else _PACKAGE.parent


def find(file: Path) -> Path:
    """`file` itself where it exists, else the scenario of the library that it names.

    `scenarios/scheduled/first_campaign.yaml` and `scheduled/first_campaign` both name one.
    """
    if file.exists() or file.is_absolute():
        return file
    named = Path(*file.parts[1:]) if file.parts[:1] == ("scenarios",) else file
    shipped = library() / named.with_suffix(".yaml")
    return shipped if shipped.is_file() else file
