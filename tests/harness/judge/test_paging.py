"""The pages of an audience: gaps, overlaps, repeated pages, and pages above the size limit."""

from history_builder import HistoryBuilder
from sendproof_harness.judge.checks.paging import CHECKS


def causes(run: HistoryBuilder, *levels: str) -> list[tuple[str, str]]:
    """Return cause and got of each finding."""
    return [(finding.cause, finding.got) for finding in run.findings(CHECKS, *levels)]


def page_request(run: HistoryBuilder, skip: int) -> dict:
    """Return the request of the page from a row."""
    return next(line for line in run.lines_of("request") if line.get("summary", {}).get("skip") == skip)


def with_summary(line: dict, **changes: object) -> dict:
    """Return the request with changes in its summary."""
    return line | {"summary": line["summary"] | changes}


def test_complete_pages_pass(correct_run):
    """Pages 0, 5 and 10 cover all 12 rows."""
    assert causes(correct_run, "fail", "unknown", "note") == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [3, 3]


def test_missing_last_page_fails(correct_run):
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 10))

    assert causes(run) == [("rows never read: the last page was skipped", "rows 10 to 11 never")]


def test_missing_page_in_between_fails(correct_run):
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 5))

    assert causes(run) == [("rows never read", "rows 5 to 9 never")]


def test_audience_never_read_fails(correct_run):
    """A check without pages must not pass."""
    run = correct_run.without("request", lambda line: "summary" in line)

    assert causes(run) == [("the audience was never read", "no page request")]


def test_overlapping_pages_fail(correct_run):
    run = correct_run.plus(with_summary(page_request(correct_run, 5), skip=4, rows=5, first="C0000004"))

    assert causes(run) == [
        ("rows read twice: steps of 4 rows between pages of 5", "rows 4 to 4 again"),
        ("rows read twice: steps of 1 row between pages of 5", "rows 5 to 8 again"),
    ]


def test_repeated_page_is_noted(correct_run):
    """It is correct after a lost response."""
    run = correct_run.plus(page_request(correct_run, 5))

    assert causes(run) == []
    assert causes(run, "note") == [("a page was requested again", "1 repeated, which is correct after a lost response")]


def test_empty_page_after_the_end_passes(correct_run):
    """It is a way to find the end."""
    run = correct_run.plus(with_summary(page_request(correct_run, 10), skip=15, rows=0, first=None))

    assert causes(run) == []


def test_page_above_size_limit_fails(correct_run):
    run = correct_run.change(
        "request", lambda line: with_summary(line, top=20_000) if line == page_request(correct_run, 0) else line
    )

    assert causes(run) == [("a page of more than 10,000 rows", "$top=20,000")]
