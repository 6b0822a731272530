"""The verdict for a terminal, on one screen."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType
from rich.console import Group as Stack
from rich.padding import Padding
from rich.table import Table

from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, ResultKind
from sendproof_harness.judge.findings import Finding, Level, Location
from sendproof_harness.judge.verdict import Group, Result, Status, Verdict
from sendproof_harness.report.summary import example_argument, next_remedy, summary
from sendproof_harness.terminal import Text

STYLES: Mapping[Status | Level, str] = {
    "pass": "green",
    "fail": "bold red",
    "unknown": "yellow",
    "error": "bold magenta",
    "note": "dim",
}
_GOOD: frozenset[ResultKind] = frozenset({"ok", "withheld", "refused"})
_OPEN: frozenset[ResultKind] = frozenset({"pending", "indefinite"})

# A message may be long; its beginning is enough to recognise it.
_TEXT_MAX = 160


def print_verdict(
    verdict: Verdict,
    console: Console,
    reports: Mapping[str, Path] | None = None,
    run: Path | None = None,
    *,
    sandbox: str | None = None,
    repeated_with: Sequence[str] | None = None,
) -> None:
    """Print root causes, checks, delivery ledger, other findings with examples, the seed, and the reports' paths.

    `run` is the folder or the history of the run, `sandbox` the name of a running one; with either, the output ends
    with the next command to run, if the verdict has a customer to explain. `repeated_with` are the options that repeat
    the run with the same bridge, so that it can be shrunk if the bridge failed in it; None if nothing does.
    """
    for root in verdict.roots:
        console.print(Padding(_root(root), (0, 0, 1, 1), expand=False))
    console.print(_checks(verdict))
    faults = [_faults(verdict)] if verdict.faults else []
    others = (group for group in verdict.groups if not group.is_root)
    parts: list[RenderableType] = [_ledger(verdict), *faults, *map(_groups, _together(others))]
    for part in (*parts, _ending(verdict)):
        console.print(Padding(part, (1, 0, 0, 1), expand=False))
    shrunk = {} if run is None or repeated_with is None else _shrunk(verdict, run, repeated_with)
    for label, text in (*_unwrapped(verdict, reports or {}, _explained(run, sandbox)), *shrunk.items()):
        line = Text.assemble((f" {label:<12}", "bold"), text)
        # A command or a path that is cut into lines cannot be copied.
        console.print(line, soft_wrap=True)


def result_style(kind: ResultKind) -> str:
    """Return the style of a recipient result."""
    return "green" if kind in _GOOD else "yellow" if kind in _OPEN else "bold red"


# -- tables -----------------------------------------------------------------------------------------


def _checks(verdict: Verdict) -> Table:
    # Without wrong items, the column is left out, so that the table fits a terminal of 80 columns.
    has_wrong = any(_count_wrong(result) for result in verdict.results)
    table = Table(box=None, pad_edge=True, header_style="dim")
    table.add_column("verdict")
    table.add_column("check")
    table.add_column("looked at", justify="right")
    if has_wrong:
        table.add_column("wrong", justify="right")
    table.add_column("rule", style="dim")
    for result in verdict.results:
        table.add_row(*_check_row(result, has_wrong=has_wrong))
    return table


def _check_row(result: Result, *, has_wrong: bool) -> list[Text | str]:
    count = _count_wrong(result)
    return [
        Text(result.status, style=STYLES[result.status]),
        result.check.title,
        counted(result.looked_at, result.unit),
        *([f"{count:,}" if count else ""] if has_wrong else []),
        result.check.requirement.number,
    ]


def _count_wrong(result: Result) -> int:
    return sum(group.count for group in result.groups if group.level in {"fail", "error"})


def _ledger(verdict: Verdict) -> Text:
    text = Text("recipients  ", style="bold")
    for kind in RESULT_KINDS:
        count = verdict.ledger.get(kind, 0)
        if count or kind == "ok":
            text.append(f"{kind} {count:,}", style=result_style(kind)).append("   ")
    return text


def _faults(verdict: Verdict) -> Text:
    text = Text("faults", style="bold")
    for row in verdict.faults:
        style = "" if row.injected else "bold red"
        text.append(f"\n{row.id:<4}{row.fault} at {row.target} {row.nth} of {row.where}", style=style)
        text.append(
            f"  injected {counted(row.injected, 'times')}: {row.effect}", style="dim" if row.injected else style
        )
    return text


# -- findings ---------------------------------------------------------------------------------------


def _root(group: Group) -> Stack:
    """Return a root cause with the whole text of its first finding, the remedy, and what follows from it."""
    first = group.examples[0]
    details = Text.assemble((str(first.where), "bold"), *_details(first))
    parts: list[RenderableType] = [_group_head(group), Padding(details, (0, 0, 0, 6), expand=False), *_remedy(group)]
    if group.consequences:
        parts.append(Padding(_consequences(group), (0, 0, 0, 6), expand=False))
    return Stack(*parts)


def _consequences(group: Group) -> Text:
    text = Text(f"{counted(group.consequence_count, 'consequences')} of this cause:", "dim")
    for consequence in group.consequences:
        text.append(f"\n  {consequence.count:>5,}  {consequence.cause}  ({consequence.check})", "dim")
    return text


def _together(groups: Iterable[Group]) -> Iterable[Sequence[Group]]:
    """Put the groups of several checks together that say the same about the whole run."""
    together: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        is_shared = group.level != "note" and all(example.where == Location() for example in group.examples)
        topic = group.examples[0].expected if is_shared else group.check
        together.setdefault((group.level, group.cause, group.blame, topic), []).append(group)
    return together.values()


def _groups(groups: Sequence[Group]) -> Stack:
    """Return one group, or the groups of several checks with one head: each of them adds what it got."""
    first, *others = groups
    if not others:
        return _group(first)
    shared = first.examples[0]
    text = Text.assemble((str(shared.where), "bold"), ("\n  expected ", "dim"), shared.expected)
    for group in groups:
        for example in group.examples:
            text.append("\n  got      ", "dim").append(example.got).append(f"  ({group.check})", "dim")
    checks = Text.assemble((first.level, STYLES[first.level]), f"  {first.cause}")
    checks.append(f"  ({', '.join(group.check for group in groups)}, blame: {first.blame})", "dim")
    return Stack(checks, Padding(text, (0, 0, 0, 6), expand=False))


def _group(group: Group) -> Stack:
    example_text = _note_text if group.level == "note" else _example_text
    examples = (Padding(example_text(example), (0, 0, 0, 6), expand=False) for example in group.examples)
    return Stack(_group_head(group), *examples, *_remedy(group))


def _remedy(group: Group) -> Iterator[RenderableType]:
    if group.remedy:
        yield Padding(Text.assemble(("do       ", "bold"), group.remedy), (0, 0, 0, 8), expand=False)


def _group_head(group: Group) -> Text:
    # A note is about nothing wrong, so it blames no party.
    blame = "" if group.level == "note" else f", blame: {group.blame}"
    return Text.assemble(
        (group.level, STYLES[group.level]),
        f"  {group.cause}",
        (f"  {group.count:,} times" if group.count > 1 else "", "bold"),
        (f"  ({group.check}{blame})", "dim"),
    )


def _note_text(finding: Finding) -> Text:
    return Text(finding.got, style="dim")


def _example_text(finding: Finding) -> Text:
    shortened = replace(finding, expected=_shortened(finding.expected), got=_shortened(finding.got))
    return Text.assemble((str(finding.where), "bold"), *_details(shortened))


def _details(finding: Finding) -> list[str | tuple[str, str]]:
    return [("\n  expected ", "dim"), hanging(finding.expected), ("\n  got      ", "dim"), hanging(finding.got)]


def hanging(text: str) -> str:
    """Return a text whose lines begin below each other, after `expected` or `got`: an e-mail has several."""
    return text.replace("\n", "\n           ")


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


# -- ending -----------------------------------------------------------------------------------------


def _ending(verdict: Verdict) -> Text:
    return Text.assemble(
        ("verdict     ", "bold"),
        (verdict.status, STYLES[verdict.status]),
        f"  {summary(verdict)}",
        *_allowed(verdict),
        *_acceptances(verdict),
        *_scenario(verdict),
        ("\nseed        ", "bold"),
        str(verdict.seed),
    )


def _allowed(verdict: Verdict) -> list[str | tuple[str, str]]:
    """Return the unknown checks that are accepted; the exit status is 0 if those are the only ones."""
    names = ", ".join(result.check.id for result in verdict.allowed)
    return [("\nallowed     ", "bold"), f"unknown, as --allow-unknown permits: {names}"] if names else []


def _acceptances(verdict: Verdict) -> Iterator[str | tuple[str, str]]:
    """Yield a line for each accepted failure; one that is gone or expired fails the run."""
    for acceptance in verdict.acceptances:
        yield f"\n{acceptance.state:<12}", "bold red" if acceptance.is_broken else "bold"
        yield acceptance.text


def _explained(run: Path | None, sandbox: str | None) -> str | None:
    """Return what the command `explain` takes before the customer, None without a run."""
    if sandbox is not None:
        return f"--sandbox {shlex.quote(sandbox)}"
    return None if run is None else shlex.quote(str(run))


def _unwrapped(verdict: Verdict, reports: Mapping[str, Path], explained: str | None) -> Iterator[tuple[str, str]]:
    """Yield the lines that must stay whole, as label and text: the paths of the reports, and what to do next."""
    yield from ((name, str(path)) for name, path in reports.items())
    customer = example_argument(verdict)
    if customer is not None and explained is not None:
        yield "next", f"sendproof explain {explained} {customer}"
    elif customer is None and (remedy := next_remedy(verdict)):
        yield "next", remedy


def _shrunk(verdict: Verdict, run: Path, options: Sequence[str]) -> Mapping[str, str]:
    """Return the line with the command that finds the smallest scenario that the bridge fails."""
    first = next((group for group in verdict.groups if group.level == "fail"), None)
    if first is None or first.blame != "bridge" or verdict.accepted_status != "fail":
        return {}
    return {"shrink": shlex.join(["sendproof", "shrink", str(run), *options])}


def _scenario(verdict: Verdict) -> list[str | tuple[str, str]]:
    scenario = verdict.scenario
    return [] if scenario is None else [("\nscenario    ", "bold"), f"{scenario.name}  ({scenario.file})"]
