"""Send times: early, late, and off by a time zone."""

import pytest

from fault_helpers import key_line, late_by, refused_line, request_line, with_key_outage
from history_builder import FIRST_SEND, START, HistoryBuilder, build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.causes.times import IMMEDIATE, zone_offset
from sendproof_harness.judge.checks.timing import CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.recount.count import recount


def shifted(run: HistoryBuilder, by: int) -> HistoryBuilder:
    """Shift all send times."""
    return run.change("delivery", lambda line: line | {"send_at": iso(parse_instant(str(line["send_at"])) + by)})


def test_messages_on_time_pass(correct_run):
    assert correct_run.findings(CHECKS) == []


@pytest.mark.parametrize("by", [-SECOND, 0, 5 * MINUTE])
def test_messages_within_tolerance_pass(correct_run, by):
    """Providers round to seconds, and a batch takes some minutes."""
    assert shifted(correct_run, by).findings(CHECKS) == []


@pytest.mark.parametrize(
    ("by", "cause", "kind"),
    [
        (-2 * SECOND, "early: sent before it was due", "early"),
        (-20 * MINUTE, "early: sent before it was due", "early"),
        (5 * MINUTE + SECOND, "late: sent more than 5 min after it was due", "late"),
        (-HOUR, "sent at local time: exactly 1 h early, as if local time were UTC", "early"),
        (HOUR + 30 * SECOND, "sent at local time: exactly 1 h late, as if local time were UTC", "late"),
        (-(5 * HOUR + 30 * MINUTE), "sent at local time: exactly 5 h 30 min early, as if local time were UTC", "early"),
    ],
)
def test_messages_off_time_fail_with_likely_cause(correct_run, by, cause, kind):
    run = shifted(correct_run, by)

    assert [finding.cause for finding in run.findings(CHECKS)] == [cause] * 10
    assert ledger(run.history()).counts[kind] == 10


def cancelled(run: HistoryBuilder, sent_before: int, *, waited: bool = False) -> HistoryBuilder:
    """Cancel the campaign while the message to customer 4 is due; it was sent, or given to the provider, before."""
    due = parse_instant(str(run.obligation_of(4)["due"]))
    reason = {"owed": False, "reason": "cancelled"}
    run = run.change("obligation", lambda line: line | (reason if line["customer"] == "C0000004" else {}))
    run = run.change("campaign", lambda line: line | {"cancelled_at": iso(due - MINUTE)})
    event = run.lines_of("webhook")[0] | {"event": "4", "key": "4:7001:505", "at": iso(due - MINUTE)}
    sent_at = due - sent_before
    return run.change_delivery_to(4, at=iso(sent_at), send_at=iso(due if waited else sent_at)).plus(event)


@pytest.mark.parametrize(("sent_before", "waited", "kind"), [
    (HOUR, False, "early"),
    (90 * SECOND, False, "early"),
    (HOUR, True, "indefinite"),
    (SECOND, False, "indefinite"),
])  # fmt: skip
def test_early_message_fails_although_its_campaign_is_cancelled_later(correct_run, sent_before, waited, kind):
    run = cancelled(correct_run, sent_before, waited=waited)
    found = [finding for finding in run.findings(CHECKS) if finding.where.customer == "C0000004"]

    assert (ledger(run.history()).recipients[4].kind, len(found)) == (kind, kind == "early")
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_early_message_of_a_campaign_that_was_cancelled_before_any_was_due_fails(correct_run):
    run = cancelled(correct_run, HOUR).change("obligation", lambda line: line | {"owed": False, "reason": "cancelled"})
    others = {line["number"] for line in run.lines_of("obligation")} - {run.obligation_of(4)["number"]}
    verdict = run.without("delivery", lambda line: line["number"] in others).verdict()

    assert "delivery.time" in {result.check.id for result in verdict.results if result.status == "fail"}


