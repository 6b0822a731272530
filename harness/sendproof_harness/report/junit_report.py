"""The verdict for a CI server: `junit.xml`, with one test case per check."""

from collections.abc import Mapping

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.acceptance import Acceptance
from sendproof_harness.judge.fault_table import FaultRow
from sendproof_harness.judge.verdict import Group, Result, Verdict
from sendproof_harness.report.identity import identity_texts
from sendproof_harness.report.junit import Case, document


def render(verdict: Verdict, history: History) -> str:
    """Return the file as text."""
    name = history.header.sandbox if verdict.scenario is None else verdict.scenario.file
    roots_first = sorted(verdict.results, key=lambda result: not any(group.is_root for group in result.groups))
    broken = (acceptance for acceptance in verdict.acceptances if acceptance.is_broken)
    cases = [*(_case(result, verdict) for result in roots_first), *map(_acceptance_case, broken)]
    return document(name, iso(history.header.ended), _properties(verdict, history), cases)


def _properties(verdict: Verdict, history: History) -> Mapping[str, str]:
    scenario = {} if verdict.scenario is None else {"scenario": verdict.scenario.name}
    faults = {f"fault {row.id}": _fault_text(row) for row in verdict.faults}
    identity = {name.lower(): text for name, text in identity_texts(history).items()}
    return {**scenario, "seed": str(verdict.seed), "verdict": verdict.status, **identity, **faults}


def _fault_text(row: FaultRow) -> str:
    position = f"{row.target} {row.nth} of {row.where}, {row.when}"
    return f"{row.fault} at {position}: injected {counted(row.injected, 'times')}; {row.effect}"


def _case(result: Result, verdict: Verdict) -> Case:
    family, _, _ = result.check.id.partition(".")
    return Case(
        family=family,
        name=f"{result.check.id}: {result.check.title}",
        status=result.status,
        message=("unknown: " if result.status == "unknown" else "") + _message(result, verdict),
        details="\n\n".join(_group_text(group) for group in result.groups),
        output=f"looked at {counted(result.looked_at, result.unit)}; {result.check.requirement.number}",
        is_neutral=verdict.is_excused(result) or _only_follows(result),
    )


def _acceptance_case(acceptance: Acceptance) -> Case:
    """Return the case of an accepted failure that is gone or expired, which fails the run."""
    failure = acceptance.failure
    return Case(
        family="accepted",
        name=f"{failure.check}: {failure.cause}",
        status="fail",
        message=acceptance.text,
        details=f"accepted because: {failure.reason}",
        output=failure.place,
    )


def _only_follows(result: Result) -> bool:
    """Return True if the result is unknown only because of a root cause, which has a case of its own."""
    own = {finding.level for finding in result.findings}
    return result.status == "unknown" and bool(result.following) and "unknown" not in own


def _message(result: Result, verdict: Verdict) -> str:
    if result.following and result.status == "unknown":
        causes = (
            root.cause for root in verdict.roots if any(group.check == result.check.id for group in root.consequences)
        )
        return f"{counted(result.following_count, 'findings')} that follow from: {'; '.join(causes)}"
    if not result.groups:
        return f"nothing to look at: no {result.unit}"
    return "; ".join(f"{group.cause} ({group.count:,})" for group in result.groups if group.level != "note")


def _group_text(group: Group) -> str:
    head = f"{group.level}: {group.cause} ({group.count:,}, blame: {group.blame})"
    examples = (
        f"  {example.where}\n    expected {example.expected}\n    got      {example.got}" for example in group.examples
    )
    remedy = [f"  do: {group.remedy}"] if group.remedy else []
    following = [f"  follows: {other.cause} ({other.count:,}, {other.check})" for other in group.consequences]
    return "\n".join((head, *examples, *remedy, *following))
