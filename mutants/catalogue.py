"""The mutants: copies of the reference bridge that are each one defect away from right.

One file of the folder `catalogue` is one mutant; README.md tells what it says.
"""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
BRIDGE = ROOT / "bridge" / "sendproof_bridge"
USUAL_PROVIDER = "textlocal"


class MutantError(Exception):
    """A mutant cannot be made; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """In `file` of the bridge's package, `right` is replaced by `wrong`."""

    file: str
    right: str
    wrong: str


class Trial(NamedTuple):
    """A scenario, played over one provider where it can be played over several."""

    scenario: Path
    provider: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.scenario.stem} over {self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect, mostly one edit; more where the bridge guards against it twice.

    Each of `trials` puts it to the test. In one of them `check` must fail with a cause that begins with `cause`.
    """

    name: str
    defect: str
    edits: tuple[Edit, ...]
    trials: tuple[Trial, ...]
    check: str
    cause: str


def catalogue() -> tuple[Mutant, ...]:
    """Every mutant, by name."""
    return tuple(_read(file) for file in sorted((HERE / "catalogue").glob("*.toml")))


def _read(file: Path) -> Mutant:
    content = tomllib.loads(file.read_text("utf-8"))
    try:
        edits = tuple(Edit(**edit) for edit in content.pop("edits"))
        provider = content.pop("provider", USUAL_PROVIDER)
        trials = tuple(Trial(ROOT / name, provider) for name in content.pop("scenarios"))
        return Mutant(name=file.stem, edits=edits, trials=trials, **content)
    except (KeyError, TypeError) as error:
        raise MutantError(f"{file.name}: {error}; README.md tells what a mutant's file says") from error


def build(mutant: Mutant, folder: Path) -> None:
    """Put a copy of the bridge's package with the defect into `folder`, to be named in PYTHONPATH."""
    package = folder / BRIDGE.name
    shutil.copytree(BRIDGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in mutant.edits:
        file = package / edit.file
        file.write_text(_spoilt(mutant.name, edit, file.read_text("utf-8")), "utf-8")


def _spoilt(name: str, edit: Edit, source: str) -> str:
    found = source.count(edit.right)
    if found != 1:
        raise MutantError(
            f"{name}: expected exactly once in {edit.file}, found {found} times: {edit.right!r};"
            " the bridge has changed, so write this mutant anew"
        )
    return source.replace(edit.right, edit.wrong)
