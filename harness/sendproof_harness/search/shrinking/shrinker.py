"""Shrinking a failed scenario: reproduce the failure, make the scenario smaller until nothing can go, and name it."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.document import Document, scenario_of
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.search.shrinking import customers
from sendproof_harness.search.shrinking.oracle import BudgetSpentError, Oracle, Play, Rate, Target
from sendproof_harness.search.shrinking.passes import polish, shrink_once
from sendproof_harness.search.shrinking.size import Size, size_of
from sendproof_harness.search.shrinking.story import story
from sendproof_harness.search.trial import FailedRequirement, TrialResult, TrialSession

# With the failed run itself, two show if a bridge always does the same. If they differ, the rate needs more of them.
_RATE_RUNS = 10
# Each round begins with the result of the one before; the last one shows that nothing can go.
_MOST_ROUNDS = 5
_NAME_LENGTH = 200
_EXCERPT = 250
# Of a scenario file (`scenario/schema.json`).
_ABOUT_LENGTH = 2_000


class NotReproducedError(Exception):
    """The bridge did not fail again. The message has the number of runs, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The failure to shrink: its scenario as a document, what failed there, and the target."""

    document: Document
    failed: FailedRequirement
    target: Target
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest document, with the size and rate before and after, and the number of runs.

    `recalled_runs` were made by an earlier, interrupted search. With `is_spent`, the budget ended the search.
    """

    document: Document
    failed: FailedRequirement
    before: Size
    after: Size
    rate_before: Rate
    rate_after: Rate
    runs: int
    recalled_runs: int
    is_spent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How a search proceeds: when its budget is spent, where it remembers results, and who gets them.

    `is_spent` takes the number of runs so far. `on_result` is called after each run.
    """

    is_spent: Callable[[int], bool]
    memory: Path
    on_result: Callable[[Oracle], None] = lambda _: None


def shrink(failure: Failure, session: TrialSession, search: Search) -> Shrunk:
    """Return the smallest scenario that still has the failure; `NotReproducedError` if it did not occur again.

    It is deterministic: the scenario has the only seed. A bridge that does not always fail is run more often.
    """
    oracle = Oracle(
        play=_playing(session),
        target=failure.target,
        file=search.memory,
        is_spent=search.is_spent,
        on_result=search.on_result,
    )
    try:
        rate = _reproduce(failure.document, oracle)
    except BudgetSpentError:
        raise NotReproducedError("expected a budget for at least one run of the scenario, got less") from None
    oracle.rate = rate
    document, is_spent = _smallest(failure, session, oracle)
    after = _final_rate(document, oracle, rate, is_spent=is_spent)
    failed = failure.failed if oracle.last_failed is None else _shown(oracle.last_failed, failure.target)
    named = _named(failure, document, failed, after, is_spent=is_spent)
    return Shrunk(
        document=named,
        failed=failed,
        before=size_of(failure.document),
        after=size_of(named),
        rate_before=rate,
        rate_after=after,
        runs=oracle.runs,
        recalled_runs=oracle.recalled_runs,
        is_spent=is_spent,
    )


def _playing(session: TrialSession) -> Play:
    """Return the function that plays a scenario and removes its folder: hundreds of histories are of no use."""

    def play(scenario: Scenario) -> TrialResult:
        result = session.play(scenario)
        session.discard(result)
        return result

    return play


def _reproduce(document: Document, oracle: Oracle) -> Rate:
    """Return the rate of the failed scenario, with the failed run."""
    failed = oracle.measure(document, 1).failed
    if failed:
        return Rate(failed=2, runs=2)
    failed = oracle.measure(document, _RATE_RUNS - 2).failed
    rate = Rate(failed=1 + failed, runs=_RATE_RUNS)
    if not failed:
        raise NotReproducedError(
            f"expected {oracle.target.number} ({oracle.target.check}) to fail again, got {rate.runs - 1} runs without "
            "it; the bridge was repaired, or fails rarely"
        )
    return rate


def _smallest(failure: Failure, session: TrialSession, oracle: Oracle) -> tuple[Document, bool]:
    """Return the smallest document, and if the budget ended the search."""
    document, failing = failure.document, _positions(failure.document, failure.failed)
    for _ in range(_MOST_ROUNDS):
        known = document

        def records(positions: Sequence[int], known: Document = known) -> Sequence[customers.Record]:
            return customers.records(session.control_url, scenario_of(known), positions)

        try:
            document = shrink_once(known, oracle.fails, failing, records)
        except BudgetSpentError:
            return oracle.smallest or known, True
        if document == known:
            return _polished(document, oracle)
        if oracle.last_failed is not None:
            failing = _positions(document, _of_target(oracle.last_failed, failure.target)[0])
    return _polished(document, oracle)


def _polished(document: Document, oracle: Oracle) -> tuple[Document, bool]:
    try:
        return polish(document, oracle.fails), False
    except BudgetSpentError:
        return oracle.smallest or document, True


def _positions(document: Document, failed: FailedRequirement) -> list[int]:
    """Return the positions of the customers whom a failure of the document names."""
    ids = CustomerIds.of(scenario_of(document).audience)
    found = map(ids.position, failed.customers)
    return [position for position in found if position is not None]


def _of_target(result: TrialResult, target: Target) -> list[FailedRequirement]:
    return [failure for failure in result.failures if target.is_met(failure)]


def _shown(result: TrialResult, target: Target) -> FailedRequirement:
    """Return the failure of a run without the path of its folder, which is gone, and another one in each search."""
    failed = _of_target(result, target)[0]
    folder = f"{result.folder}{os.sep}"
    return dataclasses.replace(
        failed,
        cause=failed.cause.replace(folder, ""),
        expected=failed.expected.replace(folder, ""),
        got=failed.got.replace(folder, ""),
    )


def _final_rate(document: Document, oracle: Oracle, before: Rate, *, is_spent: bool) -> Rate:
    """Return the rate of the result: of more runs for a bridge that does not always fail."""
    # The result counts even if the budget is spent.
    oracle.is_spent = lambda _: False
    rate = oracle.measure(document, 1 if before.is_certain else _RATE_RUNS)
    if not rate.failed and before.is_certain:
        # The bridge is not as certain as it seemed.
        more = oracle.measure(document, _RATE_RUNS - 1)
        rate = Rate(failed=more.failed, runs=_RATE_RUNS)
    if not rate.failed and not is_spent and oracle.recalled_runs:
        raise NotReproducedError(
            f"expected the smallest scenario to fail, got {rate.runs} runs without it; the results that an "
            "interrupted search had left are of another bridge: use --fresh"
        )
    return rate


def _named(failure: Failure, document: Document, failed: FailedRequirement, rate: Rate, *, is_spent: bool) -> Document:
    """Return the document with a name and a description of what is left."""
    smallest = "The search was cut short: this is the smallest part so far" if is_spent else "This is the smallest part"
    times = "" if rate.is_certain else f", in {rate}"
    seen = f': expected "{_excerpt(failed.expected)}", got "{_excerpt(failed.got)}".' if failed.expected else "."
    end = (
        f"The bridge fails {failed.number} ({failure.title}){times}{seen} "
        f"{smallest} of '{failure.document['name']}' that fails in this way: "
        f"{size_of(document)}, instead of {size_of(failure.document)}."
    )
    about = f"{story(document, _ABOUT_LENGTH - len(end) - 1)} {end}".lstrip()
    rest = {key: value for key, value in document.items() if key not in {"sendproof", "name", "about"}}
    name = f"{failed.number}: {failed.cause}"
    return {"sendproof": document["sendproof"], "name": name[:_NAME_LENGTH], "about": about, **rest}


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
