"""When a bridge learns of an opt-out: by a report about it, not by one about an earlier or another opt-out."""

import pytest

from fault_helpers import injection_line, with_faults
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso
from sendproof_harness.judge.checks import opt_out_sync
from sendproof_harness.judge.facts.consent_reports import provider_changes
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount

# Customer 4 gets the second message of the day.
CUSTOMER, DUE = "C0000004", FIRST_SEND + HOUR


def result_kind(run: HistoryBuilder) -> str:
    """Return the result for customer 4, on which the recount must agree."""
    history = run.history()
    assert differences(history, recount(run.encoded(), provider_facts())) == []
    return ledger(history).recipients[4].kind


def line(run: HistoryBuilder, kind: str, at: int, **fields: object) -> Line:
    """Return a line about the number of customer 4 at Textlocal."""
    about = {"service": "textlocal", "number": run.obligation_of(4)["number"]}
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | about | fields


def reply(run: HistoryBuilder, place: int, at: int, text: str, status: int = 200) -> list[Line]:
    """Return a reply that Textlocal passes on; it is an opt-out or opt-in if the text says so."""
    change = {"STOP": "opt_out", "START": "opt_in"}.get(text)
    attempt = {"event": "inbound", "key": f"inbound:{place}", "url": "http://127.0.0.1:9000/x", "attempt": 1}
    return [
        line(run, "inbound", at, text=text),
        *([line(run, change, at, source="reply")] if change else []),
        line(run, "webhook", at, status=status, error=None, **attempt),
    ]


def test_second_opt_out_is_not_reported_by_the_first(correct_run):
    """The webhook about the second STOP never arrives, and the bridge reads the list twice a day."""
    run = correct_run.plus(
        *reply(correct_run, 1, DUE - 3 * DAY, "STOP"),
        *reply(correct_run, 2, DUE - 2 * DAY, "START"),
        *reply(correct_run, 3, DUE - HOUR, "STOP", status=500),
    )

    assert result_kind(run) == "ok"
    assert result_kind(run.plus(*reply(correct_run, 4, DUE - 30 * MINUTE, "STOP"))) == "sent to opted-out"


@pytest.mark.parametrize("again", ["stop", "Stop.", " STOP! "])
def test_same_words_in_another_spelling_report_an_opt_out(correct_run, again):
    """The number opted out before, so its second STOP changes nothing at the provider."""
    stop = reply(correct_run, 1, DUE - HOUR, "STOP", status=500)
    again_reported = reply(correct_run, 2, DUE - 30 * MINUTE, again)

    assert result_kind(correct_run.plus(*stop, *again_reported)) == "sent to opted-out"


@pytest.mark.parametrize("thanked", [DUE - 2 * HOUR, DUE - 30 * MINUTE], ids=["before", "after"])
def test_thanks_is_no_report_of_an_opt_out(correct_run, thanked):
    stopped = DUE - HOUR
    stop = reply(correct_run, 2 if thanked < stopped else 1, stopped, "STOP", status=500)
    thanks = reply(correct_run, 1 if thanked < stopped else 2, thanked, "Thanks!")

    assert result_kind(correct_run.plus(*sorted([*stop, *thanks], key=lambda found: found["at"]))) == "ok"


