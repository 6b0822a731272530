"""Comparisons and invariants for programs: plain values for JSON."""

from collections.abc import Mapping, Sequence

from sendproof_harness.comparison.bridges import ComparedBridge
from sendproof_harness.comparison.checking import CheckedInvariant
from sendproof_harness.comparison.differences import RunDifference
from sendproof_harness.comparison.two_bridges import ComparedScenario
from sendproof_harness.comparison.two_runs import RunComparison
from sendproof_harness.judge.verdict import EXIT_STATUS, Status

VERSION = 1


def comparison_document(
    bridges: tuple[ComparedBridge, ComparedBridge],
    scenarios: Sequence[ComparedScenario],
    status: Status,
    *,
    regressions_only: bool,
) -> Mapping[str, object]:
    """Return version 1 of the report. Within a version, keys are only added."""
    return {
        "report": "sendproof-comparison",
        "version": VERSION,
        "verdict": status,
        "exit_status": EXIT_STATUS[status],
        "a": bridges[0].words,
        "b": bridges[1].words,
        "regressions_only": regressions_only,
        "scenarios": [_scenario(scenario, regressions_only=regressions_only) for scenario in scenarios],
    }


def _scenario(scenario: ComparedScenario, *, regressions_only: bool) -> Mapping[str, object]:
    return {
        "scenario": scenario.name,
        "verdict": scenario.status(regressions_only=regressions_only),
        "error": scenario.error,
        "clients": [{"client": client, **_run(run)} for client, run in scenario.clients.items()],
    }


def _run(run: RunComparison) -> Mapping[str, object]:
    return {
        "verdict_a": run.first.status,
        "verdict_b": run.second.status,
        "customers": run.looked_at,
        "messages_a": run.first.observed.message_count,
        "messages_b": run.second.observed.message_count,
        "not_compared": run.unobserved,
        "causes_only_b": [{"check": check, "cause": cause} for check, cause in run.new_causes],
        "causes_only_a": [{"check": check, "cause": cause} for check, cause in run.gone_causes],
        "differences": [
            {"standing": standing, **_difference(difference)}
            for standing, found in run.found.items()
            for difference in found
        ],
    }


def _difference(difference: RunDifference) -> Mapping[str, object]:
    return {
        "area": difference.area,
        "what": difference.heading,
        "customer": difference.customer or None,
        "a": difference.first,
        "b": difference.second,
    }


def invariants_document(
    bridge: ComparedBridge, scenarios: Mapping[str, Sequence[CheckedInvariant]], status: Status
) -> Mapping[str, object]:
    """Return version 1 of the report. Within a version, keys are only added."""
    return {
        "report": "sendproof-invariants",
        "version": VERSION,
        "verdict": status,
        "exit_status": EXIT_STATUS[status],
        "bridge": bridge.words,
        "scenarios": [
            {"scenario": name, "invariants": [_checked(invariant) for invariant in checked]}
            for name, checked in scenarios.items()
        ],
    }


def _checked(checked: CheckedInvariant) -> Mapping[str, object]:
    return {
        "invariant": checked.invariant.name,
        "title": checked.invariant.title,
        "change": checked.invariant.change,
        "result": checked.result,
        "reason": checked.reason,
        "messages": checked.messages,
        "differences": [_difference(difference) for difference in checked.found],
    }
