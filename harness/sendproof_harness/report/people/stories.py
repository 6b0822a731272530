"""The stories of people in a report: the timelines that `sendproof explain` prints, of those whom the report names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.explain.customer import Explanation, Subject, UnknownCustomerError, explain, find_customer
from sendproof_harness.history.records import History
from sendproof_harness.judge.verdict import EXAMPLES, Verdict
from sendproof_harness.report.people.customer_timeline import DayRows, days
from sendproof_harness.report.people.recipients import Recipients

#: More stories would make the page heavy; `sendproof explain` has those of all others.
STORIES_MAX = 50
# Lines of the history that the stories may read in total, which takes some seconds: each story reads all of them.
_LINES_MAX = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Story:
    """The explanation of one person, with the anchor of its place in the page."""

    anchor: str
    explanation: Explanation
    days: tuple[DayRows, ...]

    @property
    def name(self) -> str:
        """The customer, or else the number."""
        return self.explanation.subject.customer or self.explanation.number


def stories(verdict: Verdict, history: History, people: Recipients) -> Mapping[str, Story]:
    """Return the stories by customer or number: first of the findings' examples, then of the affected recipients."""
    findings = [finding for result in verdict.results for finding in result.findings]
    limit, told, found = _limit(history), {}, dict[Subject, Story]()
    for name in dict.fromkeys(_names(verdict, people)):
        try:
            subject = find_customer(history, name, findings)
        except UnknownCustomerError:
            continue
        if subject not in found and len(found) < limit:
            explanation = explain(history, verdict, subject)
            anchor = f"person-{len(found) + 1}"
            found[subject] = Story(anchor=anchor, explanation=explanation, days=days(explanation.timeline, anchor))
        if subject in found:
            told[name] = found[subject]
        elif len(found) >= limit:
            return told
    return told


def _limit(history: History) -> int:
    lines = sum(
        map(
            len,
            (history.obligations, history.deliveries, history.delivery_statuses, history.webhooks, history.requests),
        )
    )
    return min(STORIES_MAX, max(EXAMPLES, _LINES_MAX // max(lines, 1)))


def _names(verdict: Verdict, people: Recipients) -> Iterator[str]:
    for group in verdict.groups:
        for finding in group.examples if group.level != "note" else ():
            if name := finding.where.customer or finding.where.number:
                yield name
    rows = sorted(people.rows, key=lambda row: not row.is_brief)
    yield from (row.subject for row in rows if row.subject)