def test_bridge_that_is_killed_after_the_report_has_its_time_afterwards(correct_run):
    """The message was at the provider already, and the bridge was down when it went out."""
    fault = {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": 20 * MINUTE}
    kill = injection_line(DUE - 9 * MINUTE, 5_900, "kill", "optimove", "GetChannelTemplates")
    stop = reply(correct_run, 1, DUE - 10 * MINUTE, "STOP")

    assert result_kind(correct_run.plus(*stop)) == "sent to opted-out"
    assert result_kind(with_faults(correct_run, fault).plus(*stop, kill)) == "ok"


def test_message_to_a_new_number_of_a_customer_who_stopped_with_the_old_one_is_right(correct_run):
    """A provider may know the opt-out by the customer or by the number, so a withheld message is right, too."""
    number = correct_run.obligation_of(4)["number"]
    earlier = correct_run.obligation_of(4) | {"campaign": 7000, "due": iso(FIRST_SEND), "reason": "control_group"}
    earlier |= {"owed": False, "text": None}
    moved = correct_run.change(
        "obligation", lambda found: found | ({"number": "447100009999"} if found["number"] == number else {})
    )
    moved = moved.change(
        "delivery", lambda found: found | ({"number": "447100009999"} if found["number"] == number else {})
    )
    run = moved.plus(earlier, *reply(correct_run, 1, DUE - DAY, "STOP"))

    assert result_kind(run) == "ok"
    assert result_kind(run.without("delivery", lambda found: found["number"] == "447100009999")) == "withheld"


def test_opt_out_is_not_that_of_a_customer_who_shows_up_later_with_the_number(correct_run):
    """A bridge knows the numbers of the customers whom Optimove has announced to it."""
    later = correct_run.obligation_of(4) | {"campaign": 7002, "customer": "C0000099", "at": iso(DUE + 2 * DAY)}
    later |= {"due": iso(DUE + 3 * DAY), "owed": False, "reason": "opted_out", "text": None}
    run = correct_run.plus(later, *reply(correct_run, 1, DUE + HOUR, "STOP"))

    assert list(provider_changes(run.history())) == [CUSTOMER]


def with_push(run: HistoryBuilder, *opt_outs: Line) -> HistoryBuilder:
    """Return a run with web push notifications on channel 505, and push notifications on channel 506."""
    channels = [{"id": number, "provider": "xtremepush", "kind": "scheduled"} for number in (505, 506)]
    types = ({"message": "web_push"}, {"message": "push"})
    channels = [channel | type_ for channel, type_ in zip(channels, types, strict=True)]
    for kind in ("delivery", "delivery_status"):
        run = run.change(kind, lambda found: found | {"service": "xtremepush", "message_type": "web_push"})
    return run.plus(*opt_outs).change("history", lambda found: found | {"channels": channels})


def push_opt_out(run: HistoryBuilder, at: int, type_: str) -> Line:
    return line(run, "opt_out", at, service="xtremepush", message_type=type_)


def unsubscribed(run: HistoryBuilder, at: int) -> Line:
    """Return the report that customer 4 unsubscribed from web push notifications."""
    attempt = {"event": "message_unsubscribe", "url": "http://127.0.0.1:9000/x", "attempt": 1, "error": None}
    key = f"message_unsubscribe:{run.delivery_to(4)['message']}"
    return line(run, "webhook", at, service="xtremepush", status=200, key=key, **attempt)


def test_opt_out_from_another_type_of_messages_does_not_end_the_time_for_a_report(correct_run):
    """The user of an app and of a website has one id for both."""
    reported = line(correct_run, "preference", DUE + 3 * HOUR, source="api", channel=506, mode=2, opted_out=True)
    run = with_push(
        correct_run,
        push_opt_out(correct_run, DUE + HOUR, "web_push"),
        unsubscribed(correct_run, DUE + HOUR),
        push_opt_out(correct_run, DUE + 2 * HOUR, "push"),
        reported | {"customers": [CUSTOMER]},
        correct_run.obligation_of(4) | {"campaign": 7002, "channel": 506, "owed": False, "reason": "control_group"},
    )

    assert [finding.cause for finding in run.findings(opt_out_sync.CHECKS)] == [
        "a provider opt-out was reported to Optimove for another channel"
    ]


def test_opt_in_to_another_type_of_messages_ends_no_opt_out(correct_run):
    run = with_push(
        correct_run,
        push_opt_out(correct_run, DUE - 2 * HOUR, "web_push"),
        unsubscribed(correct_run, DUE - 2 * HOUR),
        line(correct_run, "opt_in", DUE - HOUR, service="xtremepush", message_type="push"),
    )

    assert result_kind(run) == "sent to opted-out"


def two_opt_outs(run: HistoryBuilder, *more: Line, channels: tuple[int, ...] = (505, 506)) -> list[str]:
    """Return what the judge got if a bridge reported the first opt-out for these channels, and the second never."""
    both = [
        {"id": 505, "provider": "textlocal", "kind": "scheduled"},
        {"id": 506, "provider": "xtremepush", "kind": "scheduled"},
    ]
    stop = {"service": "xtremepush", "event": "message_unsubscribe", "key": "message_unsubscribe:second", "attempt": 1}
    report = line(run, "preference", DUE + HOUR, source="api", mode=2, opted_out=True, customers=[CUSTOMER])
    run = run.change("history", lambda found: found | {"channels": both}).plus(
        run.obligation_of(4) | {"campaign": 7002, "channel": 506},
        run.delivery_to(4) | {"message": "second", "service": "xtremepush"},
        line(run, "opt_out", DUE + HOUR, service="xtremepush"),
        line(run, "webhook", DUE + HOUR, **stop, url="http://127.0.0.1:9000/x", status=200, error=None),
        *(report | {"channel": channel} for channel in channels),
        *reply(run, 2, DUE + 3 * HOUR, "STOP"),
        *more,
    )
    return [finding.got for finding in run.findings(opt_out_sync.CHECKS)]


def preference(run: HistoryBuilder, at: int, *, out: bool) -> Line:
    mode = {"mode": 2 if out else 1, "opted_out": out, "customers": [CUSTOMER]}
    return line(run, "preference", at, source="api", channel=505, app=None, **mode)


@pytest.mark.parametrize("is_true", [True, False])
def test_opt_in_that_no_list_shows_may_be_reported(correct_run, is_true):
    """A user who allows notifications again is in no list, but the bridge may learn of it."""
    allowed = line(correct_run, "opt_in", DUE + 3 * HOUR, service="xtremepush", message_type="web_push")
    run = with_push(
        correct_run,
        push_opt_out(correct_run, DUE + HOUR, "web_push"),
        unsubscribed(correct_run, DUE + HOUR),
        preference(correct_run, DUE + HOUR + MINUTE, out=True),
        *([allowed] if is_true else []),
        preference(correct_run, DUE + 4 * HOUR, out=False),
    )
    expected = [] if is_true else ["an opt-in was reported for a customer who did not opt in"]
    assert [finding.cause for finding in run.findings(opt_out_sync.CHECKS)] == expected


@pytest.mark.parametrize("channels", [(505, 506), (506,)])
def test_report_for_both_channels_after_the_first_of_two_opt_outs_is_enough(correct_run, channels):
    """A bridge may stop a customer on each channel. Then the second opt-out, at another provider, is no news."""
    expected = [] if 505 in channels else ["no report, after an opt-out at textlocal"]
    assert two_opt_outs(correct_run, channels=channels) == expected


def by_client(run: HistoryBuilder, at: int, value: str, *, field: str | None = None, channel: int = 505) -> Line:
    """Return a line of the client's file with an attribute, or without one, with the preference for a channel."""
    if field is not None:
        changes = [{"customer": CUSTOMER, "field": field, "value": value}]
        return line(run, "attributes", at, source="batch_file", changes=changes, request=None)
    mode = {"mode": 2 if value == "0" else 1, "opted_out": value == "0", "customers": [CUSTOMER]}
    return line(run, "preference", at, source="batch_file", channel=channel, **mode)


@pytest.mark.parametrize(
    ("value", "by", "at", "count"),
    [
        ("Ann", {"field": "FIRST_NAME"}, DUE + 2 * HOUR, 0),
        ("0", {"field": "SMS_OPT_IN"}, DUE - HOUR, 0),
        ("0", {}, DUE + 2 * HOUR, 0),
        ("1", {"channel": 506}, DUE + 2 * HOUR, 0),
        ("1", {}, DUE, 0),
        ("1", {}, DUE + 4 * HOUR, 0),
        ("1", {}, DUE + 2 * HOUR, 1),
        ("1", {"field": "SMS_OPT_IN"}, DUE + 2 * HOUR, 1),
    ],
)
def test_only_an_opt_in_by_somebody_else_ends_what_the_report_said(correct_run, value, by, at, count):
    """It makes the second opt-out news again: in that channel, or for all, and between the two."""
    assert len(two_opt_outs(correct_run, by_client(correct_run, at, value, **by))) == count
