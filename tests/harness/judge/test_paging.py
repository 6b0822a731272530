"""Reading the audience: gaps, overlaps, repeats, and pages that are too large."""

from history_builder import HistoryBuilder
from sendproof_harness.judge.checks.paging import CHECKS


def causes(run: HistoryBuilder, *levels: str) -> list[tuple[str, str]]:
    """What was found, in short."""
    return [(some.cause, some.got) for some in run.findings(CHECKS, *levels)]


def page(run: HistoryBuilder, skip: int) -> dict:
    """The request of the page from this row."""
    return next(line for line in run.lines_of("request") if line.get("summary", {}).get("skip") == skip)


def with_note(line: dict, **note: object) -> dict:
    """The same request with another summary."""
    return line | {"summary": line["summary"] | note}


def test_sound(correct_run):
    """Pages 0, 5 and 10 of 12 rows are all there is."""
    assert causes(correct_run, "fail", "unknown", "note") == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [3, 3]


def test_last_page_dropped(correct_run):
    """A bridge that stops one page early leaves a gap at the end."""
    run = correct_run.without("request", lambda line: line == page(correct_run, 10))

    assert causes(run) == [("rows never read: the last page was skipped", "rows 10 to 11 never")]


def test_page_dropped_in_between(correct_run):
    """A gap in the middle is one too."""
    run = correct_run.without("request", lambda line: line == page(correct_run, 5))

    assert causes(run) == [("rows never read", "rows 5 to 9 never")]


def test_never_read(correct_run):
    """A campaign whose audience nobody asked for is not a pass for want of pages."""
    run = correct_run.without("request", lambda line: "summary" in line)

    assert causes(run) == [("the audience was never read", "no page request")]


def test_overlap(correct_run):
    """A page that begins before the last one ended reads rows twice."""
    run = correct_run.plus(with_note(page(correct_run, 5), skip=4, rows=5, first="C0000004"))

    assert causes(run) == [
        ("rows read twice: steps of 4 rows between pages of 5", "rows 4 to 4 again"),
        ("rows read twice: steps of 1 row between pages of 5", "rows 5 to 8 again"),
    ]


def test_retry_is_right(correct_run):
    """The same page again is what a bridge should do after a lost reply: a note."""
    run = correct_run.plus(page(correct_run, 5))

    assert causes(run) == []
    assert causes(run, "note") == [("a page was requested again", "1 repeated, which is correct after a lost response")]


def test_page_beyond_the_end(correct_run):
    """One more page, to see that it is empty, is a way to find the end."""
    run = correct_run.plus(with_note(page(correct_run, 10), skip=15, rows=0, first=None))

    assert causes(run) == []


def test_too_large(correct_run):
    """More rows than the service gives are asked for in vain."""
    run = correct_run.change(
        "request", lambda line: with_note(line, top=20_000) if line == page(correct_run, 0) else line
    )

    assert causes(run) == [("a page of more than 10,000 rows", "$top=20,000")]
