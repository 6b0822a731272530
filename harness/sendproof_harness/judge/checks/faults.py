"""Whether every fault that was laid has struck: what was not tried is not passed."""

from sendproof_harness.history.header import FaultEntry
from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import FAULTS_INJECTED

_ID = "faults.injected"

# Other calls have alternatives: totals or events, one operation of a provider or another.
_NEEDED = frozenset(
    {"optimove.RegisterEventListener", "optimove.AddChannelTemplates", "optimove.GetCustomerSendDetailsByChannel"}
)


def all_struck(history: History) -> CheckResult:
    """Entries of the header without a strike."""
    struck = {strike.id for strike in history.faults if not strike.missed}
    findings = tuple(_unused(history, entry) for entry in history.header.faults if entry.id not in struck)
    return CheckResult(looked_at=len(history.header.faults), unit="faults", findings=findings)


def _unused(history: History, entry: FaultEntry) -> Finding:
    """A call that every bridge has to make and that was never made is the bridge's; else the fault is laid wrongly."""
    name = entry.call or entry.webhook or ""
    seen = _seen(history, entry)
    blame: Blame = "bridge" if not seen and name in _NEEDED else "harness"
    what = "calls" if entry.call is not None else "notifications"
    cause = "a fault never struck" if seen else f"a fault never struck: there were no {what} of {name}"
    return Finding(
        check=_ID,
        level="error",
        blame=blame,
        cause=cause,
        expected=f"{entry.fault} ({entry.id}) at {what[:-1]} {entry.nth} of {name} that fits",
        got=f"{seen:,} {what} of {name} in all",
        where=Location(),
    )


def _seen(history: History, entry: FaultEntry) -> int:
    """How many calls or notifications of that name there were, whatever else the entry asks for."""
    service, _, name = (entry.call or entry.webhook or "").partition(".")
    if entry.call is not None:
        return sum((one.service, one.operation) == (service, name) for one in history.requests)
    return len({one.key for one in history.webhooks if (one.service, one.event) == (service, name)})


CHECKS = (
    Check(
        id=_ID,
        title="Every fault has struck",
        requirement=FAULTS_INJECTED,
        run=all_struck,
        applies=lambda history: bool(history.header.faults),
        asked_of="runs with faults",
    ),
)
