"""Events that the bridge answers only after its work."""

import pytest

from history_builder import START, HistoryBuilder
from sendproof_harness.history.timestamps import HOUR, iso
from sendproof_harness.judge.checks.listeners.answers import CHECKS


def found(run: HistoryBuilder) -> list[tuple[str, str]]:
    """Return level and cause of each finding."""
    return [(finding.level, finding.cause) for finding in run.findings(CHECKS)]


def with_event(run: HistoryBuilder, **fields: object) -> HistoryBuilder:
    """Return the run with other fields of event 13."""
    return run.change("webhook", lambda line: line | fields if line["service"] == "optimove" else line)


def test_event_answered_while_calls_are_made_passes(correct_run):
    """The order in the journal shows nothing: another thread may begin to work before the answer is written."""
    assert found(with_event(correct_run, duration_ms=40.0)) == []


def test_event_answered_after_a_call_for_it_fails(correct_run):
    page = next(line for line in correct_run.lines_of("request") if line["operation"].startswith("GetCustomerSend"))
    (finding,) = with_event(correct_run, held_call=page["n"]).findings(CHECKS)

    assert finding.cause == "event 13: answered only after the work"
    assert "optimove GetCustomerSendDetailsByChannel was made first" in finding.got


def test_event_that_waits_while_a_single_thread_works_on_another_is_a_note(correct_run):
    """Event 1 of the campaign was answered before, so the call may be for it."""
    run = with_event_1_before_the_call(correct_run)

    assert found(run) == []
    (note,) = run.findings(CHECKS, "note")
    assert note.cause == "event 13: waited while the bridge worked on another event"


@pytest.mark.parametrize(
    ("rate", "later", "fails"), [(1, 5_003, False), (1, 10_001, True), (2, 10_001, False), (None, 3, True)]
)
def test_instant_is_as_long_as_an_event_may_stay_open_if_time_passes(correct_run, rate, later, fails):
    """The call waits for five seconds, and an event that is open for longer than ten has failed."""
    clock = {"mode": "virtual", "start": correct_run.lines[0]["at"], "rate": rate, "participants": ["bridge"]}
    run = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.lines[1:]))
    answered_at = iso(START + 2 * HOUR + later)

    assert bool(found(with_event_1_before_the_call(run, at=answered_at))) is fails


def with_event_1_before_the_call(run: HistoryBuilder, **fields: object) -> HistoryBuilder:
    """Return the run with an answered event 1, a call, and event 13 with other fields, which waited for the call."""
    page = next(line for line in run.lines_of("request") if line["operation"].startswith("GetCustomerSend"))
    event = next(line for line in run.lines_of("webhook") if line["service"] == "optimove")
    before = event | {"event": "1", "key": event["key"].replace("13:", "1:", 1), "n": page["n"] - 1}
    return with_event(run, held_call=page["n"], **fields).plus(before)


def test_triggers_of_customers_whose_ids_only_end_alike_are_not_confused(correct_run):
    """An id may contain colons."""
    page = next(line for line in correct_run.lines_of("request") if line["operation"].startswith("GetCustomerSend"))
    event = next(line for line in correct_run.lines_of("webhook") if line["service"] == "optimove") | {"event": "11"}
    met = {"n": 2, "at": event["at"], "kind": "trigger", "trigger": "Visit", "campaign": 8001, "channel": 505} | {
        "template": 11, "request_id": "r",
    }  # fmt: skip
    run = correct_run.plus(
        met | {"customer": "Ann:1"},
        met | {"customer": "Bob:1"},
        event | {"key": "11:Visit:Ann:1:1", "held_call": page["n"]},
        event | {"key": "11:Visit:Bob:1:1", "n": page["n"] - 1},
    )

    assert [finding.cause for finding in run.findings(CHECKS)] == ["event 11: answered only after the work"]


def test_slow_answers_are_unknown(correct_run):
    """The machine may be slow."""
    ((level, cause),) = found(with_event(correct_run, duration_ms=4_000.0))

    assert level == "unknown"
    assert "sendproof load" in cause
