"""Several changes of one customer: Optimove must have the last, and need not have those that no one noticed."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, iso
from sendproof_harness.judge.checks import opt_out_sync

# Customer 4 gets the second message of the day.
CUSTOMER, DUE = "C0000004", FIRST_SEND + HOUR
CHANNEL = {"textlocal": 505, "xtremepush": 506}
UNDONE = "an opt-out was reported to Optimove, and after it an older opt-in"


def line(kind: str, at: int, **fields: object) -> Line:
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | fields


def replied(run: HistoryBuilder, hours: int, text: str, service: str = "textlocal", status: int = 200) -> list[Line]:
    """Return a STOP or START some hours after the message; the bridge gets each webhook that it acknowledges."""
    at = DUE + hours * HOUR
    about = {"service": service, "number": run.obligation_of(4)["number"]}
    attempt = {"event": "inbound", "key": f"inbound:{hours}", "url": "http://127.0.0.1:9000/x", "attempt": 1}
    return [
        line("inbound", at, text=text, **about),
        line("opt_out" if text == "STOP" else "opt_in", at, source="reply", **about),
        line("webhook", at, status=status, error=None, **attempt, **about),
    ]


def reported(hours: int, *, out: bool, channel: int = 505, customer: str = CUSTOMER) -> Line:
    """Return the bridge's preference for a channel, a minute after the start of an hour."""
    mode = {"mode": 2 if out else 1, "opted_out": out, "customers": [customer]}
    return line("preference", DUE + hours * HOUR + 60_000, source="api", channel=channel, app=None, **mode)


def on_two_channels(run: HistoryBuilder) -> HistoryBuilder:
    """Let customer 4 have a message from each provider."""
    channels = [{"id": CHANNEL[name], "provider": name, "kind": "scheduled"} for name in CHANNEL]
    second = run.obligation_of(4) | {"campaign": 7002, "channel": 506}
    delivery = run.delivery_to(4) | {"message": "second", "service": "xtremepush"}
    return run.change("history", lambda found: found | {"channels": channels}).plus(second, delivery)


def causes(run: HistoryBuilder) -> list[str]:
    return [finding.cause for finding in run.findings(opt_out_sync.CHECKS)]


def test_opt_in_is_not_due_after_an_opt_out_that_the_bridge_never_noticed(correct_run):
    """It reads the list every few hours, and the customer stops again days later."""
    unseen = [*replied(correct_run, 1, "STOP", status=500), *replied(correct_run, 3, "START", status=500)]
    again = [*replied(correct_run, 72, "STOP", status=500), reported(73, out=True)]
    assert causes(correct_run.plus(*unseen, *again)) == []


def test_second_cycle_that_the_bridge_never_noticed_is_not_due(correct_run):
    noticed = [*replied(correct_run, 1, "STOP"), reported(2, out=True)]
    noticed += [*replied(correct_run, 24, "START"), reported(25, out=False)]
    unseen = [*replied(correct_run, 48, "STOP", status=500), *replied(correct_run, 50, "START", status=500)]
    assert causes(correct_run.plus(*noticed, *unseen)) == []


def test_opt_in_is_due_after_an_opt_out_that_was_reported_late(correct_run):
    stale = [*replied(correct_run, 1, "STOP"), *replied(correct_run, 3, "START"), reported(9, out=True)]
    expected = ["an opt-in after an opt-out was reported to Optimove with another CommunicationMode"]
    assert causes(correct_run.plus(*stale)) == expected
    assert causes(correct_run.plus(*stale, reported(17, out=False))) == []


@pytest.mark.parametrize(("at", "elsewhere"), [("textlocal", "xtremepush"), ("xtremepush", "textlocal")])
def test_opt_in_on_another_channel_leaves_an_opt_out_as_it_is(correct_run, at, elsewhere):
    """The second STOP at one provider is no news. So only the channel of the START gets a report."""
    run = on_two_channels(correct_run).plus(
        *replied(correct_run, 1, "STOP", at),
        reported(1, out=True, channel=CHANNEL[at]),
        *replied(correct_run, 3, "STOP", elsewhere),
        reported(3, out=True, channel=CHANNEL[elsewhere]),
        *replied(correct_run, 5, "STOP", at),
        *replied(correct_run, 31, "START", elsewhere),
        reported(32, out=False, channel=CHANNEL[elsewhere]),
    )
    assert causes(run) == []


