"""The mutants: copies of the reference bridge with one defect each.

Each file in the folder `catalogue` defines one mutant. README.md describes its keys.
"""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
BRIDGE = ROOT / "bridge" / "sendproof_bridge"
DEFAULT_PROVIDER = "textlocal"


class MutantError(Exception):
    """A mutant cannot be built. The message names it, the reason, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A replacement of `right` by `wrong` in a `file` of the bridge's package."""

    file: str
    right: str
    wrong: str


class Trial(NamedTuple):
    """A scenario that exposes a defect, and the provider to run it with if it supports several."""

    scenario: Path
    provider: str

    @property
    def name(self) -> str:
        """Scenario and provider, for messages."""
        return f"{self.scenario.stem} over {self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A bridge with one defect: usually one edit, or several if the bridge guards against the defect twice.

    In one of the `trials`, `check` must fail with a cause that begins with `cause`.
    """

    name: str
    defect: str
    edits: tuple[Edit, ...]
    trials: tuple[Trial, ...]
    check: str
    cause: str


def catalogue() -> tuple[Mutant, ...]:
    """Return all mutants, sorted by name."""
    return tuple(_read(file) for file in sorted((HERE / "catalogue").glob("*.toml")))


def _read(file: Path) -> Mutant:
    content = tomllib.loads(file.read_text("utf-8"))
    try:
        edits = tuple(Edit(**edit) for edit in content.pop("edits"))
        provider = content.pop("provider", DEFAULT_PROVIDER)
        trials = tuple(Trial(ROOT / name, provider) for name in content.pop("scenarios"))
        return Mutant(name=file.stem, edits=edits, trials=trials, **content)
    except (KeyError, TypeError) as error:
        raise MutantError(f"{file.name}: {error}; README.md describes the keys of a mutant's file") from error


def build(mutant: Mutant, folder: Path) -> None:
    """Write a copy of the bridge's package with the defect to `folder`, which goes into PYTHONPATH."""
    package = folder / BRIDGE.name
    shutil.copytree(BRIDGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in mutant.edits:
        file = package / edit.file
        file.write_text(_with_edit(mutant.name, edit, file.read_text("utf-8")), "utf-8")


def _with_edit(name: str, edit: Edit, source: str) -> str:
    count = source.count(edit.right)
    if count != 1:
        raise MutantError(
            f"{name}: expected exactly once in {edit.file}, found {count} times: {edit.right!r};"
            " the bridge has changed, so rewrite this mutant"
        )
    return source.replace(edit.right, edit.wrong)
