"""The file of accepted failures: `--accept`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso, parse_instant
from sendproof_harness.judge.acceptance import AcceptedFailure
from sendproof_harness.judge.accepted_failures import accept_failures
from sendproof_harness.judge.checks import CHECKS, CONTRACT_CHECKS
from sendproof_harness.judge.checks.run_completed import RUN_CHECK
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.scenario.diagnostics import Diagnostic, InvalidFileError, unknown_name
from sendproof_harness.scenario.schema_validation import validate_against_schema
from sendproof_harness.scenario.yaml_source import Document, parse_document, read_text

_KIND = "a file of accepted failures"
_SCHEMA_FILE = Path(__file__).with_name("accepted.schema.json")


def load_accepted(file: Path) -> tuple[AcceptedFailure, ...]:
    """Return the entries of a file. `InvalidFileError` lists its problems, each with its line."""
    document = parse_document(read_text(file, _KIND), str(file), _KIND)
    schema: dict[str, Any] = json.loads(_SCHEMA_FILE.read_text(encoding="utf-8"))
    problems = set(validate_against_schema(document, schema))
    if problems or not isinstance(document.value, dict):
        raise InvalidFileError(problems)
    rows: Sequence[Mapping[str, str]] = document.value["accepted"]
    broken = [*_wrong_checks(document, rows), *_repetitions(document, rows)]
    if broken:
        raise InvalidFileError(broken)
    return tuple(
        AcceptedFailure(
            scenario=row["scenario"],
            check=row["check"],
            cause=row["cause"],
            reason=row["reason"],
            expires=date.fromisoformat(row["expires"]),
            place=f"{file}:{document.lines['accepted', index]}",
        )
        for index, row in enumerate(rows)
    )


def _wrong_checks(document: Document, rows: Sequence[Mapping[str, str]]) -> Iterator[Diagnostic]:
    known = sorted({check.id for check in (*CHECKS, *CONTRACT_CHECKS)})
    for index, row in enumerate(rows):
        path = ("accepted", index, "check")
        if row["check"] == RUN_CHECK:
            yield document.diagnostic(path, f"expected another check than {RUN_CHECK}; such a run proves nothing")
        elif row["check"] not in known:
            yield document.diagnostic(path, unknown_name("check", row["check"], known))


def _repetitions(document: Document, rows: Sequence[Mapping[str, str]]) -> Iterator[Diagnostic]:
    """Yield the entries whose cause another entry for the same check includes: both would have to end together."""
    for index, row in enumerate(rows):
        for other_index, other in enumerate(rows):
            same = (row["scenario"], row["check"]) == (other["scenario"], other["check"])
            if same and index != other_index and row["cause"].startswith(other["cause"]):
                if row["cause"] == other["cause"] and index < other_index:
                    continue
                line = document.lines["accepted", other_index]
                yield document.diagnostic(
                    ("accepted", index), f"the entry on line {line} accepts this already; remove one of the two"
                )
                break


def accept_in_run(verdict: Verdict, history: History, file: Path, failures: Sequence[AcceptedFailure]) -> Verdict:
    """Return the verdict on the history in a file with the accepted failures applied, as of the day of the run."""
    if verdict.scenario is None or not history.runs:
        return verdict
    client = f"/{file.parent.name}" if history.other_clients else ""
    day = date.fromisoformat(iso(parse_instant(history.runs[0].began))[:10])
    return accept_failures(verdict, failures, verdict.scenario.file + client, day)
