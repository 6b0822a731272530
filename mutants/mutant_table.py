"""A table about mutants in a page: each row is measured by a command of `sendproof` that knows nothing of the defect.

The rows are in a file, one line for each mutant. A row that is up to date is not measured again, so an interrupted run
goes on where it was.
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from catalogue import Mutant, build
from sendproof_harness.run.processes import Child, Program, wait_until
from trial_runs import SENDPROOF, TrialError, cancelled_on_error

END = "<!-- end of the table -->\n"


class MutantRow(Protocol):
    """What is known of a mutant. `digest` names the edits and scenarios that it was measured with."""

    @property
    def digest(self) -> str:
        """Return the digest of the mutant."""
        ...


Row = TypeVar("Row", bound=MutantRow)


@dataclass(frozen=True, kw_only=True)
class MutantTable(Generic[Row]):
    """The rows in `file`, and their place in `page`: between `begin`, a line of the page, and `END`.

    `parsed` turns a line of the file into a row, and `markdown` returns the table with its last line break. `measured`
    runs the commands for a mutant that is built in a folder; `TrialError` if that is impossible.
    """

    file: Path
    page: Path
    begin: str
    parsed: Callable[[Mapping[str, Any]], Row]
    markdown: Callable[[Mapping[str, Row]], str]
    measured: Callable[[Mutant, Path], Row]
    _writing: Lock = field(default_factory=Lock)

    def fill(self, mutants: Sequence[Mutant], at_once: int) -> Sequence[str]:
        """Measure the rows that are not up to date, write file and page, and return what went wrong, by mutant."""
        known = self.rows()
        left = [mutant for mutant in mutants if mutant.name not in known or known[mutant.name].digest != mutant.digest]
        with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(at_once) as pool:
            errors = pool.map(lambda mutant: self._fill_row(mutant, Path(name) / mutant.name), left)
            wrong = [f"{mutant.name}: {error}" for mutant, error in zip(left, errors, strict=True) if error is not None]
        self.write_page()
        return wrong

    def _fill_row(self, mutant: Mutant, folder: Path) -> str | None:
        try:
            build(mutant, folder)
            row = self.measured(mutant, folder)
        except TrialError as error:
            return str(error)
        # At once: the whole table takes hours on a busy machine.
        with self._writing:
            self._write({**self.rows(), mutant.name: row})
        return None

    def rows(self) -> Mapping[str, Row]:
        """Return the rows by the name of the mutant; none without a file."""
        if not self.file.exists():
            return {}
        return {name: self.parsed(line) for name, line in json.loads(self.file.read_text("utf-8")).items()}

    def _write(self, rows: Mapping[str, Any]) -> None:
        lines = [f"  {json.dumps(name)}: {json.dumps(asdict(rows[name]))}" for name in sorted(rows)]
        self.file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    def write_page(self) -> None:
        """Replace the table of the page."""
        before, _, rest = self.page.read_text("utf-8").partition(self.begin)
        _, _, after = rest.partition(END)
        self.page.write_text(f"{before}{self.begin}{self.markdown(self.rows())}{END}{after}", encoding="utf-8")


def run_json(words: Sequence[str], folder: Path, seconds: float) -> Any:
    """Run `sendproof` with the mutant in a folder, and return the JSON that it prints; `TrialError` without any."""
    log = folder / f"{words[0]}.log"
    program = Program(
        name=words[0], command=[*SENDPROOF, *words], log=log, environment={"PYTHONPATH": str(folder)}, folder=folder
    )
    with Child(program) as child:
        wait_until(lambda: child.exit_status is not None, seconds)
        lines = child.output().splitlines()
    found = [line for line in lines if line.startswith(("{", "["))]
    if not found:
        raise TrialError(f"{words[0]}: expected JSON within {seconds:.0f} s, got\n" + "\n".join(lines[-15:]))
    return json.loads(found[-1])
