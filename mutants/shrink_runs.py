"""`python mutants --shrink`: shrink the failures of mutants, and write how small they get to docs/shrink.md.

Each mutant runs in its scenario with `sendproof run`, and `sendproof shrink` makes that scenario smaller. The results
are in `shrunk.json`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from catalogue import HERE, ROOT, Mutant, Trial
from mutant_table import MutantTable, run_json

#: Failures of many kinds: pages, times, texts, numbers, faults, cancellations, triggers, opt-outs, receipts, reports.
SHRUNK = (
    "summer_time_as_utc",
    "lost_response_retried_blindly",
    "cancellation_ignored",
    "last_page_dropped",
    "rate_limit_is_final",
    "testing_mode_ignored",
    "rename_not_synced",
    "text_of_trigger_kept",
    "stop_ignored",
    "cancelled_on_one_channel",
    "lost_response_given_up",
    "duplicate_event_processed_twice",
    "acknowledged_before_stored",
    "text_cut_at_70",
    "national_zero_kept",
    "page_step_9999",
    "one_template_for_all",
    "provider_list_ignored",
    "receipts_counted_twice",
    "trigger_once_per_customer",
)
_RUN_S, _SHRINK_S = 900.0, 7_200.0
_BUDGET = "120"
_SIZES = ("customers", "steps", "templates", "faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkMutant:
    """How far the failure of a mutant shrank. A size has the customers, steps, templates and faults."""

    digest: str
    scenario: str
    requirement: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    runs: int


def _shrunk(mutant: Mutant, folder: Path) -> ShrunkMutant:
    trial = mutant.trials[0]
    results = folder / "results"
    provider = ["--provider", trial.provider]
    run_json(["run", str(trial.scenario), *provider, "--results", str(results), "--json"], folder, _RUN_S)
    run = next(file.parent for file in sorted(results.rglob("history.ndjson")))
    words = ["shrink", str(run), "--requirement", mutant.check, "--budget", _BUDGET, "--json"]
    shrunk = run_json(words, folder, _SHRINK_S)
    return ShrunkMutant(
        digest=mutant.digest,
        scenario=_scenario_name(trial),
        requirement=shrunk["failed"]["number"],
        before=_size(shrunk["before"]),
        after=_size(shrunk["after"]),
        runs=shrunk["runs"],
    )


def _scenario_name(trial: Trial) -> str:
    return str(trial.scenario.relative_to(ROOT).with_suffix(""))


def _size(size: Mapping[str, Any]) -> Mapping[str, int]:
    return {name: size[name] for name in _SIZES}


def table(results: Mapping[str, ShrunkMutant]) -> str:
    """Return the table of the page, with the medians."""
    lines = [
        "| mutant | requirement | customers | steps | templates | faults | runs |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {shrunk.requirement} | {_change(shrunk, 'customers')} | {_change(shrunk, 'steps')} | "
        f"{_change(shrunk, 'templates')} | {_change(shrunk, 'faults')} | {shrunk.runs} |"
        for name, shrunk in sorted(results.items())
    ]
    rows = list(results.values())
    if rows:
        medians = [_medians(rows, key) for key in _SIZES]
        runs = median(row.runs for row in rows)
        lines.append(f"| **median of {len(rows)}** | | {' | '.join(medians)} | {runs:g} |")
    return "\n".join(lines) + "\n"


def _change(row: ShrunkMutant, key: str) -> str:
    return f"{row.before[key]:,} → {row.after[key]:,}"


def _medians(rows: Sequence[ShrunkMutant], key: str) -> str:
    return f"{median(row.before[key] for row in rows):,g} → {median(row.after[key] for row in rows):,g}"


SHRUNK_MUTANTS = MutantTable(
    file=HERE / "shrunk.json",
    page=ROOT / "docs" / "shrink.md",
    begin="<!-- table: python mutants --shrink -->\n",
    parsed=lambda line: ShrunkMutant(**line),
    markdown=table,
    measured=_shrunk,
)
