"""Which of the selected scenarios a session runs, and when it ends: shards, `--last-failed` and `--fail-fast`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.history.wording import counted
from sendproof_harness.report.combined.record import NOT_REACHED, Outcome, RecordError, read_record
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.selection import RunRefusedError

_SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of several parts of the scenarios, counted from 1."""

    number: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How a session proceeds: the number of scenarios at once, its part of them, and if the first failure ends it.

    With `last_failed`, only scenarios without a pass in the results folder run. `further` is the number of runs that
    follow the session, and count as its own in its progress.
    """

    parallel: int = 1
    shard: Shard | None = None
    fail_fast: bool = False
    last_failed: bool = False
    further: int = 0

    def progress(self, number: int, scenarios: int) -> str:
        """Return how far the session is, such as `run 4 of 25`; empty if there is one run only."""
        total = scenarios + self.further
        return f"run {number} of {total}" if total > 1 else ""


def parse_shard(text: str) -> Shard:
    """Return the shard of `--shard`, such as `2/4`; `ValueError` names the expected form."""
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError(f"--shard: expected NUMBER/TOTAL such as 2/4, got {text!r}")
    return Shard(number=int(match[1]), total=int(match[2]))


def plan(scenarios: Mapping[str, Scenario], schedule: Schedule, results: Path) -> tuple[list[str], list[Outcome]]:
    """Return the names of the scenarios to run, and the outcomes of all selected ones before the first has run.

    `RunRefusedError` if there is nothing to run.
    """
    outcomes = list(_outcomes(scenarios, schedule.shard))
    own = [outcome.scenario for outcome in outcomes if outcome.why]
    if not own and schedule.shard is not None:
        number, total = schedule.shard.number, schedule.shard.total
        most = counted(len(scenarios), "shards")
        raise RunRefusedError(f"--shard: expected at most {most}, as many as scenarios, got {number}/{total}")
    if not schedule.last_failed:
        return own, outcomes
    passed = _passed(results)
    left = [name for name in own if name not in passed]
    if not left:
        raise RunRefusedError(
            f"--last-failed: expected a scenario without a pass in {results}, got {len(own)} that passed; "
            "run without the option"
        )
    return left, [outcome for outcome in outcomes if outcome.scenario not in passed]


def _outcomes(scenarios: Mapping[str, Scenario], shard: Shard | None) -> Iterator[Outcome]:
    """Yield an outcome for each scenario; those of other shards have no reason why they did not run.

    Neighbours in a folder take about as long as each other, so they go to different shards.
    """
    for index, (name, scenario) in enumerate(scenarios.items()):
        number = None if shard is None else index % shard.total + 1
        is_own = shard is None or number == shard.number
        yield Outcome(
            scenario=name,
            why=NOT_REACHED if is_own else "",
            file=scenario.source,
            shard=number,
            shards=None if shard is None else shard.total,
        )


def _passed(results: Path) -> frozenset[str]:
    try:
        outcomes = read_record(results).outcomes
    except RecordError as error:
        raise RunRefusedError(f"--last-failed: {error}; run without the option first") from error
    return frozenset(outcome.scenario for outcome in outcomes if outcome.verdict == "pass")