def test_local_time_before_the_announcement_does_not_hide_the_zone(correct_run):
    """A message that is due half an hour after the announcement then goes out at once."""
    announced = START + 2 * HOUR
    sent = [line["send_at"] for line in correct_run.lines_of("delivery")]
    run = correct_run.change(
        "delivery", lambda line: line | {"send_at": iso(max(announced, parse_instant(line["send_at"]) - 3 * HOUR // 2))}
    )
    causes = {finding.cause.partition(",")[0] for finding in run.findings(CHECKS)}

    assert len(set(sent)) > 1
    assert causes == {
        "early: sent as soon as the campaign was announced",
        "sent at local time: exactly 1 h 30 min early",
    }


def test_zone_offset_is_none_for_offsets_of_no_zone():
    assert [zone_offset(by) for by in (15 * MINUTE, 30 * MINUTE, 14 * HOUR, 15 * HOUR)] == [None, None, 14 * HOUR, None]


@pytest.mark.parametrize("clock", [{"mode": "virtual", "rate": None}, {"mode": "real", "rate": 60}])
def test_send_times_are_unknown_without_shared_clock(correct_run, clock):
    header = correct_run.lines[0] | {"clock": clock | {"start": None, "participants": []}}
    run = shifted(HistoryBuilder((header, *correct_run.without("clock").lines[1:])), -HOUR)

    assert [finding.level for finding in run.findings(CHECKS)] == ["unknown"]
    assert ledger(run.history()).counts["ok"] == 10


@pytest.mark.parametrize("mode", ["real", "virtual"])
def test_send_times_are_judged_in_real_time(correct_run, mode):
    header = correct_run.lines[0] | {"clock": {"mode": mode, "start": None, "rate": 1, "participants": []}}

    assert HistoryBuilder((header, *correct_run.without("clock").lines[1:])).findings(CHECKS) == []


def test_campaign_sent_at_announcement_is_recognised(correct_run):
    run = correct_run.change("delivery", lambda line: line | {"send_at": iso(START + 2 * HOUR)})

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        f"{IMMEDIATE}, or one in the past, with day and month swapped"
    }


def with_times(*times: tuple[str, str]) -> HistoryBuilder:
    """Return a run with these due and send times of its three parts."""
    run = build_correct_run()
    (campaign,) = run.lines_of("campaign")
    template = {split["template"]: time for split, time in zip(campaign["splits"], times, strict=True)}
    number = {line["number"]: template[line["template"]] for line in run.lines_of("obligation")}
    splits = [{**split, "send_at": template[split["template"]][0]} for split in campaign["splits"]]
    run = run.change("campaign", lambda line: line | {"splits": splits})
    run = run.change("obligation", lambda line: line | {"due": template[line["template"]][0]})
    run = run.change("delivery", lambda line: line | {"send_at": number[line["number"]][1]})
    return HistoryBuilder((run.lines[0] | {"ended": "2026-12-31T00:00:00Z"}, *run.lines[1:]))


MORNING, NOON = "2026-03-04T09:00:00Z", "2026-03-04T12:00:00Z"
EVENING, NIGHT = "2026-03-13T18:30:00Z", "2026-03-13T22:00:00Z"


@pytest.mark.parametrize(
    ("due", "sent", "cause"),
    [
        (EVENING, MORNING, "early: sent at the time of another part of the campaign"),
        (NOON, NIGHT, "late: sent at the time of another part of the campaign"),
        ("2026-03-05T12:00:00Z", "2026-05-03T12:00:30Z", "day and month were swapped"),
        (EVENING, "2026-03-13T18:00:00Z", "early: the minutes of the time were dropped"),
        (EVENING, "2026-03-13T00:00:00Z", "early: sent at the beginning of the day, without the time of day"),
        (EVENING, "2026-03-13T06:30:00Z", "early: exactly 12 h, as on a 12-hour clock without am and pm"),
        (EVENING, "2026-03-12T18:30:00Z", "early: sent at the right time of another day"),
        (EVENING, "1970-01-21T12:37:06Z", "the time in seconds was read as milliseconds"),
        (EVENING, "2026-03-13T17:30:00Z", "early: sent before it was due"),
        (EVENING, "2026-03-13T18:50:00Z", "late: sent more than 5 min after it was due"),
    ],
)
def test_time_of_one_part_is_explained_by_itself(due, sent, cause):
    """The other parts are in time, so that no time zone explains an offset."""
    run = with_times((MORNING, MORNING), (due, sent), (NIGHT, NIGHT))

    assert {finding.cause for finding in run.findings(CHECKS)} == {cause}


def test_messages_of_the_night_that_go_out_in_the_morning_are_held_back():
    late, next_morning = "2026-03-13T23:15:00Z", "2026-03-14T08:00:00Z"
    run = with_times((MORNING, MORNING), (NIGHT, next_morning), (late, next_morning))

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        "late: held back until 8:00 UTC, as if no message may go out by night"
    }


def test_one_message_of_the_night_in_the_morning_may_be_local_time():
    """Nothing shows which of the two it is."""
    due = "2026-03-13T23:00:00Z"
    run = with_times(*[(due, "2026-03-14T07:00:00Z")] * 3)

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        "sent at local time: exactly 8 h late, as if local time were UTC, or held back until 7:00 UTC, as if by night"
    }


