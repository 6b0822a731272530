"""Data of the harness: the terms that reports explain, with their meanings in the glossary."""

import json
import re
from pathlib import Path

_GLOSSARY = Path(__file__).parents[1] / "glossary.md"
_ROW = re.compile(r"^\| (?P<term>[^|]+?) \| (?P<meaning>[^|]+?) \|", re.MULTILINE)
_MARKUP = re.compile(r"[`*]|\[(?P<text>[^\]]+)\]\([^)]+\)")

#: The terms of the glossary that reports explain; the templates name them.
TERMS = (
    "campaign", "channel", "check", "contract", "due (message)", "evidence", "fault", "fault position", "history",
    "injection", "latency", "listener", "loss", "metric", "page", "percentile", "push", "recipient result",
    "requirement", "run", "sandbox", "scenario", "seal", "seed", "stage", "status", "threshold", "virtual clock",
)  # fmt: skip


def report_terms_json() -> str:
    """Return the content of `terms.json`: the meaning of each term."""
    meanings = {match["term"]: _plain(match["meaning"]) for match in _ROW.finditer(_GLOSSARY.read_text("utf-8"))}
    return json.dumps({term: meanings[term] for term in TERMS}, indent=2, ensure_ascii=False) + "\n"


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda match: match["text"] or "", text)
