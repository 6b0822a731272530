"""One customer's story for a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.console import Group as Stack
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendproof_harness.explain.customer import Chapter, Story
from sendproof_harness.explain.timeline import Moment, Who
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.findings import Finding

_GOOD = frozenset({"ok", "withheld", "refused"})
_OPEN = frozenset({"pending", "indefinite"})
_STYLE: Mapping[Who, str] = {
    "platform": "cyan",
    "bridge": "green",
    "provider": "magenta",
    "customer": "blue",
    "nobody": "yellow",
    "fault": "red",
}


def print_story(story: Story, console: Console) -> None:
    """Print who it is and what became of them, then every moment, then what the checks say."""
    console.print(_head(story))
    console.print(Padding(_moments(story.moments), (1, 0, 0, 0), expand=False))
    for title, findings in (("about this customer", story.about), ("about their campaigns", story.around)):
        if findings:
            console.print(Padding(_findings(title, findings), (1, 0, 0, 0), expand=False))


def _head(story: Story) -> Text:
    name = story.person.customer or "nobody's number"
    text = Text.assemble((name, "bold"), "  ", ", ".join(story.person.numbers) or "no usable number")
    for chapter in story.chapters:
        text.append("\n").append(_chapter(chapter))
    if not story.chapters:
        text.append("\nno campaign owed anything to this number", style="yellow")
    return text


def _chapter(chapter: Chapter) -> Text:
    style = "green" if chapter.name in _GOOD else "yellow" if chapter.name in _OPEN else "bold red"
    where = f"campaign {chapter.campaign} on channel {chapter.channel}  "
    return Text.assemble(where, (chapter.name, style), f"  {chapter.meaning}")


def _moments(moments: Sequence[Moment]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("UTC", "who", "what"):
        table.add_column(column, no_wrap=column != "what")
    day = ""
    for moment in moments:
        date, _, time = spoken(moment.at).removesuffix(" UTC").partition(" ")
        if date != day:
            table.add_row(Text(date, style="bold"), "", "")
            day = date
        table.add_row(time, Text(moment.who, style=_STYLE[moment.who]), _what(moment))
    return table


def _what(moment: Moment) -> Text:
    text = Text(moment.what, style="red" if moment.wrong else "")
    if moment.line:
        text.append(f"  #{moment.line}", style="dim")
    if moment.detail:
        text.append(f"\n{moment.detail}", style="dim")
    return text


def _findings(title: str, findings: Sequence[Finding]) -> Stack:
    return Stack(Text(title, style="bold"), *(Padding(_finding(one), (0, 0, 0, 2), expand=False) for one in findings))


def _finding(finding: Finding) -> Text:
    return Text.assemble(
        (finding.level, "bold red" if finding.level in {"fail", "error"} else "yellow"),
        f"  {finding.cause}",
        (f"  ({finding.check}, blame: {finding.blame})", "dim"),
        ("\n  expected ", "dim"),
        finding.expected,
        ("\n  got      ", "dim"),
        finding.got,
    )
