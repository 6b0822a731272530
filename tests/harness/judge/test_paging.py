"""Reading the audience: gaps, overlaps, repeats, and pages that are too large."""

from history_builder import Story
from sendproof_harness.judge.checks.paging import CHECKS


def causes(story: Story, *levels: str) -> list[tuple[str, str]]:
    """What was found, in short."""
    return [(some.cause, some.got) for some in story.findings(CHECKS, *levels)]


def page(story: Story, skip: int) -> dict:
    """The request of the page from this row."""
    return next(line for line in story.of("request") if line.get("summary", {}).get("skip") == skip)


def with_note(line: dict, **note: object) -> dict:
    """The same request with another summary."""
    return line | {"summary": line["summary"] | note}


def test_sound(sound):
    """Pages 0, 5 and 10 of 12 rows are all there is."""
    assert causes(sound, "fail", "unknown", "note") == []
    assert [check.run(sound.history()).looked_at for check in CHECKS] == [3, 3]


def test_last_page_dropped(sound):
    """A bridge that stops one page early leaves a gap at the end."""
    story = sound.without("request", lambda line: line == page(sound, 10))

    assert causes(story) == [("rows never read: the last page was dropped", "rows 10 to 11 never")]


def test_page_dropped_in_between(sound):
    """A gap in the middle is one too."""
    story = sound.without("request", lambda line: line == page(sound, 5))

    assert causes(story) == [("rows never read", "rows 5 to 9 never")]


def test_never_read(sound):
    """A campaign whose audience nobody asked for is not a pass for want of pages."""
    story = sound.without("request", lambda line: "summary" in line)

    assert causes(story) == [("the audience was never read", "no request for them")]


def test_overlap(sound):
    """A page that begins before the last one ended reads rows twice."""
    story = sound.plus(with_note(page(sound, 5), skip=4, rows=5, first="C0000004"))

    assert causes(story) == [
        ("rows read twice: steps of 4 rows between pages of 5", "rows 4 to 4 again"),
        ("rows read twice: steps of 1 row between pages of 5", "rows 5 to 8 again"),
    ]


def test_retry_is_right(sound):
    """The same page again is what a bridge should do after a lost reply: a note."""
    story = sound.plus(page(sound, 5))

    assert causes(story) == []
    assert causes(story, "note") == [("a page was asked for again", "1 repeated, which is right after a lost reply")]


def test_page_beyond_the_end(sound):
    """One more page, to see that it is empty, is a way to find the end."""
    story = sound.plus(with_note(page(sound, 10), skip=15, rows=0, first=None))

    assert causes(story) == []


def test_too_large(sound):
    """More rows than the service gives are asked for in vain."""
    story = sound.change("request", lambda line: with_note(line, top=20_000) if line == page(sound, 0) else line)

    assert causes(story) == [("a page of more than 10,000 rows", "$top=20,000")]
