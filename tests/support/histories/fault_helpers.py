"""Lines about faults for tests: the entries of the header, injections, and their effects on requests."""

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import iso


def with_faults(run: HistoryBuilder, *entries: Line) -> HistoryBuilder:
    """Return the run with faults f1, f2 and so on in its header."""
    numbered = [
        {"id": f"f{number}", "nth": 1, "when": "before"} | entry for number, entry in enumerate(entries, start=1)
    ]
    return HistoryBuilder((run.lines[0] | {"faults": numbered}, *run.lines[1:]))


def injection_line(at: int, n: int, fault: str, service: str, name: str, **more: object) -> Line:
    """Return the line of an injection; the line of the affected request or webhook is the next."""
    return {
        "n": n, "at": iso(at), "real": 0.0, "kind": "fault", "id": "f1", "fault": fault, "target": "call",
        "service": service, "name": name, "nth": 1, "when": "before",
    } | more  # fmt: skip


def request_line(at: int, n: int, service: str, operation: str, **more: object) -> Line:
    """Return the line of one request of the bridge."""
    return {
        "n": n, "at": iso(at), "real": 0.0, "kind": "request", "service": service, "operation": operation,
        "method": "POST", "path": f"/{operation}", "credential": "known", "status": 200, "violations": [],
    } | more  # fmt: skip


def fault_effect(fault: str, response: str, *, effect: bool) -> Line:
    """Return the `fault` object of a request line."""
    return {"id": "f1", "fault": fault, "effect": effect, "response": response}


def key_line(at: int, n: int, action: str) -> Line:
    """Return the line of a change of the bridge's key for Optimove, which ends the key at once."""
    ended = {} if action == "enabled" else {"valid_until": iso(at)}
    return {"n": n, "at": iso(at), "kind": "key", "service": "optimove", "name": "api_key", "action": action} | ended


def refused_line(at: int, n: int, operation: str) -> Line:
    """Return the line of a call that Optimove refused because of the key."""
    return request_line(at, n, "optimove", operation, status=401, credential="rejected", content="a" * 16)


def with_key_outage(run: HistoryBuilder, start: int, end: int) -> HistoryBuilder:
    """Return the run in which the client's admin disabled the bridge's key for some time."""
    return run.plus(key_line(start, 2_000, "disabled"), key_line(end, 9_000, "enabled"))


def causes(run: HistoryBuilder, *modules: object) -> list[str]:
    """Return the cause of each finding of these modules."""
    return [finding.cause for module in modules for finding in run.findings(module.CHECKS)]


def late_by(run: HistoryBuilder, by: int) -> HistoryBuilder:
    """Delay the message to customer 3."""
    sent = iso(FIRST_SEND + by)
    return run.change_delivery_to(3, at=sent, send_at=sent)
