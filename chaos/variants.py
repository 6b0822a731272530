"""The variants: copies of the reference bridge with legitimate differences, which a judge must not blame.

Each file in the folder `variants` defines one, with `difference` in place of a mutant's `defect`, and its edits.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from catalogue import Edit, copy_with_edits, read_edits

FOLDER = Path(__file__).parent / "variants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A bridge that does the same in another way. `difference` is a sentence that a vendor would recognise."""

    name: str
    difference: str
    edits: tuple[Edit, ...]

    def build(self, folder: Path) -> None:
        """Write a copy of the bridge's package with the difference to `folder`, which goes into PYTHONPATH."""
        copy_with_edits(self.name, self.edits, folder)


def variants() -> tuple[Variant, ...]:
    """Return all variants, sorted by name."""
    return tuple(_read(file) for file in sorted(FOLDER.glob("*.toml")))


def _read(file: Path) -> Variant:
    content = tomllib.loads(file.read_text("utf-8"))
    return Variant(name=file.stem, difference=content["difference"], edits=read_edits(content["edits"]))
