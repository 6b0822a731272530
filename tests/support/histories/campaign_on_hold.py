"""The correct run with a campaign on hold, for tests: its clearance, and event 5 about it."""

from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, iso


def not_cleared_fields(line: Line) -> Line:
    """Return the fields of an obligation without clearance; this reason precedes all others."""
    return {"owed": False, "reason": "not_cleared", "text": None}


def clearance_line(action: str, at: int) -> Line:
    """Return a change of the clearance of the campaign, which is required before its first send time."""
    return {"n": 900, "at": iso(at), "real": 0.0, "kind": "clearance", "campaign": 7001, "action": action,
            "required_by": iso(FIRST_SEND), "named": 12, "cleared": 4}  # fmt: skip


def on_hold_event(correct_run: HistoryBuilder, **fields: object) -> Line:
    """Return event 5 of the campaign."""
    return correct_run.lines_of("webhook")[0] | {"event": "5", "key": "5:7001"} | fields


def conditional(run: HistoryBuilder, *left_out: str) -> HistoryBuilder:
    """Return the run of a campaign that was cleared in time, without these customers."""
    lines = clearance_line("required", START), on_hold_event(run), clearance_line("given", START + HOUR)
    return run.plus(*lines).change(
        "obligation", lambda line: line | not_cleared_fields(line) if line["customer"] in left_out else line
    )
