"""Check that the bridge's listeners accept valid events, survive invalid ones, and send no message because of them.

The harness sends these events itself (see `sendproof_harness.conformance.probe`); this module judges the responses.
"""

from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.run_records import Probe
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.wishes import is_conformance_run
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import INVALID_EVENTS_NOT_SENT, INVALID_EVENTS_SURVIVED, VALID_EVENTS_ACCEPTED

_ACCEPTS = "listener.accepts_valid"
_SURVIVES = "listener.survives_invalid"
_NO_SIDE_EFFECTS = "listener.no_side_effects"

_SERVER_ERROR = 500
_NOT_IMPLEMENTED = 501


def check_valid_events(history: History) -> CheckResult:
    """Find valid events that a listener did not accept with a 2xx status in time."""
    probes = [probe for probe in history.probes if probe.expects == "accepted"]
    findings = [_not_accepted(probe) for probe in probes if _is_failure(probe)]
    return CheckResult(looked_at=len(probes), unit="events", findings=tuple(findings))


def check_invalid_events(history: History) -> CheckResult:
    """Find invalid requests that a listener answered with a server error (5xx), too late or not at all."""
    probes = [probe for probe in history.probes if probe.expects != "accepted"]
    findings = [_not_survived(probe) for probe in probes if _is_failure(probe)]
    return CheckResult(looked_at=len(probes), unit="calls", findings=(*findings, *_notes(probes)))


def check_no_side_effects(history: History) -> CheckResult:
    """Find messages to numbers that only the probes named, and that no event allowed the bridge to use."""
    probes = {probe.number: probe for probe in history.probes if probe.number is not None}
    sent = [delivery for delivery in history.deliveries if delivery.number in probes and not delivery.test]
    findings = [_message_sent(probes[delivery.number], delivery) for delivery in sent]
    return CheckResult(looked_at=len(history.probes), unit="calls", findings=tuple(findings))


def is_failed_response(expects: str, method: str, status: int | None, *, timed_out: bool) -> bool:
    """Return True if a listener must not respond like this; see `Probe` for the values of `expects`."""
    if expects == "accepted":
        return not is_success(status)
    if status is None:
        return timed_out or expects == "answered"
    # 501 is the correct status for a method that a server does not support.
    return status >= _SERVER_ERROR and not (status == _NOT_IMPLEMENTED and method != "POST")


def _is_failure(probe: Probe) -> bool:
    return is_failed_response(probe.expects, probe.method, probe.status, timed_out=probe.timed_out)


def _not_accepted(probe: Probe) -> Finding:
    return _probe_finding(
        _ACCEPTS,
        probe,
        cause=f"event {probe.event}: {_response_text(probe)} for {probe.what}",
        expected=f"a 2xx status within {probe.within_s:g} s, because openapi/listener.yaml allows this event",
    )


def _not_survived(probe: Probe) -> Finding:
    return _probe_finding(
        _SURVIVES,
        probe,
        cause=f"event {probe.event}: {_response_text(probe)} for {probe.what}",
        expected=f"a response within {probe.within_s:g} s, and no server error (5xx): reject it with 400, or ignore it",
    )


def _notes(probes: Sequence[Probe]) -> Iterator[Finding]:
    """Yield notes: a bridge may ignore unknown events, and may reject events that it need not expect."""
    for probe in probes:
        if probe.wrong is not None and is_success(probe.status):
            cause = "accepted an event that no contract allows; this is fine if the bridge ignores it"
            yield _probe_finding(_SURVIVES, probe, cause=cause, expected="a rejection, or no action", level="note")
        elif probe.wrong is None and probe.status is not None and not is_success(probe.status):
            cause = f"event {probe.event}: {_response_text(probe)} for {probe.what}; it is unknown if Optimove posts it"
            yield _probe_finding(_SURVIVES, probe, cause=cause, expected="a 2xx status would be safer", level="note")


def _message_sent(probe: Probe, delivery: Delivery) -> Finding:
    return Finding(
        check=_NO_SIDE_EFFECTS,
        level="fail",
        blame="bridge",
        cause=f"a message went out because of {probe.what}",
        expected=f"no message: {probe.forbids}",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}, after {probe.method} {probe.sent}",
        where=Location(number=delivery.number, message=delivery.message, listener=probe.url),
        at=delivery.at,
    )


def _response_text(probe: Probe) -> str:
    return f"status {probe.status}" if probe.status is not None else str(probe.error)


def _probe_finding(check: str, probe: Probe, *, cause: str, expected: str, level: Level = "fail") -> Finding:
    wrong = "" if probe.wrong is None else f"{probe.wrong}: "
    # A note is about behaviour that may be correct, so it leaves out the request to stay short.
    sent = "" if level == "note" else f" for {probe.method} {probe.sent}"
    return Finding(
        check=check,
        level=level,
        blame="bridge",
        cause=cause,
        expected=expected,
        got=f"{wrong}{_response_text(probe)}{sent}",
        where=Location(listener=probe.url),
        at=probe.at,
    )


_SCOPE = "runs of `sendproof contract`"
CHECKS = (
    Check(
        id=_ACCEPTS,
        title="Listeners accept every valid event",
        requirement=VALID_EVENTS_ACCEPTED,
        run=check_valid_events,
        applies=is_conformance_run,
        scope=_SCOPE,
    ),
    Check(
        id=_SURVIVES,
        title="Listeners survive invalid events",
        requirement=INVALID_EVENTS_SURVIVED,
        run=check_invalid_events,
        applies=is_conformance_run,
        scope=_SCOPE,
    ),
    Check(
        id=_NO_SIDE_EFFECTS,
        title="Invalid events send no message",
        requirement=INVALID_EVENTS_NOT_SENT,
        run=check_no_side_effects,
        applies=is_conformance_run,
        scope=_SCOPE,
    ),
)
