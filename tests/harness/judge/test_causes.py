"""A cause names the defect and not the customer, so that reports can group any number of findings by cause."""

import re

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line, build_correct_run
from sendproof_harness.history.timestamps import iso, parse_instant

CUSTOMERS = 240
# There may be a cause for each status, number of days or template; more than this would be one for each customer.
CAUSES_MAX = 12


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


def _damaged(line: Line, index: int) -> Line | None:
    """Damage each delivery in another way."""
    later = iso(parse_instant(str(line["send_at"])) + (index - CUSTOMERS // 2) * 100_000)
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


def _all_wrong() -> HistoryBuilder:
    correct_run = build_correct_run(CUSTOMERS, 50)
    position = {line["message"]: index for index, line in enumerate(correct_run.lines_of("delivery"))}
    run = correct_run.change("delivery", lambda line: _damaged(line, position[line["message"]]))
    run = run.change("webhook", lambda line: line | {"status": None, "error": "ConnectionRefusedError"})
    duplicates = [
        line | {"n": 50_000 + index, "message": f"9{index:09d}"}
        for index, line in enumerate(correct_run.lines_of("delivery"))
    ]
    customers = range(60)
    return run.plus(
        *duplicates[::3],
        *(_request(index) for index in customers),
        *(_request(index, status=429) for index in customers),
        *(_request(index, credential="refused", status=401) for index in customers),
        *(_event(index, name) for index in customers for name in ("delivered", "bounced", "clicked")),
        *(_interaction(index, event) for index in customers for event in (1, 3, 4, 9)),
        *(_preference(index) for index in customers),
    )


@pytest.fixture(scope="module")
def causes() -> dict[str, list[str]]:
    """Return the causes of each check for a history in which nearly everything is wrong."""
    results = _all_wrong().verdict().results
    return {result.check.id: [group.cause for group in result.groups] for result in results}


def test_history_fails_every_check_about_customers(causes):
    about_campaigns = {"paging.complete", "paging.size", "metrics.cadence", "metrics.consistent", "contract.batches"}
    without_causes = {"run.completed", "webhooks.registered", "templates.synchronised"} | about_campaigns
    assert {check for check, check_causes in causes.items() if not check_causes} <= without_causes


def test_no_cause_names_a_customer_number_or_message(causes):
    assert [
        cause for check_causes in causes.values() for cause in check_causes if re.search(r"C\d{7}|\d{7}", cause)
    ] == []


def test_number_of_causes_is_limited(causes):
    assert {check: len(found) for check, found in causes.items() if len(found) > CAUSES_MAX} == {}
