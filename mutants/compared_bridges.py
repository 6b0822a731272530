"""`python mutants compare`: compare other bridges, and ten mutants, with the reference bridge.

`python mutants invariants`: check the invariants with correct bridges, and with a mutant that breaks each of them. The
results are in `comparisons.json`, and as tables in docs/compare.md and docs/invariants.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from rich.console import Console

from catalogue import HERE, ROOT, build, catalogue
from comparison_results import ComparedRow, InvariantRow, read, write
from comparison_tables import write_tables
from sendproof_harness.comparison.bridges import REFERENCE, ComparedBridge, parse_bridge
from sendproof_harness.comparison.checking import check_invariants
from sendproof_harness.comparison.differences import count_of
from sendproof_harness.comparison.invariants import INVARIANTS
from sendproof_harness.comparison.play import player, simulators_for
from sendproof_harness.comparison.two_runs import STANDINGS, JudgedRun, RunComparison, compare_runs, judged_run
from sendproof_harness.history.records import History
from sendproof_harness.run.runner import TIMEOUT_S
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario

console = Console()

SCENARIO = HERE / "scenarios" / "one_campaign.yaml"
PROVIDER = "textlocal"

#: Mutants whose defects show in recipients, in statements, and in calls.
COMPARED = (
    "accepted_counted_as_delivered",
    "bounced_as_dropped",
    "consent_ignored",
    "html_escaped",
    "local_time_as_utc",
    "dropped_counted_as_sent",
    "posts_without_content_type",
    "sent_on_the_hour",
    "template_named_by_its_text",
    "values_of_next_customer",
)
#: A mutant that breaks each invariant.
BREAKING: Mapping[str, str] = {
    "order": "values_of_next_customer",
    "pages": "last_page_dropped",
    "halves": "second_campaign_replaces_first",
    "titles": "template_named_by_its_text",
    "days": "london_time_as_utc",
    "provider": "html_escaped",
    "twice": "interactions_first_hundred",
    "names": "null_is_no_name",
}
_FLASK = f"{sys.executable} {ROOT / 'bridge/examples/flask_bridge/app.py'}"
_NODE = f"node {ROOT / 'bridge/examples/node_bridge/bridge.js'}"
OTHERS: Mapping[str, ComparedBridge] = {
    "Flask example": ComparedBridge(kind="command", text=_FLASK),
    "Node example": ComparedBridge(kind="command", text=_NODE, environment={"NODE_BRIDGE_CLOCK": "virtual"}),
    "Node example, by the clock of its machine": ComparedBridge(kind="command", text=_NODE),
}
#: The bridges that must keep every invariant.
CORRECT: Mapping[str, ComparedBridge] = {
    "reference bridge": parse_bridge(REFERENCE),
    **{name: bridge for name, bridge in OTHERS.items() if not name.endswith("machine")},
}


def mutant_bridge(name: str, folder: Path) -> ComparedBridge:
    """Return the reference bridge with the defect of a mutant, built in a folder."""
    mutant = next(mutant for mutant in catalogue() if mutant.name == name)
    build(mutant, folder / name)
    return ComparedBridge(kind="reference", text=REFERENCE, environment={"PYTHONPATH": str(folder / name)})


# -- two bridges --------------------------------------------------------------------------------------


def compare(only: Collection[str]) -> int:
    """Compare bridges with the reference bridge, and write the results. Return the exit status."""
    with tempfile.TemporaryDirectory() as temporary, simulators_for(Path(temporary), None) as url:
        folder = Path(temporary)
        scenario = next(scenario for scenario in load_scenarios(SCENARIO) if scenario.provider == PROVIDER)

        def play(bridge: ComparedBridge) -> JudgedRun:
            judged = player(bridge, folder / "runs", url, TIMEOUT_S).play(scenario, SCENARIO.stem)[""]
            return judged_run(judged.history, judged.verdict)

        reference = play(parse_bridge(REFERENCE))
        mutants = {name: mutant_bridge(name, folder / "packages") for name in COMPARED}
        for name, bridge in {**OTHERS, **mutants}.items():
            if not only or name in only:
                run = compare_runs(reference, play(bridge))
                write(read().with_compared(_compared_row(name, run), [*OTHERS, *COMPARED]))
                _print(f"{name}: {run.second.status}, {'differs' if run.differs else 'no difference'}")
    return 0 if all(map(_is_expected, read().compared)) else 1


def _compared_row(name: str, run: RunComparison) -> ComparedRow:
    shown = run.found["worse"] or run.found["both wrong"] or run.found["better"]
    return ComparedRow(
        bridge=name,
        verdict=run.second.status,
        differences={
            standing: {
                area: count
                for area in ("recipient", "statement", "call")
                if (count := count_of([found for found in run.found[standing] if found.area == area]))
            }
            for standing in STANDINGS
        },
        causes=[f"{check}: {cause}" for check, cause in run.new_causes],
        not_compared=run.unobserved,
        example=next((f"{difference.heading}: {difference.first} / {difference.second}" for difference in shown), ""),
    )


def _is_expected(row: ComparedRow) -> bool:
    """Return True if a mutant is worse than the reference bridge, or another bridge is not."""
    is_worse = bool(row.differences["worse"] or row.causes)
    return is_worse == (row.bridge in COMPARED)


# -- invariants ---------------------------------------------------------------------------------------


def check(only: Collection[str]) -> int:
    """Check the invariants with bridges, and write the results. Return the exit status."""
    with tempfile.TemporaryDirectory() as temporary, simulators_for(Path(temporary), None) as url:
        folder = Path(temporary)
        mutants = {
            (name, invariant): mutant_bridge(name, folder / "packages" / invariant)
            for invariant, name in BREAKING.items()
        }
        correct = {(name, ""): bridge for name, bridge in CORRECT.items()}
        for (name, invariant), bridge in {**mutants, **correct}.items():
            if not only or name in only:
                rows = _checked_rows(name, bridge, invariant, (folder / "runs", url))
                write(read().with_invariants(rows, [*CORRECT, *BREAKING.values()]))
    return 0 if all(map(_is_as_expected, read().invariants)) else 1


def _checked_rows(name: str, bridge: ComparedBridge, only: str, place: tuple[Path, str]) -> list[InvariantRow]:
    """Return the results of one bridge. Only the reference bridge and its mutants support a second provider."""
    first, *others = load_scenarios(SCENARIO)
    played = player(bridge, place[0] / name, place[1], TIMEOUT_S)
    verdicts: list[str] = []

    def play(scenario: Scenario, change: str) -> History:
        judged = played.play(scenario, change)[""]
        verdicts.append(judged.verdict.status)
        return judged.history

    wanted = [invariant for invariant in INVARIANTS if only in {"", invariant.name}]
    rows = []
    for checked in check_invariants(first, others if bridge.kind == "reference" else [], wanted, play):
        found = next(
            (f"{difference.heading}: {difference.first} / {difference.second}" for difference in checked.found), ""
        )
        rows.append(
            InvariantRow(
                bridge=name,
                invariant=checked.invariant.name,
                verdict=verdicts[0],
                result=checked.result,
                reason=checked.reason,
                example=found,
            )
        )
        _print(f"{name}, {checked.invariant.name}: {checked.result} {checked.reason} {found}")
    return rows


def _is_as_expected(row: InvariantRow) -> bool:
    """Return True if a mutant breaks its invariant, or another bridge breaks none."""
    if row.bridge in BREAKING.values():
        return row.result == "broken"
    return row.result in {"holds", "unknown", "not applicable"}


def _print(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


PROGRAMS: Mapping[str, Callable[[Collection[str]], int]] = {"compare": compare, "invariants": check}


def main() -> int:
    """Run one of the two programs, or only write the tables again. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python mutants", description=__doc__)
    parser.add_argument("program", choices=list(PROGRAMS))
    parser.add_argument("only", nargs="*", metavar="BRIDGE", help="Bridges and mutants to run. Without names: all.")
    parser.add_argument("--page", action="store_true", help="Run nothing; write the tables from comparisons.json.")
    options = parser.parse_args()
    status = 0 if options.page else PROGRAMS[options.program](options.only)
    write_tables(read())
    return status
