"""The verdict in Markdown, short enough for a comment or the summary of a CI job: `summary.md`."""

import re
from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.acceptance import Acceptance
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.verdict import Group, Result, Verdict
from sendproof_harness.output import visible
from sendproof_harness.report.formatting import capitalised
from sendproof_harness.report.identity import run_text
from sendproof_harness.report.summary import example_argument, summary

#: The marks of the statuses in Markdown, which has no colours.
MARKS = {"pass": "✅ pass", "fail": "❌ fail", "unknown": "❔ unknown", "error": "❗ error"}
# A CI server shows at most a megabyte for all jobs together.
_GROUPS_MAX = 20
_TEXT_MAX = 200

# What Markdown or a CI server would interpret: also HTML, mentions of people, and numbers of issues.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~@&!:])")
# What `render` never leaves without a backslash: signs of HTML, code, links and mentions.
_FOREIGN_MARKUP = re.compile(r"(\\.)|([`\[\]<>~@&!])")


def render(verdict: Verdict, history: History) -> str:
    """Return the summary as text: verdict, findings, recipients, and the checks that did not pass."""
    title = verdict.scenario.name if verdict.scenario else history.header.sandbox
    groups = [group for group in verdict.groups if group.level != "note"]
    parts = [
        [f"## {MARKS[verdict.status]}: {escaped(title)}", "", escaped(summary(verdict)), ""],
        _findings(groups),
        _acceptances(verdict.acceptances),
        _recipients(verdict),
        _checks(verdict.results),
        _ending(verdict, history),
    ]
    return visible("\n".join(line for part in parts for line in part))


def escaped(text: str, most: int = _TEXT_MAX) -> str:
    """Return one line of text that Markdown shows as it is, cut off if it has more than `most` characters."""
    line = " ".join(text.split())
    short = line if len(line) <= most else line[: most - 1] + "…"
    return _MARKUP.sub(r"\\\1", short)


def without_foreign_markup(summary: str) -> str:
    """Return a summary of someone else with only the markup of `render`: nothing can hide the text after it."""
    return _FOREIGN_MARKUP.sub(lambda found: found[1] or f"\\{found[2]}", summary)


def _findings(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups[:_GROUPS_MAX]:
        times = f", {group.count:,} times" if group.count > 1 else ""
        yield f"* **{escaped(capitalised(group.cause))}**{times} ({escaped(group.check)}, blame: {group.blame})"
        yield from _example(group.examples[0])
        if group.remedy:
            yield f"  * do: {escaped(group.remedy)}"
        if group.consequences:
            yield f"  * {counted(group.consequence_count, 'consequences')}"
    if len(groups) > _GROUPS_MAX:
        yield f"* and {counted(len(groups) - _GROUPS_MAX, 'other causes')}"
    yield from [""] if groups else []


def _acceptances(acceptances: Sequence[Acceptance]) -> Iterator[str]:
    for acceptance in acceptances:
        mark = MARKS["fail"] if acceptance.is_broken else acceptance.state
        yield f"* {mark}: {escaped(acceptance.text)}"
    yield from [""] if acceptances else []


def _example(finding: Finding) -> Iterator[str]:
    yield f"  * {escaped(str(finding.where))}"
    yield f"  * expected {escaped(finding.expected)}"
    yield f"  * got {escaped(finding.got)}"


def _recipients(verdict: Verdict) -> Iterator[str]:
    counts = [(kind, verdict.ledger.get(kind, 0)) for kind in RESULT_KINDS if verdict.ledger.get(kind, 0)]
    if counts:
        yield from ("| recipients | number |", "|---|---:|")
        yield from (f"| {kind} | {count:,} |" for kind, count in counts)
        yield ""


def _checks(results: Sequence[Result]) -> Iterator[str]:
    others = [result for result in results if result.status != "pass"]
    if others:
        yield from ("| verdict | check | looked at |", "|---|---|---:|")
        yield from (
            f"| {MARKS[result.status]} | {escaped(result.check.title)} ({result.check.requirement.number}) "
            f"| {counted(result.looked_at, result.unit)} |"
            for result in others
        )
        yield ""
    yield from (f"{counted(len(results) - len(others), 'checks')} passed.", "")


def _ending(verdict: Verdict, history: History) -> Iterator[str]:
    yield f"Run: {escaped(run_text(history))}."
    customer = example_argument(verdict)
    if customer is not None:
        yield f"Next: sendproof explain RUN {escaped(customer)}"
    yield ""
