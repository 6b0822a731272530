"""Lines of faults for tests: what was laid, what struck, and what it did to a call of the bridge."""

from history_builder import Line, Story
from sendproof_harness.history.timestamps import iso


def laid(story: Story, *entries: Line) -> Story:
    """The same, with faults in its header: f1, f2 and so on."""
    numbered = [{"id": f"f{place}", "nth": 1, "when": "before"} | entry for place, entry in enumerate(entries, start=1)]
    return Story((story.lines[0] | {"faults": numbered}, *story.lines[1:]))


def strike(at: int, n: int, fault: str, service: str, name: str, **more: object) -> Line:
    """A fault struck; the line of what it struck is the next."""
    return {
        "n": n, "at": iso(at), "real": 0.0, "kind": "fault", "id": "f1", "fault": fault, "target": "call",
        "service": service, "name": name, "nth": 1, "when": "before",
    } | more  # fmt: skip


def call(at: int, n: int, service: str, operation: str, **more: object) -> Line:
    """One call of the bridge."""
    return {
        "n": n, "at": iso(at), "real": 0.0, "kind": "request", "service": service, "operation": operation,
        "method": "POST", "path": f"/{operation}", "credential": "known", "status": 200, "violations": [],
    } | more  # fmt: skip


def struck(fault: str, reply: str, *, effect: bool) -> Line:
    """What a call line says of the fault that struck it."""
    return {"id": "f1", "fault": fault, "effect": effect, "response": reply}
