"""The report of an exploration, in words."""

from collections.abc import Iterator
from itertools import combinations

from sendproof_harness.search.explore.coverage import REQUIREMENTS
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.search import Exploration, ExploredRun

_SHOWN_NAMES = 12


def run_line(run: ExploredRun, number: int) -> str:
    """Return the line of a run: its seed, status, features and news."""
    news = f", {len(run.new)} new" if run.new else ""
    return f"{number:>5}  seed {run.plan.seed}  {run.status}{news}: {run.plan.flow_item}; {'; '.join(run.plan.names)}"


def failure_lines(run: ExploredRun) -> Iterator[str]:
    """Yield a line for each cause of a failed run, or the reason why a run proves nothing."""
    for failure in run.failures:
        yield f"       {failure.number} {failure.check}: {failure.cause}"
    if not run.failures and run.reason:
        yield f"       {run.reason}"


def coverage_lines(exploration: Exploration) -> Iterator[str]:
    """Yield the coverage: requirements with and without their situation, and counts of everything else."""
    counts = exploration.coverage.of_kind("requirement")
    yield f"requirements whose situation came up: {len(counts)} of {len(REQUIREMENTS)}"
    for number, title in sorted(REQUIREMENTS.items()):
        runs = counts.get(number, 0)
        yield f"  {number}  {f'{runs:,} runs' if runs else 'never':>10}  {title}"
    yield f"operations called: {len(exploration.coverage.of_kind('operation'))}"
    yield _share(exploration, "dialect options", _of_topic(exploration, "dialect "))
    faults = _of_topic(exploration, "fault ")
    yield _share(exploration, "faults, each at one place", faults)
    yield _pairs(exploration, "pairs of faults", faults)
    yield _share(exploration, "features", list(exploration.catalogue.features))
    yield _pairs(exploration, "pairs of features", list(exploration.catalogue.features))


def _of_topic(exploration: Exploration, prefix: str) -> list[Feature]:
    return [feature for feature in exploration.catalogue.features if feature.topic.startswith(prefix)]


def _share(exploration: Exploration, name: str, features: list[Feature]) -> str:
    missing = [feature.name for feature in features if not exploration.coverage.counts[feature.name]]
    line = f"{name}: {len(features) - len(missing):,} of {len(features):,}"
    if not missing:
        return line
    more = f", and {len(missing) - _SHOWN_NAMES} more" if len(missing) > _SHOWN_NAMES else ""
    return f"{line}; never: {', '.join(missing[:_SHOWN_NAMES])}{more}"


def _pairs(exploration: Exploration, name: str, features: list[Feature]) -> str:
    """Return how many pairs of compatible features came up. Two of one topic count as incompatible."""
    possible = [(one.name, two.name) for one, two in combinations(features, 2) if one.goes_with(two)]
    met = sum(exploration.coverage.pair_count(*pair) > 0 for pair in possible)
    return f"{name}: {met:,} of {len(possible):,}"
