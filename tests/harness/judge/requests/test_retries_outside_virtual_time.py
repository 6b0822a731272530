"""Retries of a bridge with its own clock: what passed for it counts, not a jump of the sandbox's clock."""

import pytest

from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, SECOND, iso
from sendproof_harness.judge.checks.requests import repeated_calls, retry_after

JUMP_AT, JUMP_TO = START + 5 * SECOND, START + 2 * HOUR


@pytest.fixture
def run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run with a clock at rate 1 that the bridge does not use, and one jump."""
    clock = {"mode": "virtual", "start": iso(START), "rate": 1, "participants": []}
    outside = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.without("clock").lines[1:]))
    head = {"real": 0.0, "kind": "clock"}
    rate = head | {"n": 6_999, "at": iso(START), "action": "rate", "rate": 1}
    return outside.plus(rate, head | {"n": 7_000, "at": iso(JUMP_AT), "action": "advance", "to": iso(JUMP_TO)})


def calls(status: int, *seconds: float, **fields: object) -> list[Line]:
    """Return calls at these seconds of the bridge; the jump comes after the fifth."""
    return [
        {"n": 5_000 + i, "at": iso(START + int(second * SECOND) + (second > 5) * (JUMP_TO - JUMP_AT)), "real": second,
         "kind": "request", "service": "textlocal", "operation": "bulk_json", "method": "POST", "path": "/bulk_json",
         "credential": "known", "status": status if i < len(seconds) - 1 else 200, "violations": [],
         "content": "a" * 16} | fields
        for i, second in enumerate(seconds)
    ]  # fmt: skip


def causes(run: HistoryBuilder, checks) -> list[str]:
    return [finding.cause for finding in run.findings(checks) if finding.level == "fail"]


def test_jump_between_retries_is_no_pause(run) -> None:
    calls_without_pause = calls(503, *(4.5 + i / 10 for i in range(10)))

    assert causes(run.plus(*calls_without_pause), repeated_calls.CHECKS) == [
        "textlocal bulk_json: repeated without a pause while it failed"
    ]


def test_retry_before_the_demanded_delay_fails(run) -> None:
    limited, early = calls(429, 4, 6)

    assert causes(run.plus(limited | {"retry_after": 30}, early), retry_after.CHECKS) == [
        "429 ignored: textlocal bulk_json: textlocal bulk_json called too early with the same key"
    ]


def test_retry_after_the_demanded_delay_passes(run) -> None:
    limited, later = calls(429, 4, 34)

    assert causes(run.plus(limited | {"retry_after": 30}, later), retry_after.CHECKS) == []


@pytest.mark.parametrize(("after", "fails"), [(0.3, False), (1.3, True)])
def test_other_call_that_was_on_its_way_at_rate_1_passes(correct_run, after, fails) -> None:
    """The bridge sent it before the 429 response arrived. The same message again is none of these calls."""
    clock = {"mode": "virtual", "start": iso(START), "rate": 1, "participants": ["bridge"]}
    run = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.lines[1:]))
    limited, same = calls(429, 1, 1 + after)
    limited = limited | {"retry_after": 30}

    assert bool(causes(run.plus(limited, same | {"content": "b" * 16}), retry_after.CHECKS)) is fails
    assert causes(run.plus(limited, same), retry_after.CHECKS) != []
