"""The same scenarios with two bridges, and what differs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sendproof_harness.comparison.bridges import ComparedBridge
from sendproof_harness.comparison.play import Player, PlayError, player, recorded, recorded_names, simulators_for
from sendproof_harness.comparison.two_runs import RunComparison, compare_runs, judged_run
from sendproof_harness.history.records import History
from sendproof_harness.judge.judged_file import JudgedFile
from sendproof_harness.judge.verdict import Status, worst_status
from sendproof_harness.run.runner import TIMEOUT_S
from sendproof_harness.scenario.model import Scenario

#: Returns the judged histories of a scenario, by client. `PlayError` if there are none.
Source = Callable[[str], Mapping[str, JudgedFile]]


@dataclass(frozen=True, kw_only=True)
class ComparedScenario:
    """One scenario with both bridges, by client. `error` is the reason if it could not be compared."""

    name: str
    clients: Mapping[str, RunComparison] = field(default_factory=dict)
    error: str = ""

    def status(self, *, regressions_only: bool) -> Status:
        """Return `fail` if the bridges differ, or if the second one is worse; `unknown` if something was not seen."""
        if self.error:
            return "error"
        return worst_status(_status(run, regressions_only=regressions_only) for run in self.clients.values())


def _status(run: RunComparison, *, regressions_only: bool) -> Status:
    if "error" in {run.first.status, run.second.status}:
        return "error"
    if run.is_worse if regressions_only else run.differs:
        return "fail"
    return "unknown" if run.unobserved else "pass"


def compare_scenarios(first: Source, second: Source, names: Iterable[str]) -> Iterator[ComparedScenario]:
    """Yield each scenario as soon as it was compared."""
    for name in names:
        try:
            yield ComparedScenario(name=name, clients=_compared(first(name), second(name)))
        except PlayError as error:
            yield ComparedScenario(name=name, error=str(error))


def _compared(first: Mapping[str, JudgedFile], second: Mapping[str, JudgedFile]) -> dict[str, RunComparison]:
    if first.keys() != second.keys():
        raise PlayError(f"expected the same clients in both runs, got {_names(first)} and {_names(second)}")
    return {client: _compared_client(first[client], second[client]) for client in first}


def _names(clients: Iterable[str]) -> str:
    return ", ".join(client or "a single client" for client in clients)


def _compared_client(first: JudgedFile, second: JudgedFile) -> RunComparison:
    _require_same_situation(first.history, second.history)
    return compare_runs(judged_run(first.history, first.verdict), judged_run(second.history, second.verdict))


def _require_same_situation(first: History, second: History) -> None:
    """Raise `PlayError` if two histories are of different scenarios, seeds or dialects, so that all may differ."""
    situations = [
        {
            "scenario": next((scenario.name for scenario in history.scenarios), ""),
            "seed": history.header.seed,
            "audience": history.header.audience,
            "dialects": history.header.dialects,
            "faults": history.header.faults,
        }
        for history in (first, second)
    ]
    different = [key for key, value in situations[0].items() if situations[1][key] != value]
    if different:
        raise PlayError(f"expected two runs of one scenario, got another {' and '.join(different)}; run both again")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySettings:
    """Where runs are kept, the simulators for them (None starts some), and the time for a bridge to become ready."""

    results: Path
    control_url: str | None = None
    timeout_s: float = TIMEOUT_S


def compare_bridges(
    first: ComparedBridge, second: ComparedBridge, scenarios: Mapping[str, Scenario], settings: PlaySettings
) -> Iterator[ComparedScenario]:
    """Play the scenarios with both bridges, one after the other, and yield each comparison.

    Without scenarios, both sides are recorded, and each run in one of the folders is compared. `PlayError` if there is
    none, or if the simulators do not start.
    """
    names = list(scenarios) or recorded_names([_folder(bridge) for bridge in (first, second)])
    if first.is_recorded and second.is_recorded:
        yield from compare_scenarios(_records(first), _records(second), names)
        return
    with simulators_for(settings.results, settings.control_url) as url:

        def start(bridge: ComparedBridge) -> Player:
            side = "A" if bridge is first else "B"
            return player(bridge, settings.results / side, url, settings.timeout_s)

        yield from compare_scenarios(_source(first, scenarios, start), _source(second, scenarios, start), names)


def _folder(bridge: ComparedBridge) -> Path:
    return Path(bridge.text)


def _records(bridge: ComparedBridge) -> Source:
    return lambda name: recorded(_folder(bridge), name)


def _source(
    bridge: ComparedBridge, scenarios: Mapping[str, Scenario], start: Callable[[ComparedBridge], Player]
) -> Source:
    """Return the source of a side: its recorded runs, or runs of the scenarios."""
    if bridge.is_recorded:
        return _records(bridge)
    played = start(bridge)
    return lambda name: played.play(scenarios[name], name)
