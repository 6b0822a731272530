"""The mutants: copies of the reference bridge that are each one defect away from right.

One file of the folder `catalogue` is one mutant; README.md tells what it says.
"""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BRIDGE = ROOT / "bridge" / "sendproof_bridge"


class MutantError(Exception):
    """A mutant cannot be made; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect: in `file` of the bridge, `right` is replaced by `wrong`.

    Each of `scenarios` (paths from the top of the repository) puts it to the test. In one of them `check` must fail
    with a cause that begins with `cause`.
    """

    name: str
    defect: str
    file: str
    right: str
    wrong: str
    scenarios: tuple[Path, ...]
    check: str
    cause: str


def catalogue() -> tuple[Mutant, ...]:
    """Every mutant, by name."""
    return tuple(_read(file) for file in sorted((HERE / "catalogue").glob("*.toml")))


def _read(file: Path) -> Mutant:
    content = tomllib.loads(file.read_text("utf-8"))
    scenarios = tuple(ROOT / name for name in content.pop("scenarios"))
    try:
        return Mutant(name=file.stem, scenarios=scenarios, **content)
    except TypeError as error:
        raise MutantError(f"{file.name}: {error}") from error


def build(mutant: Mutant, folder: Path) -> None:
    """Put a copy of the bridge's package with the defect into `folder`, to be named in PYTHONPATH."""
    package = folder / BRIDGE.name
    shutil.copytree(BRIDGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / mutant.file
    file.write_text(spoilt(mutant, file.read_text("utf-8")), "utf-8")


def spoilt(mutant: Mutant, source: str) -> str:
    """The source with the defect; `MutantError` when the right text does not stand in it exactly once."""
    found = source.count(mutant.right)
    if found != 1:
        raise MutantError(
            f"{mutant.name}: expected exactly once in {mutant.file}, found {found} times: {mutant.right!r};"
            " the bridge has changed, so write this mutant anew"
        )
    return source.replace(mutant.right, mutant.wrong)
