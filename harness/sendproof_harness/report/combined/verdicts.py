"""The verdicts of a results folder, as their `verdict.json` files state them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.judge.acceptance import AcceptanceState
from sendproof_harness.judge.findings import Evidence, Level
from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.combined.record import VERDICT, Outcome, RecordError, verdict_files

# A verdict is some ten kilobytes; that of a run with very many findings a few megabytes.
_MAX_BYTES = 50_000_000


class Finding(msgspec.Struct, frozen=True):
    """One finding; `where` are the parts of its location by name."""

    expected: str
    got: str
    where: dict[str, str | int]


class Group(msgspec.Struct, frozen=True):
    """The findings with one cause."""

    level: Level
    blame: str
    cause: str
    count: int
    examples: Annotated[tuple[Finding, ...], msgspec.Meta(min_length=1)]
    remedy: str = ""
    check: str = ""
    consequences: tuple["Group", ...] = ()


class Requirement(msgspec.Struct, frozen=True):
    """The rule of a check, with its source."""

    number: str
    text: str
    source: str
    evidence: Evidence


class Check(msgspec.Struct, frozen=True):
    """The result of one check; `accepted` if it did not pass and need not."""

    id: str
    title: str
    verdict: Status
    unit: str
    requirement: Requirement
    findings: tuple[Group, ...]
    accepted: bool = False


class Acceptance(msgspec.Struct, frozen=True):
    """An accepted failure and its state in the run."""

    check: str
    cause: str
    reason: str
    expires: str
    place: str
    state: AcceptanceState


class Verdict(msgspec.Struct, frozen=True):
    """The members of a `verdict.json` that the combined reports show."""

    verdict: Status
    exit_status: Literal[0, 1, 2, 3]
    summary: str
    root_causes: tuple[Group, ...]
    checks: tuple[Check, ...]
    accepted_failures: tuple[Acceptance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientVerdict:
    """The verdict on one client of a scenario, or on its only one, and the folder with its reports."""

    name: str
    outcome: Outcome
    folder: Path
    verdict: Verdict


def read_verdicts(results: Path, outcome: Outcome) -> Iterator[ClientVerdict]:
    """Yield the verdict of each client of a scenario. `RecordError` if there is none or it cannot be read."""
    if not outcome.has_reports:
        return
    folder = results / outcome.scenario
    files = verdict_files(folder)
    if not files:
        raise RecordError(f"expected {folder / VERDICT}, as {results} has a verdict on {outcome.scenario}, got no file")
    for file in files:
        try:
            verdict = msgspec.json.decode(read_bounded(file, _MAX_BYTES), type=Verdict)
        except (OSError, FileTooLargeError, *JSON_ERRORS) as error:
            raise RecordError(f"{file}: expected a verdict of this version of Sendproof: {error}") from error
        name = file.parent.relative_to(results).as_posix()
        yield ClientVerdict(name=name, outcome=outcome, folder=file.parent, verdict=verdict)
