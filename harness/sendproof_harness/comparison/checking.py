"""Checking the invariants of a scenario with one bridge."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.comparison.bridges import ComparedBridge
from sendproof_harness.comparison.differences import RunDifference, differences
from sendproof_harness.comparison.invariants.invariant import OPEN_TIME, Invariant, NotApplicableError, Situation
from sendproof_harness.comparison.observed import Observed, observe
from sendproof_harness.comparison.play import Player, PlayError, player, simulators_for
from sendproof_harness.comparison.two_bridges import PlaySettings
from sendproof_harness.history.records import History
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.verdict import Status, worst_status
from sendproof_harness.scenario.model import Scenario

#: Plays a scenario under a name, and returns the history of its only client. `PlayError` if the run leaves none.
Play = Callable[[Scenario, str], History]

Result = Literal["holds", "broken", "unknown", "not applicable", "error"]
_STATUS: Mapping[Result, Status] = {
    "holds": "pass",
    "broken": "fail",
    "unknown": "unknown",
    "error": "error",
}


@dataclass(frozen=True, kw_only=True)
class CheckedInvariant:
    """One invariant with its result: the `found` differences if it is broken, else the `reason` of what is no result.

    `messages` is the number of messages that were compared.
    """

    invariant: Invariant
    result: Result
    reason: str = ""
    messages: int = 0
    found: Sequence[RunDifference] = ()


#: A scenario, and the same one for other providers that the bridge supports.
WithOthers = tuple[Scenario, Sequence[Scenario]]


def with_other_providers(selected: Mapping[str, Scenario]) -> Mapping[str, WithOthers]:
    """Return one scenario of each file, the one for its first provider, with those for its other providers."""
    by_file: dict[tuple[str, str], list[tuple[str, Scenario]]] = {}
    for name, scenario in selected.items():
        stem = name if scenario.provider is None else name.removesuffix(f"-{scenario.provider}")
        by_file.setdefault((scenario.source, stem), []).append((name, scenario))
    return {of_file[0][0]: (of_file[0][1], [other for _, other in of_file[1:]]) for of_file in by_file.values()}


def check_scenarios(
    bridge: ComparedBridge,
    scenarios: Mapping[str, WithOthers],
    invariants: Sequence[Invariant],
    settings: PlaySettings,
) -> Iterator[tuple[str, CheckedInvariant]]:
    """Yield the result of each invariant with the name of its scenario.

    `PlayError` if the simulators do not start, or if an unchanged scenario gives nothing to compare with.
    """
    with simulators_for(settings.results, settings.control_url) as url:
        for name, (scenario, others) in scenarios.items():
            if scenario.clients:
                raise PlayError(f"{name}: expected a scenario with one client, got several; leave it out")
            played = player(bridge, settings.results / name, url, settings.timeout_s)

            def play(changed: Scenario, change: str, played: Player = played) -> History:
                return played.play(changed, change)[""].history

            for checked in check_invariants(scenario, others, invariants, play):
                yield name, checked


def overall(checked: Iterable[CheckedInvariant]) -> Status:
    """Return the worst status of those that apply; `unknown` if none does."""
    return worst_status(_STATUS[invariant.result] for invariant in checked if invariant.result in _STATUS)


def check_invariants(
    scenario: Scenario, others: Sequence[Scenario], invariants: Iterable[Invariant], play: Play
) -> Iterator[CheckedInvariant]:
    """Play the scenario, then each change of it, and yield the results. `PlayError` if the scenario itself fails."""
    history = play(scenario, "unchanged")
    situation = Situation(scenario=scenario, history=history, others=tuple(others))
    first = observe(history)
    _require_messages(history, first)
    for invariant in invariants:
        yield _checked(invariant, situation, first, play)


def _require_messages(history: History, observed: Observed) -> None:
    """Raise `PlayError` if the run proves nothing: a bridge that sends nothing keeps every invariant."""
    if history.aborted:
        raise PlayError(f"the run of the unchanged scenario ended early: {history.aborted[0].cause}")
    if not observed.message_count:
        raise PlayError("expected at least one message in the unchanged scenario, got none; run it with sendproof run")


def _checked(invariant: Invariant, situation: Situation, first: Observed, play: Play) -> CheckedInvariant:
    try:
        changed = invariant.transform(situation)
        history = play(changed, invariant.name)
    except NotApplicableError as error:
        return CheckedInvariant(invariant=invariant, result="not applicable", reason=str(error))
    except PlayError as error:
        return CheckedInvariant(invariant=invariant, result="error", reason=str(error))
    second = observe(history)
    pair = invariant.relate(situation, first, second)
    found = differences(pair.expected, pair.got, OPEN_TIME)
    result, reason = _result(history, first, second, found)
    return CheckedInvariant(
        invariant=invariant, result=result, reason=reason, messages=pair.expected.message_count, found=found
    )


def _result(history: History, first: Observed, second: Observed, found: Sequence[RunDifference]) -> tuple[Result, str]:
    if history.aborted:
        return "broken" if history.aborted[0].blame == "bridge" else "error", history.aborted[0].cause
    if found:
        return "broken", counted(len(found), "differences")
    if not (first.timed and second.timed):
        return "unknown", "send times were not compared, because the bridge took no part in virtual time"
    return "holds", ""
