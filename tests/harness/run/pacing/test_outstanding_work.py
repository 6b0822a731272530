"""The work that a bridge owes by now, in histories that are still growing."""

from history_builder import FIRST_SEND, START, HistoryBuilder, build_correct_run
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.run.pacing.outstanding_work import next_due, outstanding_work

# The campaign with twelve customers is announced, and its pages are read, at this instant.
ANNOUNCED = START + 2 * HOUR


def until(at: int) -> HistoryBuilder:
    """Return the lines of the correct run up to an instant, as the run sees them then."""
    run = build_correct_run()
    header, expectations = run.lines[0] | {"ended": iso(at)}, [line for line in run.lines[1:] if line["n"] == 0]
    events = [line for line in run.lines if line["n"] != 0 and str(line["at"]) <= iso(at)]
    return HistoryBuilder((header, *expectations, *events))


def without_pages(run: HistoryBuilder) -> HistoryBuilder:
    return run.without("request", lambda line: line["operation"] == "GetCustomerSendDetailsByChannel")


def unaccepted(run: HistoryBuilder, status: int | None) -> HistoryBuilder:
    """Let the bridge answer the announcement with a status; another attempt follows."""
    retry = {"status": status, "retry_at": iso(ANNOUNCED + HOUR)}
    return run.change("webhook", lambda line: line | retry if line["service"] == "optimove" else line)


def test_bridge_that_has_done_everything_owes_nothing() -> None:
    assert outstanding_work(until(FIRST_SEND + 3 * HOUR).history()) == {}


def test_messages_are_outstanding_as_soon_as_they_are_due() -> None:
    """The tolerance of the judge does not matter: time must not jump over them."""
    run = until(FIRST_SEND).without("delivery")
    assert outstanding_work(run.history()) == {"messages": 4}


def test_messages_of_a_later_time_are_not_outstanding_yet() -> None:
    run = until(FIRST_SEND - MINUTE)
    assert (outstanding_work(run.history()), next_due(run.history())) == ({}, FIRST_SEND)


def test_rows_of_an_announced_campaign_are_outstanding() -> None:
    assert outstanding_work(without_pages(until(ANNOUNCED)).history()) == {"rows to read": 12}


def test_bridge_that_is_away_owes_the_webhook_only() -> None:
    """It cannot know of the campaign."""
    run = unaccepted(without_pages(until(ANNOUNCED)), status=None)
    assert outstanding_work(run.history()) == {"webhooks to accept": 1}


def test_bridge_that_refused_a_webhook_owes_nothing() -> None:
    assert outstanding_work(unaccepted(without_pages(until(ANNOUNCED)), status=404).history()) == {}


def test_clearance_is_outstanding_until_its_deadline() -> None:
    head = {"n": 900, "at": iso(ANNOUNCED), "real": 0.0}
    hold = {"kind": "clearance", "campaign": 7001, "action": "required", "named": 12, "cleared": 0}
    event = {"kind": "webhook", "service": "optimove", "event": "5", "key": "5:7001", "url": "http://b/x", "attempt": 1}
    run = until(ANNOUNCED).plus(
        head | hold | {"required_by": iso(ANNOUNCED + HOUR)}, head | event | {"status": 200, "error": None}
    )
    assert outstanding_work(run.history()) == {"clearances": 1}
