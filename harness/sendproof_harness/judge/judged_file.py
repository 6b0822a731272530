"""Judging a history file in bounded memory.

A large history is condensed: customers who are alike are judged once, with their number. Causes that compare some of
them with all others read the obligations again, one by one. Only a history that cannot be condensed is read whole.
"""

from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.history.large.condensed import read_condensed
from sendproof_harness.history.large.customer_index import CustomerIndex
from sendproof_harness.history.large.indexing import CONDENSED_FROM_BYTES, index_history
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.records import History
from sendproof_harness.judge.verdict import Verdict, judge


@dataclass(frozen=True, kw_only=True)
class JudgedFile:
    """A history and its verdict, with the index of the file if the history is condensed."""

    history: History
    verdict: Verdict
    index: CustomerIndex | None = None


def judge_file(file: Path, condensed_from_bytes: int = CONDENSED_FROM_BYTES) -> JudgedFile:
    """Read and judge a history; `HistoryError` for wrong content, `OSError` if the file cannot be read."""
    index = index_history(file, condensed_from_bytes)
    return judge_whole(file) if index is None else judge_condensed(file, index)


def judge_for_customer(file: Path, name: str, index: CustomerIndex | None) -> JudgedFile:
    """Judge a history so that the customer with this id or number is in it; errors as `judge_file`."""
    place = None if index is None else index.find(name)
    return judge_whole(file) if index is None or place is None else judge_condensed(file, index, place)


def judge_whole(file: Path) -> JudgedFile:
    """Read every line and judge every customer; errors as `judge_file`."""
    history = read_history(file)
    return JudgedFile(history=history, verdict=judge(history))


def judge_condensed(file: Path, index: CustomerIndex, singly: int | None = None) -> JudgedFile:
    """Judge the condensed history, with the customer at the place `singly` kept."""
    history = read_condensed(file, index, singly)
    return JudgedFile(history=history, verdict=judge(history), index=index)
