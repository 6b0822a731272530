"""A history where nearly everything is wrong, in many ways."""

from history_builder import FIRST_SEND, HistoryBuilder, Line, build_correct_run
from sendproof_harness.history.timestamps import iso, parse_instant


def _request(index: int, **fields: object) -> Line:
    return {"n": 9_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": None, "method": "GET", "path": f"/current/customers/C{index:07d}/Attributes",
            "credential": "known", "status": 404, "violations": []} | fields  # fmt: skip


def _event(index: int, name: str) -> Line:
    return {"n": 20_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "engagement", "event": name,
            "customer": f"C{index:07d}", "visitor": None, "timestamp": iso(FIRST_SEND), "context": {}}  # fmt: skip


def _interaction(index: int, event: int) -> Line:
    return {"n": 30_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "interactions", "campaign": 7001,
            "channel": 505, "template": 11, "event_id": event, "customers": [f"C{index:07d}"]}  # fmt: skip


def _preference(index: int) -> Line:
    return {"n": 40_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "preference", "source": "api",
            "channel": 505,
            "mode": 1, "opted_out": True, "customers": [f"C{index:07d}"]}  # fmt: skip


def _damaged(line: Line, index: int, customers: int) -> Line | None:
    """Damage each delivery in another way."""
    later = iso(parse_instant(str(line["send_at"])) + (index - customers // 2) * 100_000)
    damages: tuple[Line | None, ...] = (
        None,
        line | {"text": f"Hello number {index}"},
        line | {"number": f"49171{index:08d}"},
        line | {"send_at": later},
        line | {"raw_number": f"+{line['number']}"},
        line | {"text": str(line["text"]).replace(" ", "+")},
        line,
    )
    return damages[index % len(damages)]


_LEAK = {"service": "optimove", "name": "api_key", "count": 7, "line": 12}


def build_wrong_run(customers: int = 240) -> HistoryBuilder:
    """Return a run with a different defect for each customer, and wrong requests and reports."""
    correct_run = build_correct_run(customers, 50)
    position = {line["message"]: index for index, line in enumerate(correct_run.lines_of("delivery"))}
    run = correct_run.change("delivery", lambda line: _damaged(line, position[line["message"]], customers))
    run = run.change("webhook", lambda line: line | {"status": None, "error": "ConnectionRefusedError", "held_call": 1})
    duplicates = [
        line | {"n": 50_000 + index, "message": f"9{index:09d}"}
        for index, line in enumerate(correct_run.lines_of("delivery"))
    ]
    named = range(customers // 4)
    return run.plus(
        *duplicates[::3],
        *(_request(index) for index in named),
        *(_request(index, status=429) for index in named),
        *(_request(index, credential="refused", status=401) for index in named),
        *(_event(index, name) for index in named for name in ("delivered", "bounced", "clicked")),
        *(_interaction(index, event) for index in named for event in (1, 3, 4, 9)),
        *(_preference(index) for index in named),
        {"n": 0, "at": iso(FIRST_SEND), "kind": "bridge_log", "leaks": [_LEAK]},
    )
