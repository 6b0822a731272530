"""Verifying a bundle without a network and without the bridge: from its histories alone, everything is derived again.

Each question has its own answer: are the files those that were bundled, who signed them, is the suite complete, does
the judge come to the same statement, and does the recount come to the same delivery ledger.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from sendproof_harness.certificate.bundle import (
    HISTORIES,
    HTML,
    MARKDOWN,
    SIGNATURE,
    STATEMENT,
    SUMS,
    BundleError,
    Unpacked,
    unpack,
)
from sendproof_harness.certificate.completeness import DemandedOf, demanded_scenarios, incomplete
from sendproof_harness.certificate.differences import LedgerOf, differences, recount_file
from sendproof_harness.certificate.document import render_html, render_markdown
from sendproof_harness.certificate.signature import SignatureError, Signer, signer_of
from sendproof_harness.certificate.statement import CertifiedRun, RunStatement, Statement, statement_of
from sendproof_harness.history.reader import HistoryError, read_history
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import Status
from sendproof_harness.scratch import scratch_folder


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The result. `problems` name what was altered or does not follow, `differences` are those of the two ledgers.

    `signer` is None for a bundle without a signature.
    """

    statement: Statement | None
    signer: Signer | None
    problems: tuple[str, ...]
    differences: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status of the certificate, or `error` if the bundle proves nothing."""
        if self.statement is None or self.problems or self.differences:
            return "error"
        return self.statement.status


def verify(
    bundle: Path,
    signers: Path | None = None,
    ledger_of: LedgerOf = ledger,
    demanded_of: DemandedOf = demanded_scenarios,
) -> Verification:
    """Verify a bundle. `BundleError` if the file is none, `OSError` if it cannot be read."""
    with scratch_folder() as folder:
        unpacked = unpack(bundle, folder)
        problems = [*unpacked.problems]
        signer = _signer(unpacked, signers, problems)
        statement = _statement(unpacked, problems)
        if statement is None:
            return Verification(statement=None, signer=signer, problems=tuple(problems), differences=())
        found: list[str] = []
        runs = [_certified_again(run, unpacked, problems, found, ledger_of) for run in statement.runs]
        problems += _unstated(statement, unpacked)
        problems += incomplete(statement, runs, demanded_of)
        derived = statement_of(statement.claim, runs, statement.assumptions)
        problems += _contradictions(statement, derived)
        problems += _altered_documents(statement, unpacked.folder)
        return Verification(
            statement=statement,
            signer=signer,
            problems=tuple(problems),
            differences=tuple(found),
            notes=tuple(_notes(statement)),
        )


def _signer(unpacked: Unpacked, signers: Path | None, problems: list[str]) -> Signer | None:
    if SIGNATURE not in unpacked.names:
        if signers is not None:
            problems.append(f"{SIGNATURE}: missing, although --signers demands a signature")
        return None
    try:
        return signer_of((unpacked.folder / SUMS).read_bytes(), unpacked.folder / SIGNATURE, signers)
    except SignatureError as error:
        problems.append(f"{SIGNATURE}: {error}")
        return None


def _statement(unpacked: Unpacked, problems: list[str]) -> Statement | None:
    """Return the statement; None, with the problem, if it is none, or has more runs than the bundle can show."""
    try:
        statement = msgspec.json.decode((unpacked.folder / STATEMENT).read_bytes(), type=Statement)
    except (OSError, *JSON_ERRORS) as error:
        problems.append(f"{STATEMENT}: expected the statement of a certificate: {error}")
        return None
    # Each run is judged again, so a run that is named a thousand times would take hours.
    repeated = [*_repeated(statement)]
    problems += repeated
    return None if repeated else statement


def _repeated(statement: Statement) -> Iterator[str]:
    """Yield each name of a run, and each seal of a history, that several runs of the statement have."""
    for kind in ("name", "seal"):
        counts = Counter(getattr(run, kind) for run in statement.runs)
        for value, count in counts.items():
            if value and count > 1:
                yield f"{STATEMENT}: expected each run and its history once, got {count:,} runs of the {kind} {value!r}"


def history_name(run: str) -> str:
    """Return the file in a bundle with the history of a run."""
    return f"{HISTORIES}/{run}.ndjson"


def _certified_again(
    run: RunStatement, unpacked: Unpacked, problems: list[str], found: list[str], ledger_of: LedgerOf
) -> CertifiedRun:
    """Return the run as its history shows it, and add the problems and differences that this shows."""
    name = history_name(run.name)
    if not run.seal:
        return CertifiedRun(name=run.name, scenario=run.scenario, status=run.status, why=run.why)
    if name not in unpacked.names:
        return CertifiedRun(name=run.name, scenario=run.scenario, why="its history is not in the bundle")
    try:
        certified = certified_run(run.name, run.scenario, unpacked.folder / name, ledger_of)
    except (HistoryError, OSError) as error:
        problems.append(f"{name}: {error}")
        return CertifiedRun(name=run.name, scenario=run.scenario, why="its history cannot be read")
    found += [f"{run.name}: {difference}" for difference in certified.listed]
    return certified.run


@dataclass(frozen=True, kw_only=True)
class RunWithDifferences:
    """A run, and each statement on which the two ledgers differ, in words."""

    run: CertifiedRun
    listed: tuple[str, ...]


def certified_run(name: str, scenario: str, file: Path, ledger_of: LedgerOf = ledger) -> RunWithDifferences:
    """Judge and recount a history. `HistoryError` for wrong content, `OSError` if it cannot be read."""
    judged = judge_file(file)
    # A condensed history has one of the customers who are alike; the recount looks at each.
    whole = judged.history if judged.index is None else read_history(file)
    listed = tuple(map(str, differences(whole, recount_file(file), ledger_of)))
    run = CertifiedRun(
        name=name, scenario=scenario, history=judged.history, verdict=judged.verdict, differences=len(listed)
    )
    return RunWithDifferences(run=run, listed=listed)


def _unstated(statement: Statement, unpacked: Unpacked) -> Iterator[str]:
    """Yield each history that the statement does not mention: a failed run may have been left out of it."""
    stated = {history_name(run.name) for run in statement.runs}
    for name in unpacked.names:
        if name.startswith(f"{HISTORIES}/") and name not in stated:
            yield f"{name}: not mentioned in {STATEMENT}"


def _contradictions(stated: Statement, derived: Statement) -> Iterator[str]:
    """Yield each part of the statement that does not follow from the histories."""
    if stated.status != derived.status:
        yield f"{STATEMENT}: says {stated.status}, the histories say {derived.status}"
    for run, again in zip(stated.runs, derived.runs, strict=True):
        yield from _contradictions_in(f"run {run.name}", run, again)
    of_number = {row.number: row for row in derived.requirements}
    for row in stated.requirements:
        if row.number not in of_number:
            yield f"{STATEMENT}: states the requirement {row.number}, which this Sendproof does not know"
            continue
        yield from _contradictions_in(row.number, row, of_number.pop(row.number))
    yield from (f"{STATEMENT}: does not state the requirement {number}" for number in of_number)
    if stated.unknowns != derived.unknowns:
        yield f"{STATEMENT}: its known unknowns do not follow from the histories"


def _contradictions_in(name: str, stated: msgspec.Struct, derived: msgspec.Struct) -> Iterator[str]:
    again: Mapping[str, object] = msgspec.structs.asdict(derived)
    for key, value in msgspec.structs.asdict(stated).items():
        if value != again[key]:
            yield f"{STATEMENT}: {name}: {key} is {_shown(value)}, the histories say {_shown(again[key])}"


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _altered_documents(statement: Statement, folder: Path) -> Iterator[str]:
    for name, content in ((MARKDOWN, render_markdown(statement)), (HTML, render_html(statement))):
        file = folder / name
        if not file.is_file() or file.read_bytes() != content.encode():
            yield f"{name}: does not show what {STATEMENT} says"


def _notes(statement: Statement) -> Sequence[str]:
    """Return what explains contradictions that no one caused on purpose."""
    written, here = statement.claim.sendproof, version("sendproof")
    if written == here:
        return ()
    return (f"Sendproof {written} wrote the certificate, and Sendproof {here} verified it; they may judge differently",)


__all__ = ["BundleError", "Verification", "certified_run", "history_name", "verify"]
