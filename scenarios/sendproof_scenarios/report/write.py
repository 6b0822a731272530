"""Write every report of a run into one folder."""

from pathlib import Path

from sendproof_scenarios.history import History
from sendproof_scenarios.report import as_html, as_json, as_junit
from sendproof_scenarios.verdict import Verdict


def write_reports(verdict: Verdict, history: History, folder: Path) -> dict[str, Path]:
    """Write `verdict.json`, `junit.xml` and `report.html`, and say where: by `json`, `junit` and `html`."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "json": ("verdict.json", as_json.render(verdict, history)),
        "junit": ("junit.xml", as_junit.render(verdict, history)),
        "html": ("report.html", as_html.render(verdict, history)),
    }
    paths = {}
    for name, (file, text) in texts.items():
        paths[name] = folder / file
        paths[name].write_text(text, encoding="utf-8")
    return paths
