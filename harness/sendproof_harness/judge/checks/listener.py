"""Whether the bridge's listeners take what Optimove may post, bear what it would not, and send nothing because of it.

The harness posts it itself (`contract.probing`); this is about what came back.
"""

from collections.abc import Iterator

from sendproof_harness.history.records import Delivery, History, Probe
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.checks.webhooks import is_success
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import INVALID_EVENTS_NOT_SENT, INVALID_EVENTS_SURVIVED, VALID_EVENTS_ACCEPTED

_TAKES = "listener.accepts_valid"
_BEARS = "listener.survives_invalid"
_SILENT = "listener.no_side_effects"

_FAILURE = 500
_NOT_IMPLEMENTED = 501


def takes(history: History) -> CheckResult:
    """Events that the contract allows, and that a listener did not take with a 2xx status in time."""
    asked = [probe for probe in history.probes if probe.expects == "accepted"]
    findings = [_not_taken(probe) for probe in asked if _has_failed(probe)]
    return CheckResult(looked_at=len(asked), unit="events", findings=tuple(findings))


def bears(history: History) -> CheckResult:
    """Calls that no listener has to take, and that were answered with a failure (5xx), too late or not at all."""
    asked = [probe for probe in history.probes if probe.expects != "accepted"]
    findings = [_not_borne(probe) for probe in asked if _has_failed(probe)]
    return CheckResult(looked_at=len(asked), unit="calls", findings=(*findings, *_worth_knowing(asked)))


def silent(history: History) -> CheckResult:
    """Messages to numbers that only these events named, whose customers nobody may or can write to."""
    numbers = {probe.number: probe for probe in history.probes if probe.number is not None}
    sent = [one for one in history.deliveries if one.number in numbers and not one.test]
    findings = [_sent(numbers[delivery.number], delivery) for delivery in sent]
    return CheckResult(looked_at=len(history.probes), unit="calls", findings=tuple(findings))


def fails(asks: str, method: str, status: int | None, *, timed_out: bool) -> bool:
    """Whether a listener must not answer so: what `asks` means, see `Probe`."""
    if asks == "accepted":
        return not is_success(status)
    if status is None:
        return timed_out or asks == "answered"
    # 501 is a right answer to a method that a server does not know.
    return status >= _FAILURE and not (status == _NOT_IMPLEMENTED and method != "POST")


def _has_failed(probe: Probe) -> bool:
    return fails(probe.expects, probe.method, probe.status, timed_out=probe.timed_out)


def _not_taken(probe: Probe) -> Finding:
    return _finding(
        _TAKES,
        probe,
        cause=f"event {probe.event}: {_answered(probe)}, for {probe.what}",
        expected=f"a 2xx status within {probe.within_s:g} s, as openapi/listener.yaml allows this event",
    )


def _not_borne(probe: Probe) -> Finding:
    return _finding(
        _BEARS,
        probe,
        cause=f"event {probe.event}: {_answered(probe)}, for {probe.what}",
        expected=f"an answer within {probe.within_s:g} s that is no failure (5xx): refuse it with 400, or ignore it",
    )


def _worth_knowing(asked: list[Probe]) -> Iterator[Finding]:
    """Not wrong: a bridge may ignore what it does not know, and refuse what it need not expect."""
    for probe in asked:
        if probe.wrong is not None and is_success(probe.status):
            cause = "took what no contract allows; if it ignores that, all is well"
            yield _finding(_BEARS, probe, cause=cause, expected="a refusal, or nothing done", level="note")
        elif probe.wrong is None and probe.status is not None and not is_success(probe.status):
            cause = f"event {probe.event}: {_answered(probe)}, for {probe.what}; nobody knows whether Optimove posts it"
            yield _finding(_BEARS, probe, cause=cause, expected="a 2xx status would be safer", level="note")


def _sent(probe: Probe, delivery: Delivery) -> Finding:
    return Finding(
        check=_SILENT,
        level="fail",
        blame="bridge",
        cause=f"a message went out upon {probe.what}",
        expected=f"no message: {probe.forbids}",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}, upon {probe.method} {probe.sent}",
        where=Location(number=delivery.number, message=delivery.message, listener=probe.url),
        at=delivery.at,
    )


def _answered(probe: Probe) -> str:
    return f"answered with {probe.status}" if probe.status is not None else str(probe.error)


def _finding(check: str, probe: Probe, *, cause: str, expected: str, level: Level = "fail") -> Finding:
    wrong = "" if probe.wrong is None else f"{probe.wrong}: "
    # A note is about what may be right; that it is short matters more than that it is whole.
    sent = "" if level == "note" else f", for {probe.method} {probe.sent}"
    return Finding(
        check=check,
        level=level,
        blame="bridge",
        cause=cause,
        expected=expected,
        got=f"{wrong}{_answered(probe)}{sent}",
        where=Location(listener=probe.url),
        at=probe.at,
    )


def _asked(history: History) -> bool:
    return any(scenario.asks == "contract" for scenario in history.scenarios)


_OF_CONTRACT = "runs of `sendproof contract`"
CHECKS = (
    Check(
        id=_TAKES,
        title="Listeners take every event that is allowed",
        requirement=VALID_EVENTS_ACCEPTED,
        run=takes,
        applies=_asked,
        asked_of=_OF_CONTRACT,
    ),
    Check(
        id=_BEARS,
        title="Listeners bear what is not allowed",
        requirement=INVALID_EVENTS_SURVIVED,
        run=bears,
        applies=_asked,
        asked_of=_OF_CONTRACT,
    ),
    Check(
        id=_SILENT,
        title="Nothing is sent upon nonsense",
        requirement=INVALID_EVENTS_NOT_SENT,
        run=silent,
        applies=_asked,
        asked_of=_OF_CONTRACT,
    ),
)
