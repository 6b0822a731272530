"""The checks of `sendproof run` on the history of a load test, as observations of its result."""

from pathlib import Path

from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import Group, Result
from sendproof_harness.load.model import MAX_CAUSES, HistoryCheck


def judge_history(file: Path) -> tuple[HistoryCheck, ...]:
    """Judge the history of a load test. Raises `HistoryError` for wrong content, `OSError` for an unreadable file."""
    return tuple(checked_from(result) for result in judge_file(file).verdict.results)


def checked_from(result: Result) -> HistoryCheck:
    """Return the result of a check with its most serious causes."""
    groups = [group for group in result.groups if group.level != "note"]
    return HistoryCheck(
        id=result.check.id,
        title=result.check.title,
        requirement=result.check.requirement.number,
        status=result.status,
        looked_at=result.looked_at,
        unit=result.unit,
        count=sum(group.count for group in groups) + result.following_count,
        blame=groups[0].blame if groups and result.status in {"fail", "error"} else None,
        causes=tuple(_cause_text(group) for group in groups[:MAX_CAUSES]),
    )


def _cause_text(group: Group) -> str:
    """Return a cause with its number and its first example."""
    example = group.examples[0]
    times = f" ({group.count:,} times)" if group.count > 1 else ""
    return f"{group.cause}{times}: expected {example.expected}, got {example.got}; {example.where}"
