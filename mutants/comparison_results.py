"""The results of `python mutants compare` and `python mutants invariants`, in `comparisons.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from catalogue import HERE

FILE = HERE / "comparisons.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """A bridge compared with the reference bridge: its verdict, and its differences by standing and area."""

    bridge: str
    verdict: str
    differences: Mapping[str, Mapping[str, int]]
    causes: Sequence[str]
    not_compared: str
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantRow:
    """A bridge and one invariant: the verdict without a change, the result, and the first difference."""

    bridge: str
    invariant: str
    verdict: str
    result: str
    reason: str
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResults:
    """The newest result of each bridge."""

    compared: Sequence[ComparedRow] = ()
    invariants: Sequence[InvariantRow] = ()

    def with_compared(self, row: ComparedRow, order: Sequence[str]) -> "ComparisonResults":
        """Return the results with a newer row of a bridge; `order` has the names of all bridges."""
        rows = {**{known.bridge: known for known in self.compared}, row.bridge: row}
        return replace(self, compared=[rows[name] for name in order if name in rows])

    def with_invariants(self, rows: Sequence[InvariantRow], order: Sequence[str]) -> "ComparisonResults":
        """Return the results with newer rows of a bridge; `order` has the names of all bridges."""
        known = {(row.bridge, row.invariant): row for row in (*self.invariants, *rows)}
        return replace(self, invariants=[row for name in order for row in known.values() if row.bridge == name])


def read(file: Path = FILE) -> ComparisonResults:
    """Return the stored results; none if there is no file."""
    if not file.exists():
        return ComparisonResults()
    content = json.loads(file.read_text("utf-8"))
    return ComparisonResults(
        compared=[ComparedRow(**row) for row in content["compared"]],
        invariants=[InvariantRow(**row) for row in content["invariants"]],
    )


def write(results: ComparisonResults, file: Path = FILE) -> None:
    """Store the results, one line for each row."""
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows) + "\n]"
        for name, rows in (("compared", results.compared), ("invariants", results.invariants))
    ]
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")
