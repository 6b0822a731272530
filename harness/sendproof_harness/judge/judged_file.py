"""Judging a history file in bounded memory.

A large history is condensed first: customers who are alike are judged once, with their number. If all of it is right,
that is the verdict. Otherwise every line is read, because a cause may be anywhere, and each customer is judged.
"""

from pathlib import Path
from typing import NamedTuple

from sendproof_harness.history.condensed import CONDENSED_FROM_BYTES, read_condensed
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.verdict import Verdict, judge


class JudgedFile(NamedTuple):
    """A history, perhaps condensed, and its verdict."""

    history: History
    verdict: Verdict


def judge_file(file: Path, condensed_from_bytes: int = CONDENSED_FROM_BYTES) -> JudgedFile:
    """Read and judge a history; `HistoryError` for wrong content, `OSError` if the file cannot be read."""
    condensed = read_condensed(file, condensed_from_bytes)
    if condensed is not None:
        verdict = judge(condensed)
        if is_final(verdict):
            return JudgedFile(condensed, verdict)
        del condensed, verdict
    history = read_history(file)
    return JudgedFile(history, judge(history))


def is_final(verdict: Verdict) -> bool:
    """Return True if the verdict on a condensed history is that on the whole one: it has notes on the run at most."""
    findings = (finding for result in verdict.results for finding in (*result.findings, *result.following))
    return all(map(_is_about_the_run, findings))


def _is_about_the_run(finding: Finding) -> bool:
    where = finding.where
    return finding.level == "note" and {where.customer, where.number, where.message, where.webhook} == {None}
