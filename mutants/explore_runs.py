"""`python mutants --explore`: search for each mutant, and write how many runs that took to docs/explore.md.

The search of `sendproof explore` knows nothing about the defect: it generates scenarios until one fails. Like a vendor,
it names the provider and the types of messages of the bridge. The results are in `explored.json`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from catalogue import ALL_PROVIDERS, DEFAULT_PROVIDER, HERE, ROOT, Mutant, catalogue
from mutant_table import MutantTable
from sendproof_harness.control_client import ControlClient
from sendproof_harness.history.parts import SMS
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.search.explore.catalogue import SearchScope, feature_catalogue, sms_providers
from sendproof_harness.search.explore.search import Exploration, SearchBudget, explore
from sendproof_harness.search.trial import BridgeUnderTest, TrialResult, TrialSession, trial_session

#: The budget of a search.
RUNS = 32
_STEPS = (1, 2, 4, 8, 16, RUNS)
# An interrupted run has then searched for mutants of all kinds: the names of similar ones begin with the same word.
_STRIDE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredMutant:
    """The search for a mutant: the runs until one failed, with the requirements that failed; none if none did."""

    digest: str
    runs: int
    requirements: tuple[str, ...]
    cause: str


def searched(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Return the mutants that a generated scenario can find, every tenth one first."""
    found = [mutant for mutant in mutants if _is_in_reach(mutant)]
    return [mutant for start in range(_STRIDE) for mutant in found[start::_STRIDE]]


def _is_in_reach(mutant: Mutant) -> bool:
    """Return True if a run finds the defect in the bridge, with a provider of SMS: all generated scenarios have SMS."""
    is_of_run = mutant.program == "bridge" and mutant.level == "fail" and all(t.command == "run" for t in mutant.trials)
    return is_of_run and mutant.trials[0].provider in {ALL_PROVIDERS, *sms_providers()}


class _FoundError(Exception):
    """A scenario failed, so no other one need be played."""


@dataclass(slots=True)
class _UntilFailure:
    """A player that leaves out the rest of the round after a failure."""

    session: TrialSession
    has_failed: bool = False

    def play(self, scenario: Scenario) -> TrialResult:
        if self.has_failed:
            raise _FoundError
        result = self.session.play(scenario)
        self.has_failed = result.status == "fail"
        return result

    def discard(self, result: TrialResult) -> None:
        self.session.discard(result)


def _explored(mutant: Mutant, folder: Path) -> ExploredMutant:
    bridge = BridgeUnderTest(environment={"PYTHONPATH": str(folder)})
    with trial_session(bridge, folder / "results") as session, ControlClient(session.control_url) as control:
        catalogue_ = feature_catalogue(control.dialects(), _scope(mutant))
        exploration = Exploration(catalogue=catalogue_, first_seed=1)
        with suppress(_FoundError):
            explore(exploration, [_UntilFailure(session)], SearchBudget(runs=RUNS), lambda _: None)
    failures = [failure for run in exploration.failed for failure in run.failures]
    return ExploredMutant(
        digest=mutant.digest,
        runs=exploration.runs,
        requirements=tuple(dict.fromkeys(failure.number for failure in failures)),
        cause=failures[0].cause if failures else "",
    )


def _scope(mutant: Mutant) -> SearchScope:
    """Return what a vendor whose bridge sends what the scenario contains would search for."""
    trial = mutant.trials[0]
    is_of_one = trial.provider not in {ALL_PROVIDERS, DEFAULT_PROVIDER} or any(
        edit.file == f"outbound/providers/{trial.provider}.py" for edit in mutant.edits
    )
    channels = [channel for scenario in load_scenarios(trial.scenario) for channel in scenario.channels]
    return SearchScope(
        provider=trial.provider if is_of_one else None,
        messages=sorted({channel.message for channel in channels} - {SMS}),
    )


def table(results: Mapping[str, ExploredMutant]) -> str:
    """Return the tables of the page: how soon defects are found, of which requirements, and which are not."""
    mutants = {mutant.name: mutant for mutant in catalogue()}
    known = {name: row for name, row in results.items() if name in mutants}
    missed = [name for name, row in sorted(known.items()) if not row.requirements]
    lines = [
        *("| runs | defects found |", "|---|---|"),
        *(f"| {runs} | {_share(_found(known.values(), runs), len(known))} |" for runs in _STEPS),
        *("", "| requirement | defects | found | runs: median | most |", "|---|---|---|---|---|"),
        *_by_requirement(known, mutants),
        "",
        f"Not found in {RUNS} runs:",
        "",
        *(f"* `{name}`: {mutants[name].defect}" for name in missed),
    ]
    return "\n".join(lines if known else []) + "\n"


def _found(rows: Iterable[ExploredMutant], runs: int = RUNS) -> int:
    return sum(bool(row.requirements) and row.runs <= runs for row in rows)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})"


def _by_requirement(rows: Mapping[str, ExploredMutant], mutants: Mapping[str, Mutant]) -> Iterator[str]:
    """Yield a row for each requirement that names defects which were searched for."""
    groups: dict[str, list[ExploredMutant]] = {}
    for name, row in rows.items():
        groups.setdefault(mutants[name].check, []).append(row)
    for check in CHECKS:
        if group := groups.get(check.id):
            runs = [row.runs for row in group if row.requirements]
            figures = f"{median(runs):g} | {max(runs)}" if runs else "|"
            yield f"| {check.requirement.number} {check.title} | {len(group)} | {len(runs)} | {figures} |"


EXPLORED_MUTANTS = MutantTable(
    file=HERE / "explored.json",
    page=ROOT / "docs" / "explore.md",
    begin="<!-- table: python mutants --explore -->\n",
    parsed=lambda line: ExploredMutant(**{**line, "requirements": tuple(line["requirements"])}),
    markdown=table,
    measured=_explored,
)
