"""Check that every fault of the run was injected: a fault that never happened proves nothing."""

from sendproof_harness.history.header import FaultEntry
from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding
from sendproof_harness.judge.requirements import FAULTS_INJECTED

_ID = "faults.injected"

FORGED = "forged_webhook"
_ONE_CLICK = "unsubscribe"
# Every bridge needs these operations. For others there are alternatives: totals or events, one send operation or
# another.
_REQUIRED_OPERATIONS = frozenset(
    {"optimove.RegisterEventListener", "optimove.AddChannelTemplates", "optimove.GetCustomerSendDetailsByChannel"}
)


def check_faults_injected(history: History) -> CheckResult:
    """Find faults of the run that were never injected.

    Such a fault proves nothing against the bridge, and takes nothing back that other checks observed: it is unknown.
    """
    injected = {fault.id for fault in history.faults if not fault.missed}
    findings = tuple(_not_injected(history, entry) for entry in history.header.faults if entry.id not in injected)
    return CheckResult(looked_at=len(history.header.faults), unit="faults", findings=findings)


def _not_injected(history: History, entry: FaultEntry) -> Finding:
    """Return the finding: the bridge is to blame if it never made a required request, or else the scenario."""
    name = entry.place
    count = _count_candidates(history, entry)
    blame: Blame = "bridge" if not count and name in _REQUIRED_OPERATIONS else "harness"
    unit = "requests" if entry.call is not None else "webhooks"
    ended_early = "; the run was aborted" if history.aborted else ""
    return Finding(
        check=_ID,
        level="unknown",
        blame=blame,
        cause=f"a fault was never injected: {_reason(history, entry, count, unit)}",
        expected=f"{entry.fault} ({entry.id}) at matching {unit[:-1]} {entry.nth} of {name}",
        got=f"{count:,} {unit} of {name} in total{ended_early}",
    )


def _reason(history: History, entry: FaultEntry, count: int, unit: str) -> str:
    if any(fault.id == entry.id for fault in history.faults):
        return "the bridge could not be killed"
    if not count:
        return f"there were no {unit} of {entry.place}"
    if count < entry.nth:
        return f"there were too few {unit} of {entry.place}"
    if entry.fault == FORGED and not any(fault.fault == FORGED for fault in history.faults):
        return f"no {unit[:-1]} of {entry.place} {_nothing_to_forge(entry)}"
    refused = ", or the service refused them" if entry.call is not None and entry.when == "after" else ""
    return f"too few {unit} of {entry.place} met its conditions{refused}"


def _nothing_to_forge(entry: FaultEntry) -> str:
    """Return what the webhooks lacked. The URL of an unsubscription is its own proof, and needs no token."""
    if (entry.webhook or "").partition(".")[2] == _ONE_CLICK:
        return "had a URL that could be another recipient's, because no other one stays subscribed"
    return "had another statement to forge, or nothing proves their origin (put `webhook_token` into their URL)"


def _count_candidates(history: History, entry: FaultEntry) -> int:
    """Return the number of requests or webhooks with the name of the entry, without its other conditions."""
    if entry.call is not None:
        return sum(entry.includes(request.service, request.operation) for request in history.requests)
    service, _, name = (entry.webhook or "").partition(".")
    return len({attempt.key for attempt in history.webhooks if (attempt.service, attempt.event) == (service, name)})


CHECKS = (
    Check(
        id=_ID,
        title="Every fault was injected",
        requirement=FAULTS_INJECTED,
        run=check_faults_injected,
        applies=lambda history: bool(history.header.faults),
        scope="runs with faults",
    ),
)
