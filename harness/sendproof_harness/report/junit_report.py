"""The verdict for a CI server: `junit.xml`, one test case a check."""

from collections.abc import Mapping

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.fault_table import FaultRow
from sendproof_harness.judge.verdict import Group, Result, Verdict
from sendproof_harness.report.formatting import counted
from sendproof_harness.report.junit import Case, document


def render(verdict: Verdict, history: History) -> str:
    """The whole file as text."""
    name = history.header.sandbox if verdict.scenario is None else verdict.scenario.file
    return document(name, iso(history.header.ended), _properties(verdict), [_case(one) for one in verdict.results])


def _properties(verdict: Verdict) -> Mapping[str, str]:
    played = {} if verdict.scenario is None else {"scenario": verdict.scenario.name}
    faults = {f"fault {row.id}": _fault(row) for row in verdict.faults}
    return {**played, "seed": str(verdict.seed), "verdict": verdict.standing, **faults}


def _fault(row: FaultRow) -> str:
    return f"{row.fault} at {row.target} {row.nth} of {row.where}, {row.when}: struck {row.struck}; {row.effect}"


def _case(result: Result) -> Case:
    family, _, _ = result.check.id.partition(".")
    return Case(
        family=family,
        name=f"{result.check.id}: {result.check.title}",
        standing=result.standing,
        message=_message(result),
        details="\n\n".join(_group(group) for group in result.groups),
        seen=f"looked at {counted(result.looked_at, result.unit)}; {result.check.requirement.number}",
    )


def _message(result: Result) -> str:
    if not result.groups:
        return f"nothing to look at: no {result.unit}"
    return "; ".join(f"{group.cause} ({group.count:,})" for group in result.groups if group.level != "note")


def _group(group: Group) -> str:
    head = f"{group.level}: {group.cause} ({group.count:,}, blame: {group.blame})"
    examples = (f"  {some.where}\n    expected {some.expected}\n    got      {some.got}" for some in group.examples)
    return "\n".join((head, *examples))
