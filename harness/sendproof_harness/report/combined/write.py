"""Writing the reports of all scenarios of a results folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from sendproof_harness.report.combined import junit, markdown, sarif
from sendproof_harness.report.combined.annotations import Annotation, annotations
from sendproof_harness.report.combined.record import Record
from sendproof_harness.report.combined.verdicts import read_verdicts
from sendproof_harness.report.write import write_texts

JUNIT, SUMMARY, SARIF = "junit.xml", "summary.md", "sendproof.sarif"


def write_combined(results: Path, record: Record) -> list[Annotation]:
    """Write the JUnit report, the summary and the SARIF file of a results folder; return the annotations.

    `RecordError` if a report that the record names is missing.
    """
    verdicts = [client for outcome in record.outcomes for client in read_verdicts(results, outcome)]
    found = annotations(results, record.outcomes, verdicts)
    texts = {
        "junit": (JUNIT, junit.render(record.outcomes, verdicts)),
        "summary": (SUMMARY, markdown.render(record, verdicts)),
        "sarif": (SARIF, sarif.render(found, verdicts)),
    }
    write_texts(texts, results)
    return found


def runs_on_github(environment: Mapping[str, str] = os.environ) -> bool:
    """Return True on a runner of GitHub Actions, whose log takes workflow commands."""
    return environment.get("GITHUB_ACTIONS") == "true"
