"""The mutants: copies of the reference bridge, or of the simulators, with one defect each.

Each file in the folder `catalogue` defines one mutant. README.md describes its keys.
"""

import hashlib
import shutil
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
BRIDGE = ROOT / "bridge" / "sendproof_bridge"
# The packages that a mutant can change.
PACKAGES = {"bridge": BRIDGE, "simulators": ROOT / "simulators" / "sendproof_simulators"}
# The simulators also need the contracts.
_CONTRACTS = ROOT / "openapi"
DEFAULT_PROVIDER = "textlocal"
#: The `provider` of a scenario whose channels have different ones.
ALL_PROVIDERS = "all"


class MutantError(Exception):
    """A mutant cannot be built. The message names it, the reason, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A replacement of `right` by `wrong` in a `file` of the package."""

    file: str
    right: str
    wrong: str


class Trial(NamedTuple):
    """A scenario that exposes a defect, and the provider to run it with; `ALL_PROVIDERS` for one with fixed providers.

    `command` is `run`, or `contract`, which has its own scenario.
    """

    scenario: Path
    provider: str
    command: str = "run"

    @property
    def name(self) -> str:
        """Scenario and provider, for messages."""
        scenario = self.scenario.stem if self.command == "run" else self.command
        return f"{scenario} over {self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A program with one defect: usually one edit, or several if it guards against the defect twice.

    In one of the `trials`, `check` must have a finding of this `level` with a cause that begins with `cause`. `program`
    names the package with the defect.
    """

    name: str
    defect: str
    edits: tuple[Edit, ...]
    trials: tuple[Trial, ...]
    check: str
    cause: str
    level: str = "fail"
    program: str = "bridge"

    @property
    def digest(self) -> str:
        """Changes with everything in its file that decides the result of its trials."""
        decisive = (self.edits, self.program, [(trial.name, trial.command) for trial in self.trials])
        return hashlib.sha256(repr(decisive).encode()).hexdigest()[:12]


def catalogue() -> tuple[Mutant, ...]:
    """Return all mutants, sorted by name."""
    return tuple(_read(file) for file in sorted((HERE / "catalogue").glob("*.toml")))


def _read(file: Path) -> Mutant:
    content = tomllib.loads(file.read_text("utf-8"))
    try:
        edits = read_edits(content.pop("edits"))
        provider, command = content.pop("provider", DEFAULT_PROVIDER), content.pop("command", "run")
        trials = tuple(Trial(ROOT / name, provider, command) for name in content.pop("scenarios"))
        return Mutant(name=file.stem, edits=edits, trials=trials, **content)
    except (KeyError, TypeError) as error:
        raise MutantError(f"{file.name}: {error}; README.md describes the keys of a mutant's file") from error


def read_edits(tables: Iterable[dict[str, str]]) -> tuple[Edit, ...]:
    """Return the edits of a file."""
    return tuple(Edit(**table) for table in tables)


def build(mutant: Mutant, folder: Path) -> None:
    """Write a copy of the package with the defect to `folder`, which goes into PYTHONPATH."""
    copy_with_edits(mutant.name, mutant.edits, folder, mutant.program)


def copy_with_edits(name: str, edits: Iterable[Edit], folder: Path, program: str = "bridge") -> None:
    """Write a copy of a program's package with these edits to `folder`. `name` is for messages."""
    source = PACKAGES[program]
    package = folder / source.name
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    if program == "simulators":
        shutil.copytree(_CONTRACTS, package / _CONTRACTS.name)
    for file, text in edited_files(name, edits, program).items():
        (package / file).write_text(text, "utf-8")


def edited_files(name: str, edits: Iterable[Edit], program: str = "bridge") -> dict[str, str]:
    """Return the text of each file that edits of a program change, by its path in the package."""
    texts: dict[str, str] = {}
    for edit in edits:
        text = texts.get(edit.file) or (PACKAGES[program] / edit.file).read_text("utf-8")
        texts[edit.file] = _with_edit(name, edit, text)
    return texts


def _with_edit(name: str, edit: Edit, source: str) -> str:
    count = source.count(edit.right)
    if count != 1:
        raise MutantError(
            f"{name}: expected exactly once in {edit.file}, found {count} times: {edit.right!r};"
            " the program has changed, so rewrite this edit"
        )
    return source.replace(edit.right, edit.wrong)
