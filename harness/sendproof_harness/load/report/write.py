"""Writer of all reports of a load test."""

from pathlib import Path

from sendproof_harness.load.report import html, json, junit_report
from sendproof_harness.load.verdict import LoadVerdict
from sendproof_harness.report.write import write_texts


def write_load_reports(verdict: LoadVerdict, folder: Path) -> dict[str, Path]:
    """Write `verdict.json`, `junit.xml` and `report.html`; return their paths by `json`, `junit` and `html`."""
    texts = {
        "json": ("verdict.json", json.render(verdict)),
        "junit": ("junit.xml", junit_report.render(verdict)),
        "html": ("report.html", html.render(verdict)),
    }
    return write_texts(texts, folder)
