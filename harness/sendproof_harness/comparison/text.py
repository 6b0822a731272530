"""Comparisons and invariants in the terminal."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console

from sendproof_harness.comparison.bridges import ComparedBridge
from sendproof_harness.comparison.checking import CheckedInvariant
from sendproof_harness.comparison.differences import RunDifference, count_of, only_side
from sendproof_harness.comparison.two_bridges import ComparedScenario
from sendproof_harness.comparison.two_runs import RunComparison, Standing
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.verdict import Status

# As many as the reports of a run show.
_EXAMPLES = 3

_TITLES: dict[Standing, str] = {
    "worse": "B is wrong, and A is right",
    "better": "A is wrong, and B is right",
    "both wrong": "both are wrong, in different ways",
    "allowed": "neither is wrong: the contracts leave it open, or it follows from other differences",
}


def print_bridges(first: ComparedBridge, second: ComparedBridge, console: Console) -> None:
    """Print which bridge is A and which is B."""
    _print(console, [f"A  {first.words}", f"B  {second.words}"])


def print_compared(scenario: ComparedScenario, console: Console, *, regressions_only: bool) -> None:
    """Print a scenario with its differences; with `regressions_only`, only regressions of B."""
    _print(console, ["", scenario.name])
    if scenario.error:
        _print(console, [f"  error: {scenario.error}"])
    for client, run in scenario.clients.items():
        _print(console, [f"  client {client}"] if client else [])
        _print(console, _run_lines(run, regressions_only=regressions_only))


def _run_lines(run: RunComparison, *, regressions_only: bool) -> Iterator[str]:
    yield f"  verdict of A: {run.first.status}, of B: {run.second.status}"
    messages = f"{run.first.observed.message_count:,} and {run.second.observed.message_count:,} messages"
    yield f"  compared: {counted(run.looked_at, 'customers')}, {messages}"
    if run.unobserved:
        yield f"  not compared: {run.unobserved}"
    standings: tuple[Standing, ...] = ("worse",) if regressions_only else ("worse", "better", "both wrong")
    for standing in standings:
        found = run.found[standing]
        if found:
            yield f"  {_TITLES[standing]}:"
            yield from difference_lines(found, "    ")
    yield from _cause_lines("causes of failures that only B has", run.new_causes)
    if not regressions_only:
        yield from _cause_lines("causes of failures that only A has", run.gone_causes)
        if run.found["allowed"]:
            yield f"  {_TITLES['allowed']}:"
            yield from _heading_lines(run.found["allowed"])


def difference_lines(found: Sequence[RunDifference], indent: str) -> Iterator[str]:
    """Yield the differences by heading: their number, and the first of them in words."""
    for heading, of_heading in _by_heading(found).items():
        # A customer may get a message three times.
        several = f" ({len(of_heading):,} messages)" if count_of(of_heading) < len(of_heading) else ""
        yield f"{indent}{_counted(of_heading)}: {heading}{several}"
        first_of_each = {difference.customer or difference.topic: difference for difference in reversed(of_heading)}
        for difference in [*reversed(first_of_each.values())][:_EXAMPLES]:
            topic = f"{difference.customer}: " if difference.customer else ""
            yield f"{indent}  {topic}A {difference.first}"
            yield f"{indent}  {' ' * len(topic)}B {difference.second}"


def _heading_lines(found: Sequence[RunDifference]) -> Iterator[str]:
    for heading, of_heading in _by_heading(found).items():
        side = only_side(of_heading)
        yield f"    {_counted(of_heading)}: {heading}{f', only {side}' if side else ''}"


def _counted(found: Sequence[RunDifference]) -> str:
    return counted(count_of(found), f"{found[0].area}s")


def _by_heading(found: Iterable[RunDifference]) -> dict[str, list[RunDifference]]:
    by_heading: dict[str, list[RunDifference]] = {}
    for difference in found:
        by_heading.setdefault(difference.heading, []).append(difference)
    return by_heading


def _cause_lines(title: str, causes: Sequence[tuple[str, str]]) -> Iterator[str]:
    if causes:
        yield f"  {title}:"
        yield from (f"    {check}: {cause}" for check, cause in causes)


_CONCLUSIONS: dict[Status, str] = {
    "pass": "no difference that the contracts do not leave open",
    "fail": "the bridges differ",
    "unknown": "no difference, but not everything could be compared",
    "error": "a scenario could not be compared",
}
_REGRESSIONS: dict[Status, str] = {
    **_CONCLUSIONS,
    "pass": "B is nowhere worse than A",
    "fail": "B is worse than A",
    "unknown": "B is nowhere worse than A, but not everything could be compared",
}


def print_conclusion(status: Status, scenarios: int, console: Console, *, regressions_only: bool) -> None:
    """Print the status of all scenarios in a sentence."""
    conclusion = (_REGRESSIONS if regressions_only else _CONCLUSIONS)[status]
    _print(console, ["", f"{status}: {counted(scenarios, 'scenarios')}: {conclusion}"])


_INVARIANTS: dict[Status, str] = {
    "pass": "every invariant holds",
    "fail": "an invariant is broken",
    "unknown": "no invariant is broken, but not everything was observed",
    "error": "an invariant could not be checked",
}


def print_invariants_conclusion(status: Status, console: Console) -> None:
    """Print the status of all invariants in a sentence."""
    _print(console, [f"{status}: {_INVARIANTS[status]}"])


def print_checked(checked: CheckedInvariant, console: Console) -> None:
    """Print the result of an invariant, with the first differences if it is broken."""
    invariant = checked.invariant
    seen = f"{counted(checked.messages, 'messages')} compared" if checked.messages else ""
    reason = "; ".join(part for part in (seen, checked.reason) if part)
    _print(console, [f"  {checked.result:14} {invariant.name:9} {invariant.title} ({reason})"])
    if checked.found:
        _print(console, [f"      A is the scenario, B the change: {invariant.change}"])
        _print(console, difference_lines(checked.found, "      "))


def _print(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