@pytest.mark.parametrize(("at", "elsewhere"), [("textlocal", "xtremepush"), ("xtremepush", "textlocal")])
def test_late_opt_in_for_both_channels_undoes_an_opt_out(correct_run, at, elsewhere):
    run = on_two_channels(correct_run).plus(
        *replied(correct_run, 1, "STOP", elsewhere),
        *(reported(1, out=True, channel=channel) for channel in CHANNEL.values()),
        *replied(correct_run, 3, "START", elsewhere),
        *replied(correct_run, 4, "STOP", at),
        *(reported(5, out=False, channel=channel) for channel in CHANNEL.values()),
    )
    expected = ["a provider opt-out was reported to Optimove with another CommunicationMode"]
    assert causes(run) == expected
    assert causes(run.plus(reported(6, out=True, channel=CHANNEL[at]))) == []


@pytest.mark.parametrize(("at", "elsewhere"), [("textlocal", "xtremepush"), ("xtremepush", "textlocal")])
def test_opt_out_may_be_reported_for_the_channel_of_another_provider_too(correct_run, at, elsewhere):
    """The bridge stops a number everywhere, also where the customer opted in again on the day before."""
    run = on_two_channels(correct_run).plus(
        *replied(correct_run, 1, "STOP", at),
        reported(1, out=True, channel=CHANNEL[at]),
        *replied(correct_run, 3, "START", at),
        reported(3, out=False, channel=CHANNEL[at]),
        *replied(correct_run, 5, "STOP", elsewhere),
        *(reported(5, out=True, channel=channel) for channel in CHANNEL.values()),
    )
    assert causes(run) == []


def test_older_opt_in_after_the_report_of_an_opt_out_undoes_it(correct_run):
    """A bridge whose reports overtake each other leaves a customer who opted out opted in."""
    first = [*replied(correct_run, 1, "STOP"), reported(1, out=True), *replied(correct_run, 3, "START")]
    run = correct_run.plus(*first, *replied(correct_run, 4, "STOP"), reported(4, out=True), reported(5, out=False))
    assert causes(run) == [UNDONE]
    assert causes(run.plus(reported(6, out=True))) == []


def test_opt_in_of_nobody_right_after_an_opt_out_is_not_taken_for_an_older_one(correct_run):
    run = correct_run.plus(*replied(correct_run, 1, "STOP"), reported(1, out=True), reported(2, out=False))
    assert causes(run) == ["an opt-in was reported for a customer who did not opt in"]


@pytest.mark.parametrize(
    ("changed", "by", "expected"),
    [
        ({}, [], ["an opt-out was reported for a customer who did not opt out"]),
        ({"opted_out_by": "provider"}, [], []),
        ({}, [line("preference", DUE, source="batch_file", channel=505, mode=2, opted_out=True)], []),
    ],
    ids=["by the report", "in the provider's list", "by the client"],
)
def test_record_that_the_report_itself_changed_is_no_reason_for_the_report(correct_run, changed, by, expected):
    """The customer was opted in when the first campaign was announced."""
    other = correct_run.obligation_of(7)
    later = other | {"campaign": 7002, "at": iso(DUE + DAY), "due": iso(DUE + 2 * DAY), "owed": False}
    later |= {"reason": "opted_out", "opted_out_by": "attribute"} | changed
    stop = [*replied(correct_run, 1, "STOP"), reported(1, out=True)]
    by = [found | {"customers": [other["customer"]]} for found in by]
    run = correct_run.plus(*stop, *by, reported(2, out=True, customer=other["customer"]), later)
    assert causes(run) == expected
