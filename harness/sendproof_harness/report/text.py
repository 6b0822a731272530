"""The verdict for a terminal: what to know in one screen."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.console import Group as Stack
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendproof_harness.judge.facts.delivery_ledger import CLASSES
from sendproof_harness.judge.findings import Finding, Level
from sendproof_harness.judge.verdict import Group, Result, Status, Verdict
from sendproof_harness.report.formatting import counted
from sendproof_harness.report.summary import sufferer, summary

STYLES: Mapping[Status | Level, str] = {
    "pass": "green",
    "fail": "bold red",
    "unknown": "yellow",
    "error": "bold magenta",
    "note": "dim",
}
_GOOD = frozenset({"ok", "withheld", "refused"})
_OPEN = frozenset({"pending", "indefinite"})

# A text message may be long; its beginning is enough to recognise it.
_SHOWN_CHARACTERS = 160


def print_verdict(
    verdict: Verdict, console: Console, reports: Mapping[str, Path] | None = None, run: Path | None = None
) -> None:
    """Print checks, ledger, findings by cause with examples, the seed, and where the reports are.

    `run` is the folder or the history of the run: what to ask next is then printed as a command.
    """
    console.print(_checks(verdict))
    console.print(Padding(_ledger(verdict), (1, 0, 0, 1), expand=False))
    if verdict.faults:
        console.print(Padding(_faults(verdict), (1, 0, 0, 1), expand=False))
    for group in verdict.groups:
        console.print(Padding(_group(group), (1, 0, 0, 1), expand=False))
    console.print(Padding(_ending(verdict, reports or {}, run), (1, 0, 0, 1), expand=False))


def _checks(verdict: Verdict) -> Table:
    # The column of what is wrong is left out of a pass, so that the table fits a terminal of 80 characters.
    wrong = any(_count_wrong(result) for result in verdict.results)
    table = Table(box=None, pad_edge=True, header_style="dim")
    table.add_column("verdict")
    table.add_column("check")
    table.add_column("looked at", justify="right")
    if wrong:
        table.add_column("wrong", justify="right")
    table.add_column("rule", style="dim")
    for result in verdict.results:
        table.add_row(*_row(result, wrong=wrong))
    return table


def _row(result: Result, *, wrong: bool) -> list[Text | str]:
    count = _count_wrong(result)
    return [
        Text(result.standing, style=STYLES[result.standing]),
        result.check.title,
        counted(result.looked_at, result.unit),
        *([f"{count:,}" if count else ""] if wrong else []),
        result.check.requirement.number,
    ]


def _count_wrong(result: Result) -> int:
    return sum(finding.level in {"fail", "error"} for finding in result.findings)


def _ledger(verdict: Verdict) -> Text:
    text = Text("recipients  ", style="bold")
    for name in CLASSES:
        count = verdict.ledger.get(name, 0)
        if count or name == "ok":
            style = "green" if name in _GOOD else "yellow" if name in _OPEN else "bold red"
            text.append(f"{name} {count:,}", style=style).append("   ")
    return text


def _faults(verdict: Verdict) -> Text:
    text = Text("faults", style="bold")
    for row in verdict.faults:
        style = "" if row.struck else "bold red"
        text.append(f"\n{row.id:<4}{row.fault} at {row.target} {row.nth} of {row.where}", style=style)
        text.append(f"  struck {row.struck}: {row.effect}", style="dim" if row.struck else style)
    return text


def _group(group: Group) -> Stack:
    head = Text.assemble(
        (group.level, STYLES[group.level]),
        f"  {group.cause}",
        (f"  {group.count:,} times" if group.count > 1 else "", "bold"),
        (f"  ({group.check}, blame: {group.blame})", "dim"),
    )
    examples = (
        []
        if group.level == "note"
        else [Padding(_example(some), (0, 0, 0, 6), expand=False) for some in group.examples]
    )
    notes = [
        Padding(Text(some.got, style="dim"), (0, 0, 0, 6), expand=False)
        for some in group.examples
        if group.level == "note"
    ]
    return Stack(head, *examples, *notes)


def _example(finding: Finding) -> Text:
    return Text.assemble(
        (str(finding.where), "bold"),
        ("\n  expected ", "dim"),
        _short(finding.expected),
        ("\n  got      ", "dim"),
        _short(finding.got),
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _ending(verdict: Verdict, reports: Mapping[str, Path], run: Path | None) -> Text:
    text = Text.assemble(
        ("verdict     ", "bold"),
        (verdict.standing, STYLES[verdict.standing]),
        f"  {summary(verdict)}",
        *_scenario(verdict),
        ("\nseed        ", "bold"),
        str(verdict.seed),
    )
    for name, path in reports.items():
        text.append(f"\n{name:<12}", style="bold").append(str(path))
    somebody = sufferer(verdict)
    if somebody is not None and run is not None:
        text.append("\nnext        ", style="bold").append(f"sendproof explain {shlex.quote(str(run))} {somebody}")
    return text


def _scenario(verdict: Verdict) -> list[str | tuple[str, str]]:
    played = verdict.scenario
    return [] if played is None else [("\nscenario    ", "bold"), f"{played.name}  ({played.file})"]
