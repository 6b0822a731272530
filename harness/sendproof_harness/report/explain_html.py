"""One customer's story as one HTML file that needs nothing else; every moment has an anchor to point at."""

from collections import Counter
from itertools import groupby

from sendproof_harness.explain.customer import Story
from sendproof_harness.explain.timeline import Moment
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.report.html import BLAMES, template


def render(story: Story, source: str) -> str:
    """The whole page as text; `source` says where the history is from."""
    return template("why.html.j2").render(story=story, source=source, days=_days(story.moments), blames=BLAMES)


def _days(moments: tuple[Moment, ...]) -> list[tuple[str, list[tuple[str, str, Moment]]]]:
    """By day: the date, and of each moment its anchor, its time and itself."""
    known: Counter[str] = Counter()
    numbered = [(_anchor(moment, known), _time(moment), moment) for moment in moments]
    return [(date, list(some)) for date, some in groupby(numbered, key=lambda entry: spoken(entry[2].at)[:10])]


def _anchor(moment: Moment, known: Counter[str]) -> str:
    """`line-4711` by the history, or `owed` where it has no line; the next one of that name is `line-4711-2`."""
    name = f"line-{moment.line}" if moment.line else "owed" if moment.who == "platform" else "due"
    known[name] += 1
    return name if known[name] == 1 else f"{name}-{known[name]}"


def _time(moment: Moment) -> str:
    return spoken(moment.at)[11:].removesuffix(" UTC")
