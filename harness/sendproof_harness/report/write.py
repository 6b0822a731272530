"""Write all reports of a run into one folder."""

from collections.abc import Mapping
from pathlib import Path

from sendproof_harness.history.records import History
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.report import html, json, junit_report, markdown


def write_reports(verdict: Verdict, history: History, folder: Path) -> dict[str, Path]:
    """Write `verdict.json`, `junit.xml`, `summary.md` and `report.html`; return the paths by their formats."""
    texts = {
        "json": ("verdict.json", json.render(verdict, history)),
        "junit": ("junit.xml", junit_report.render(verdict, history)),
        "markdown": ("summary.md", markdown.render(verdict, history)),
        "html": ("report.html", html.render(verdict, history)),
    }
    return write_texts(texts, folder)


def write_texts(texts: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, Path]:
    """Write texts, each with its file name, into a folder, which is created if it is missing; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / file for name, (file, _) in texts.items()}
    for name, (_, text) in texts.items():
        # In results of somebody else, it could lead to any file of the user.
        if paths[name].is_symlink():
            paths[name].unlink()
        paths[name].write_text(text, encoding="utf-8")
    return paths
