"""Applying the accepted failures of a file to a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from sendproof_harness.judge.acceptance import Acceptance, AcceptanceState, AcceptedFailure
from sendproof_harness.judge.verdict import Group, Result, Verdict

_ACCEPTABLE = frozenset({"fail", "unknown"})


def accept_failures(verdict: Verdict, failures: Iterable[AcceptedFailure], scenario: str, today: date) -> Verdict:
    """Return the verdict with the entries for the scenario applied.

    A check is accepted if an entry accepts each of its causes. What follows only from accepted root causes is accepted
    too. The status of the verdict stays; its exit status changes.
    """
    acceptances = tuple(_acceptance(verdict, failure, today) for failure in failures if failure.scenario == scenario)
    valid = [acceptance.failure for acceptance in acceptances if acceptance.state == "accepted"]
    roots = {(root.check, root.cause): _is_accepted(root, valid) for root in verdict.roots}
    accepted = (result.check.id for result in verdict.results if _is_excused(result, verdict, valid, roots))
    return replace(verdict, acceptances=acceptances, accepted_checks=frozenset(accepted))


def _acceptance(verdict: Verdict, failure: AcceptedFailure, today: date) -> Acceptance:
    if failure.expires < today:
        return Acceptance(failure=failure, state="expired")
    matching = [group for group in verdict.groups if group.level in _ACCEPTABLE and _is_accepted(group, [failure])]
    if matching:
        return Acceptance(failure=failure, state="accepted", count=sum(group.count for group in matching))
    return Acceptance(failure=failure, state=_state_without_finding(verdict, failure))


def _state_without_finding(verdict: Verdict, failure: AcceptedFailure) -> AcceptanceState:
    """Return `gone` only if the check has judged: a root cause may hide the finding, or nothing was observed."""
    result = next((result for result in verdict.results if result.check.id == failure.check), None)
    has_judged = result is not None and result.status in {"pass", "fail"} and not result.following
    return "gone" if has_judged else "unseen"


def _is_accepted(group: Group, failures: Iterable[AcceptedFailure]) -> bool:
    return any(failure.check == group.check and group.cause.startswith(failure.cause) for failure in failures)


def _is_excused(
    result: Result, verdict: Verdict, failures: Iterable[AcceptedFailure], roots: Mapping[tuple[str, str], bool]
) -> bool:
    own = [group for group in result.groups if group.level in {"error", *_ACCEPTABLE}]
    followed = [
        roots[root.check, root.cause]
        for root in verdict.roots
        if any(group.check == result.check.id for group in root.consequences)
    ]
    if result.status not in _ACCEPTABLE or not (own or followed):
        return False
    return all(followed) and all(group.level != "error" and _is_accepted(group, failures) for group in own)
