"""The explanation of one customer for programs: plain values, with times in ISO 8601."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import chain

from sendproof_harness.explain.customer import Explanation
from sendproof_harness.explain.entry import TimelineEntry
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.findings import Finding


def document(explanation: Explanation) -> Mapping[str, object]:
    """Return the customer with their results, the timeline, and the findings about run, customer and campaigns."""
    findings = chain(explanation.run_findings, explanation.findings, explanation.campaign_findings)
    return {
        "customer": explanation.subject.customer,
        "numbers": list(explanation.subject.numbers),
        "campaigns": [asdict(campaign) for campaign in explanation.campaigns],
        "timeline": [_entry(entry) for entry in explanation.timeline],
        "findings": _findings(findings),
    }


def _entry(entry: TimelineEntry) -> Mapping[str, object]:
    return {**asdict(entry), "at": iso(entry.at)}


def _findings(findings: Iterable[Finding]) -> list[Mapping[str, object]]:
    names = ("check", "level", "blame", "cause", "expected", "got", "remedy")
    return [
        {
            **{name: getattr(finding, name) for name in names},
            "at": None if finding.at is None else iso(finding.at),
        }
        for finding in findings
    ]
