"""The report of an exploration, in words."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from sendproof_harness.history.wording import counted
from sendproof_harness.search.explore.coverage import REQUIREMENTS
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.search import Exploration, ExploredRun
from sendproof_harness.search.shrinking.oracle import kind_of

_SHOWN_NAMES, _SHOWN_SEEDS = 12, 5
_CUSTOMERS = frozenset({"customer", "outcome"})
# Topics and names of features that only some clients ask for, so that a bridge may lack them.
_OPTIONAL = frozenset({"service", "clients", "reports", "account", "campaign of an app", "on hold until it is cleared"})


def run_line(run: ExploredRun, number: int) -> str:
    """Return the line of a run: its seed, status, features and news. Unusual customers are only counted."""
    news = f", {len(run.new)} new" if run.new else ""
    features = [feature.name for feature in run.plan.features if feature.topic not in _CUSTOMERS]
    customers = len(run.plan.features) - len(features)
    parts = (run.plan.flow_item, *features, *([counted(customers, "unusual customers")] if customers else ()))
    return f"{number:>5}  seed {run.plan.seed}  {run.status}{news}: {'; '.join(parts)}"


def failure_lines(run: ExploredRun) -> Iterator[str]:
    """Yield a line for each cause of a failed run, or the reason why a run proves nothing."""
    for failure in run.failures:
        yield f"       {failure.number} {failure.check}: {failure.cause}"
    if not run.failures and run.reason:
        yield f"       {run.reason}"


def summary_lines(exploration: Exploration) -> Iterator[str]:
    """Yield how many scenarios did not pass, each cause with its scenarios, and what to do if a feature is to blame."""
    failed = exploration.failed
    if not failed:
        return
    yield f"{len(failed):,} of {counted(exploration.runs, 'scenarios')} failed:"
    seeds: dict[tuple[str, str], list[int]] = {}
    shown: dict[tuple[str, str], str] = {}
    for run in failed:
        for failure in run.failures:
            kind = failure.check, kind_of(failure.cause)
            shown.setdefault(kind, f"{failure.number} {failure.cause}")
            seeds.setdefault(kind, []).append(run.plan.seed)
    for kind, found in sorted(seeds.items(), key=lambda item: (-len(set(item[1])), shown[item[0]])):
        yield f"  {shown[kind]} ({_seeds(list(dict.fromkeys(found)))})"
    unserved = list(exploration.only_failed(_OPTIONAL))
    if unserved:
        yield "Only scenarios that failed had these features. If your bridge need not support one, leave it out:"
        yield from (f'  --without "{name}"' for name in unserved[:_SHOWN_NAMES])


def _seeds(seeds: Sequence[int]) -> str:
    more = f" and {len(seeds) - _SHOWN_SEEDS} more" if len(seeds) > _SHOWN_SEEDS else ""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds[:_SHOWN_SEEDS]))}{more}"


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
