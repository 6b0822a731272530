"""The certificate for people: the statement as Markdown and as one HTML file. Both follow from the statement alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sendproof_harness.certificate.statement import Claim, RequirementStatement, RunStatement, Statement
from sendproof_harness.history.wording import counted
from sendproof_harness.output import visible
from sendproof_harness.report.html import template
from sendproof_harness.report.markdown import MARKS, escaped
from sendproof_harness.scenario.model import SMS

#: The conclusion of a certificate, by status.
CONCLUSIONS: Mapping[str, str] = {
    "pass": "The bridge met every requirement that the suite of this flow tests.",
    "fail": "The bridge violated a requirement. It is not ready.",
    "unknown": "Nothing wrong was observed, but something that matters was not observed either.",
    "error": "The evidence is not reliable, so it proves nothing about the bridge.",
}
#: What no certificate of Sendproof states, whatever its status.
LIMITS: tuple[str, ...] = (
    "The simulators follow public documentation and assumptions. Nothing has been compared with the live services.",
    "The person who ran the suite recorded the histories. A signature proves who signed, not that the runs took place.",
    "Speed was not measured: use a load test.",
    "Each scenario ran once, with one seed and the default option of each open question below.",
)
_TYPES: Mapping[str, str] = {SMS: "SMS", "push": "push", "web_push": "web push", "inbox": "inbox", "email": "e-mail"}
_NOT_TESTED = "not tested"
# A requirement must be complete; a cause can quote a bridge at any length.
_TEXT_MAX = 1_000
_SHOWN_DIGITS = 12
_PAGES = Path(__file__).parent


def title(statement: Statement) -> str:
    """Return the title: what is certified."""
    claim = statement.claim
    flow = "scheduled and triggered" if claim.flow == "both" else claim.flow
    return f"Certificate: {flow} {_messages(claim)} with {claim.provider}"


def _messages(claim: Claim) -> str:
    """Return the messages of a certificate in words, with their types unless these are SMS alone."""
    *others, last = (_TYPES.get(name, name) for name in claim.messages)
    if claim.messages == (SMS,):
        return "messages"
    return f"messages ({', '.join(others)} and {last})" if others else f"messages ({last})"


def covered(statement: Statement) -> str:
    """Return how many requirements the runs tested, in words."""
    tested = [row for row in statement.requirements if row.status != _NOT_TESTED]
    total, runs = counted(len(statement.requirements), "requirements"), counted(len(statement.runs), "runs")
    return f"{len(tested)} of {total} were tested, in {runs}."


def agreement(statement: Statement) -> str:
    """Return whether the recount agrees with the judge, in words."""
    recipients = sum(sum(run.recipients.values()) for run in statement.runs)
    different = sum(run.differences for run in statement.runs)
    if different:
        return f"The recount differs from the judge in {counted(different, 'statements')}."
    return f"The recount agrees with the judge on all {counted(recipients, 'recipients')}."


def render_html(statement: Statement) -> str:
    """Return the certificate as one HTML file."""
    page = template("certificate.html.j2", _PAGES)
    return page.render(
        statement=statement,
        title=title(statement),
        conclusion=CONCLUSIONS[statement.status],
        covered=covered(statement),
        agreement=agreement(statement),
        contracts=_contracts(statement),
        limits=LIMITS,
        results=recipient_text,
    )


def render_markdown(statement: Statement) -> str:
    """Return the certificate as Markdown."""
    parts = (
        _heading(statement),
        _requirements(statement.requirements),
        _runs(statement.runs),
        _list("Known unknowns", [*statement.unknowns, *_not_tested(statement)]),
        _list("Assumptions", [f"{row.dialect}: {row.option}. {row.question}" for row in statement.assumptions]),
        _list("Limits", LIMITS),
    )
    return visible("\n".join(line for part in parts for line in part) + "\n")


def recipient_text(run: RunStatement) -> str:
    """Return the delivery ledger of a run in one line."""
    return ", ".join(f"{kind} {count:,}" for kind, count in run.recipients.items()) or "none"


def _heading(statement: Statement) -> Iterator[str]:
    claim = statement.claim
    yield from (f"# {escaped(title(statement))}", "")
    yield from (f"**{MARKS[statement.status]}.** {CONCLUSIONS[statement.status]} {covered(statement)}", "")
    yield from (agreement(statement), "")
    yield from ("| | |", "|---|---|")
    yield f"| Bridge | {escaped(claim.bridge)} |"
    yield f"| Sendproof | {escaped(claim.sendproof)} |"
    yield f"| Suite | {claim.flow}, version {claim.suite} |"
    yield from (
        f"| Contract of {escaped(name)} | SHA-256 {escaped(digest)} |" for name, digest in _contracts(statement)
    )
    yield ""


def _contracts(statement: Statement) -> list[tuple[str, str]]:
    """Return the digest of each contract that any run used; a certificate of several versions shows them all."""
    return sorted({item for run in statement.runs for item in run.contracts.items()})


def _requirements(rows: tuple[RequirementStatement, ...]) -> Iterator[str]:
    yield from ("## Requirements", "")
    yield from ("| | requirement | evidence | looked at | runs |", "|---|---|---|---:|---:|")
    for row in rows:
        mark, text = MARKS.get(row.status, row.status), escaped(row.text, _TEXT_MAX)
        yield f"| {mark} | {row.number} {text} | {row.evidence} | {row.looked_at:,} | {row.runs} |"
    yield ""


def _runs(runs: tuple[RunStatement, ...]) -> Iterator[str]:
    yield from ("## Runs", "", "| | run | seed | recipients | seal |", "|---|---|---:|---|---|")
    for run in runs:
        seed = "" if run.seed is None else str(run.seed)
        results, seal = escaped(run.why or recipient_text(run)), run.seal[:_SHOWN_DIGITS]
        yield f"| {MARKS[run.status]} | {escaped(run.name)} | {seed} | {results} | {seal} |"
    yield ""


def _not_tested(statement: Statement) -> Iterator[str]:
    for row in statement.requirements:
        if row.status == _NOT_TESTED:
            yield f"{row.number}: no run contained its situation"


def _list(name: str, items: list[str] | tuple[str, ...]) -> Iterator[str]:
    yield from (f"## {name}", "")
    yield from (f"* {escaped(item, _TEXT_MAX)}" for item in items)
    yield from ([] if items else ["None."])
    yield ""
