"""Write every report of a load test into one folder."""

from pathlib import Path

from sendproof_scenarios.load.report import as_html, as_json, as_junit
from sendproof_scenarios.load.verdict import LoadVerdict
from sendproof_scenarios.report.write import write_texts


def write_load_reports(verdict: LoadVerdict, folder: Path) -> dict[str, Path]:
    """Write `verdict.json`, `junit.xml` and `report.html`, and say where: by `json`, `junit` and `html`."""
    texts = {
        "json": ("verdict.json", as_json.render(verdict)),
        "junit": ("junit.xml", as_junit.render(verdict)),
        "html": ("report.html", as_html.render(verdict)),
    }
    return write_texts(texts, folder)
