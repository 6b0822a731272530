"""Writer of all reports of a load test."""

from pathlib import Path

from sendproof_harness.load.report import html, json, junit_report, markdown
from sendproof_harness.load.verdict import LoadVerdict
from sendproof_harness.report.write import write_texts


def write_load_reports(verdict: LoadVerdict, folder: Path) -> dict[str, Path]:
    """Write `verdict.json`, `junit.xml`, `summary.md` and `report.html`; return the paths by their formats."""
    texts = {
        "json": ("verdict.json", json.render(verdict)),
        "junit": ("junit.xml", junit_report.render(verdict)),
        "markdown": ("summary.md", markdown.render(verdict)),
        "html": ("report.html", html.render(verdict)),
    }
    return write_texts(texts, folder)