def test_part_an_hour_off_after_the_clocks_change_is_local_time():
    """In Europe, the clocks went forward on 29 March 2026."""
    winter, summer = "2026-03-28T10:00:00Z", "2026-03-30T10:00:00Z"
    run = with_times((MORNING, MORNING), (winter, winter), (summer, "2026-03-30T09:00:00Z"))

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        "sent at local time: exactly 1 h early on one side of the change of clocks"
    }


def test_offsets_of_several_zones_are_local_times_of_customers():
    run = with_times(
        (MORNING, "2026-03-04T04:00:00Z"), (NOON, "2026-03-04T17:30:00Z"), (EVENING, "2026-03-13T17:30:00Z")
    )

    assert {finding.cause for finding in run.findings(CHECKS)} == {
        "sent at local time: off by the offsets of several time zones, as if each customer had one"
    }


@pytest.mark.parametrize(("status", "late"), [(429, 0), (400, 10)])
def test_message_waits_while_the_provider_has_too_many_requests(correct_run, status, late):
    times = sorted({parse_instant(line["send_at"]) for line in correct_run.lines_of("delivery")})
    tries = [at + minutes * MINUTE for at in times for minutes in (0, 5, 10)]
    sends = [request_line(at, 5_000 + n, "textlocal", "bulk_json", status=status) for n, at in enumerate(tries)]

    assert len(shifted(correct_run, 14 * MINUTE).plus(*sends).findings(CHECKS)) == late


@pytest.mark.parametrize(("code", "late"), [(192, 0), (80, 10)])
def test_message_waits_while_the_provider_refuses_sends_for_the_moment(correct_run, code, late):
    """192: in India, texts go out by day only. 80 is final."""
    times = sorted({parse_instant(line["send_at"]) for line in correct_run.lines_of("delivery")})
    refusal = {"kind": "rejection", "service": "textlocal", "number": "1", "text": "x", "code": code, "real": 0.0,
               "reason": "You cannot send messages at this time", "whole_call": True}  # fmt: skip
    tries = [at + minutes * MINUTE for at in times for minutes in (0, 5, 10)]
    refusals = [refusal | {"n": 5_000 + n, "at": iso(at)} for n, at in enumerate(tries)]
    run = shifted(correct_run, 14 * MINUTE).plus(*refusals)

    assert len(run.findings(CHECKS)) == late


# -- without a valid key ----------------------------------------------------------------------------

ENABLED = FIRST_SEND + 3 * HOUR


def read_at(run: HistoryBuilder, at: int) -> HistoryBuilder:
    return run.change("request", lambda line: line | ({"at": iso(at)} if "summary" in line else {}))


@pytest.mark.parametrize(("after", "late"), [(HOUR, 0), (HOUR + 5 * MINUTE, 0), (HOUR + 6 * MINUTE, 1)])
def test_message_of_a_row_behind_a_disabled_key_goes_out_when_the_key_is_tried_again(correct_run, after, late):
    """A careful bridge tries a refused key at least once an hour."""
    run = with_key_outage(correct_run, FIRST_SEND - HOUR // 2, ENABLED)
    run = late_by(read_at(run, ENABLED + HOUR), 3 * HOUR + after)

    assert len(run.findings(CHECKS)) == late


def test_disabled_key_delays_no_message_of_a_row_that_was_read_before(correct_run):
    run = with_key_outage(correct_run, FIRST_SEND - HOUR // 2, ENABLED)

    assert [finding.got for finding in late_by(run, HOUR // 2).findings(CHECKS)] == [
        "sent at 2026-03-02 09:30:00 UTC, 30 min late"
    ]


def test_disabled_key_delays_the_message_of_a_row_that_the_bridge_tried_to_read_again(correct_run):
    run = with_key_outage(correct_run, FIRST_SEND - HOUR // 2, ENABLED)
    tried = refused_line(FIRST_SEND, 3_000, "GetCustomerSendDetailsByChannel")

    assert late_by(run.plus(tried), 3 * HOUR).findings(CHECKS) == []


@pytest.mark.parametrize(("tries", "late"), [([-9, 40], 0), ([], 1)])
def test_rotated_key_delays_a_message_until_the_last_refused_try(correct_run, tries, late):
    refused = [refused_line(FIRST_SEND + at * MINUTE, 3_000, "GetCustomerSendDetailsByChannel") for at in tries]
    run = correct_run.plus(key_line(FIRST_SEND - 10 * MINUTE, 2_000, "rotated"), *refused)
    run = late_by(read_at(run, FIRST_SEND + 41 * MINUTE), 41 * MINUTE)

    assert len(run.findings(CHECKS)) == late
