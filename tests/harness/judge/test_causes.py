"""A cause says what is wrong, never with whom: findings with one cause are shown together, however many there are."""

import re

import pytest

from history_builder import FIRST_SEND, Line, Story, sound_story
from sendproof_harness.history.timestamps import iso, parse_instant

CUSTOMERS = 240
# A cause for each status, number of days or template is right; more than this can only be one for each customer.
CAUSES_MOST = 12


def _request(index: int, **fields: object) -> Line:
    return {"n": 9_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": None, "method": "GET", "path": f"/current/customers/C{index:07d}/Attributes",
            "credential": "known", "status": 404, "violations": []} | fields  # fmt: skip


def _event(index: int, name: str) -> Line:
    return {"n": 20_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "engagement", "event": name,
            "customer": f"C{index:07d}", "visitor": None, "timestamp": iso(FIRST_SEND), "context": {}}  # fmt: skip


def _named(index: int, event: int) -> Line:
    return {"n": 30_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "interactions", "campaign": 7001,
            "channel": 505, "template": 11, "event_id": event, "customers": [f"C{index:07d}"]}  # fmt: skip


def _preference(index: int) -> Line:
    return {"n": 40_000 + index, "at": iso(FIRST_SEND), "real": 0.0, "kind": "preference", "source": "api",
            "channel": 505,
            "mode": 1, "opted_out": True, "customers": [f"C{index:07d}"]}  # fmt: skip


def _spoilt(line: Line, index: int) -> Line | None:
    """Each delivery is wrong in another way."""
    later = iso(parse_instant(str(line["send_at"])) + (index - CUSTOMERS // 2) * 100_000)
    ways: tuple[Line | None, ...] = (
        None,
        line | {"text": f"Hello number {index}"},
        line | {"number": f"49171{index:08d}"},
        line | {"send_at": later},
        line | {"raw_number": f"+{line['number']}"},
        line | {"text": str(line["text"]).replace(" ", "+")},
        line,
    )
    return ways[index % len(ways)]


def _all_wrong() -> Story:
    sound = sound_story(CUSTOMERS, 50)
    place = {line["message"]: index for index, line in enumerate(sound.of("delivery"))}
    story = sound.change("delivery", lambda line: _spoilt(line, place[line["message"]]))
    story = story.change("webhook", lambda line: line | {"status": None, "error": "ConnectionRefusedError"})
    again = [
        line | {"n": 50_000 + index, "message": f"9{index:09d}"} for index, line in enumerate(sound.of("delivery"))
    ]
    some = range(60)
    return story.plus(
        *again[::3],
        *(_request(index) for index in some),
        *(_request(index, status=429) for index in some),
        *(_request(index, credential="refused", status=401) for index in some),
        *(_event(index, name) for index in some for name in ("delivered", "bounced", "clicked")),
        *(_named(index, event) for index in some for event in (1, 3, 4, 9)),
        *(_preference(index) for index in some),
    )


@pytest.fixture(scope="module")
def causes() -> dict[str, list[str]]:
    """The causes of each check in a history in which about everything is wrong with everybody."""
    results = _all_wrong().verdict().results
    return {result.check.id: [group.cause for group in result.groups] for result in results}


def test_much_is_wrong(causes):
    """The history puts to the test every check that looks at customers, their messages or calls about them."""
    about_campaigns = {"paging.complete", "paging.size", "metrics.cadence", "metrics.consistent", "contract.batches"}
    silent = {"run.completed", "webhooks.registered", "templates.synchronised"} | about_campaigns
    assert {check for check, some in causes.items() if not some} <= silent


def test_no_cause_names_anybody(causes):
    """No customer, no number, no message stands in one."""
    assert [one for some in causes.values() for one in some if re.search(r"C\d{7}|\d{7}", one)] == []


def test_causes_are_few(causes):
    """However many customers there are."""
    assert {check: len(some) for check, some in causes.items() if len(some) > CAUSES_MOST} == {}
