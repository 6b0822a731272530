"""Opt-outs during a run: messages after them, and their reports to Optimove."""

import pytest

from fault_helpers import fault_effect, injection_line, request_line, with_faults, with_key_outage
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, spoken
from sendproof_harness.judge.checks import delivery, opt_out_sync
from sendproof_harness.judge.checks.reports import metrics
from sendproof_harness.judge.checks.requests import contract
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.wishes import preference_channels
from sendproof_harness.recount.count import recount

# Customer 4 gets the second message of the day, an hour after the first people got theirs.
CUSTOMER, DUE = "C0000004", FIRST_SEND + HOUR


def history_line(kind: str, at: int, n: int, **fields: object) -> Line:
    """Return one line of a history."""
    return {"n": n, "at": iso(at), "real": 0.0, "kind": kind} | fields


def stop_lines(correct_run: HistoryBuilder, at: int, *, reported: bool = True) -> list[Line]:
    """Return a STOP of customer 4 to the provider, which reports it to the bridge."""
    number = correct_run.obligation_of(4)["number"]
    reply = {"event": "inbound", "key": "inbound:1", "url": "http://127.0.0.1:9000/x", "attempt": 1, "error": None}
    return [
        history_line("inbound", at, 6_000, service="textlocal", number=number, text="STOP"),
        history_line("opt_out", at, 6_001, service="textlocal", number=number, source="reply"),
        history_line("webhook", at, 6_002, service="textlocal", status=200 if reported else 500, **reply),
    ]


def attribute_line(at: int, value: str, source: str = "api", customer: str = CUSTOMER) -> Line:
    """Return a change of a customer's consent attribute."""
    changes = [{"customer": customer, "field": "SMS_OPT_IN", "value": value}]
    return history_line("attributes", at, 6_003, source=source, changes=changes, request=None)


def preference_line(at: int, source: str = "api", channel: int = 505, customer: str = CUSTOMER) -> Line:
    """Return an opt-out of a customer from a channel."""
    return history_line(
        "preference", at, 6_004, source=source, channel=channel, app=None, mode=2, opted_out=True, customers=[customer]
    )


def consent_causes(run: HistoryBuilder) -> list[str]:
    """Return the cause of each finding about deliveries."""
    return [finding.cause for finding in run.findings(delivery.CHECKS)]


def result_kind(run: HistoryBuilder) -> str:
    """Return the result for customer 4."""
    return ledger(run.history()).recipients[4].kind


def without_message(run: HistoryBuilder) -> HistoryBuilder:
    """Remove the message to customer 4."""
    number = run.obligation_of(4)["number"]
    return run.without("delivery", lambda line: line["number"] == number)


def test_message_after_reported_stop_fails(correct_run):
    run = correct_run.plus(*stop_lines(correct_run, DUE - 30 * MINUTE))

    assert consent_causes(run) == ["sent to opted-out: after opting out at textlocal (reply)"]
    assert ledger(run.history()).counts["sent to opted-out"] == 1


def test_message_withheld_after_stop_is_no_loss(correct_run):
    run = without_message(correct_run.plus(*stop_lines(correct_run, DUE - 30 * MINUTE)))

    assert (consent_causes(run), result_kind(run)) == ([], "withheld")


def test_stop_in_the_last_minutes_is_tolerated(correct_run):
    """A message on its way cannot be stopped."""
    run = correct_run.plus(*stop_lines(correct_run, DUE - 2 * MINUTE))

    assert (consent_causes(run), result_kind(run)) == ([], "ok")


@pytest.mark.parametrize(("before", "count"), [(6 * HOUR, 0), (13 * HOUR, 1)])
def test_unreported_stop_must_be_found_within_twelve_hours(correct_run, before, count):
    """A bridge can poll the provider's list twice a day."""
    run = correct_run.plus(*stop_lines(correct_run, DUE - before, reported=False))

    assert len(consent_causes(run)) == count


def unannounced(correct_run: HistoryBuilder, before: int, refused_before: int, *reads_before: int) -> int:
    """Return the violations if a reading of the list fails after a STOP, and the later ones succeed."""
    readings = [request_line(DUE - read, 6_200, "textlocal", "get_optouts") for read in reads_before]
    effect = fault_effect("status", "intact", effect=False)
    run = with_faults(correct_run, {"fault": "status", "call": "textlocal.get_optouts", "status": 503}).plus(
        *stop_lines(correct_run, DUE - before, reported=False),
        injection_line(DUE - refused_before, 6_100, "status", "textlocal", "get_optouts"),
        request_line(DUE - refused_before, 6_101, "textlocal", "get_optouts", status=503, fault=effect),
        *readings,
    )
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []
    return len(consent_causes(run))


@pytest.mark.parametrize(("before", "refused_before", "reads_before", "count"), [
    (12 * HOUR + 10 * MINUTE, 20 * MINUTE, (), 0),
    (23 * HOUR, 11 * HOUR + 30 * MINUTE, (), 0),
    (12 * HOUR + 10 * MINUTE, 20 * MINUTE, (MINUTE,), 0),
    (12 * HOUR + 10 * MINUTE, 20 * MINUTE, (15 * MINUTE,), 1),  # it read the list soon after
    (12 * HOUR + 10 * MINUTE, 13 * HOUR, (), 1),  # no reading from before the STOP can show it
    (12 * HOUR + 10 * MINUTE, 5 * MINUTE, (), 1),  # it had to know before
    (25 * HOUR, 12 * HOUR + 30 * MINUTE, (), 1),
])  # fmt: skip
def test_reading_of_the_list_that_a_fault_refused_may_be_the_next_one(
    correct_run, before, refused_before, reads_before, count
):
    assert unannounced(correct_run, before, refused_before, *reads_before) == count


@pytest.mark.parametrize(("back_before", "reads_before", "count"), [
    (MINUTE, (), 0),
    (11 * HOUR, (), 0),
    (11 * HOUR, (10 * HOUR,), 1),
    (13 * HOUR, (), 1),
])  # fmt: skip
def test_bridge_that_was_down_reads_the_list_after_its_restart(correct_run, back_before, reads_before, count):
    """It was down for two hours of the half day in which it must read the list."""
    down = 2 * HOUR
    run = with_faults(correct_run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": down})
    run = run.plus(
        *stop_lines(correct_run, DUE - back_before - down - MINUTE, reported=False),
        injection_line(DUE - back_before - down, 6_100, "kill", "optimove", "GetChannelTemplates"),
        *(request_line(DUE - read, 6_200, "textlocal", "get_optouts") for read in reads_before),
    )

    assert len(consent_causes(run)) == count
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_stop_after_the_message_is_ignored(correct_run):
    assert result_kind(correct_run.plus(*stop_lines(correct_run, DUE + HOUR))) == "ok"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (attribute_line(DUE - HOUR, "0"), "sent to opted-out"),
        (preference_line(DUE - HOUR), "sent to opted-out"),
        (preference_line(DUE - HOUR, channel=506), "ok"),
        (attribute_line(DUE - HOUR, "0", source="batch_file"), "ok"),
        (preference_line(DUE - HOUR, source="batch_file"), "ok"),
        (attribute_line(DUE - HOUR, "1"), "ok"),
    ],
)
def test_opt_out_at_optimove_binds_bridge_that_wrote_it(correct_run, line, expected):
    """A batch file of the client only shows in the rows of the next campaign."""
    assert result_kind(correct_run.plus(line)) == expected


def test_last_attribute_value_counts(correct_run):
    run = correct_run.plus(attribute_line(DUE - HOUR, "0"), attribute_line(DUE - 30 * MINUTE, "1"))

    assert result_kind(run) == "ok"


def test_customer_who_opted_out_before_the_message_counts_as_dropped(correct_run):
    run = without_message(correct_run.plus(*stop_lines(correct_run, DUE - 30 * MINUTE))).change(
        "metrics", lambda line: line | {"items": [with_one_dropped(item) for item in line["items"]]}
    )

    assert run.findings(metrics.CHECKS) == []


def with_one_dropped(item: Line) -> Line:
    """Move one message of template 12 from sent and delivered to dropped."""
    change = {(12, 0): -1, (12, 1): -1, (12, 5): 1}.get((item["TemplateID"], item["MetricID"]), 0)
    return item | {"MetricValue": item["MetricValue"] + change}


# -- sync -------------------------------------------------------------------------------------------


def sync_findings(run: HistoryBuilder) -> list[tuple[str, str | None]]:
    """Return cause and customer of each finding about reported opt-outs."""
    return [(finding.cause, finding.where.customer) for finding in run.findings(opt_out_sync.CHECKS)]


@pytest.mark.parametrize("report", [preference_line(DUE + 2 * HOUR), attribute_line(DUE + 2 * HOUR, "0")])
def test_opt_out_may_be_synced_by_preference_or_attribute(correct_run, report):
    assert sync_findings(correct_run.plus(*stop_lines(correct_run, DUE + HOUR), report)) == []


def test_opt_out_never_synced_fails(correct_run):
    run = correct_run.plus(*stop_lines(correct_run, DUE + HOUR))

    assert sync_findings(run) == [("a provider opt-out was never reported to Optimove", CUSTOMER)]


def test_second_stop_of_a_shared_phone_need_not_be_synced(correct_run):
    """The first one was, in between; a START two days later then ends both."""
    first = [*stop_lines(correct_run, DUE + HOUR), preference_line(DUE + HOUR + MINUTE)]
    second = stop_lines(correct_run, DUE + HOUR + 2 * MINUTE)
    again = [line | {"key": "inbound:2"} if line["kind"] == "webhook" else line for line in second]
    start = second[1] | {"kind": "opt_in", "at": iso(DUE + 2 * DAY)}
    reported = preference_line(DUE + 2 * DAY + HOUR) | {"mode": 1, "opted_out": False}

    assert sync_findings(correct_run.plus(*first, *again, start, reported)) == []


def test_second_stop_must_be_synced_if_a_start_before_it_is_reported_late(correct_run):
    first = [*stop_lines(correct_run, DUE + HOUR), preference_line(DUE + HOUR + MINUTE)]
    stop = stop_lines(correct_run, DUE + 3 * HOUR)
    start = stop[1] | {"kind": "opt_in", "at": iso(DUE + 2 * HOUR)}
    again = [line | {"key": "inbound:2"} if line["kind"] == "webhook" else line for line in stop]
    late = preference_line(DUE + 4 * HOUR) | {"mode": 1, "opted_out": False}
    run = correct_run.plus(*first, start, *again)

    assert sync_findings(run) == []
    assert [customer for _, customer in sync_findings(run.plus(late))] == [CUSTOMER]


def test_opt_out_synced_after_two_days_fails(correct_run):
    run = correct_run.plus(*stop_lines(correct_run, DUE + HOUR), preference_line(DUE + 2 * DAY))

    assert sync_findings(run) == [("a provider opt-out was reported to Optimove too late", CUSTOMER)]


@pytest.mark.parametrize(("operation", "after", "causes"), [
    ("SetCustomerChannelPreference", 2 * DAY, []),
    ("SetCustomerChannelPreference", 2 * DAY + 2 * HOUR, ["a provider opt-out was reported to Optimove too late"]),
    ("UpdateCampaignMetrics", 2 * DAY, ["a provider opt-out was reported to Optimove too late"]),
])  # fmt: skip
def test_nightly_report_that_a_fault_prevented_may_be_repeated_the_next_night(correct_run, operation, after, causes):
    """The customer opts out just after the report of one night, and the next one fails."""
    opted_out_at = DUE + HOUR
    run = with_faults(correct_run, {"fault": "status", "call": f"optimove.{operation}", "status": 503})
    run = run.plus(
        *stop_lines(correct_run, opted_out_at),
        injection_line(opted_out_at + DAY - MINUTE, 6_010, "status", "optimove", operation),
        preference_line(opted_out_at + after),
    )

    assert [cause for cause, _ in sync_findings(run)] == causes


def test_opt_out_that_a_fault_kept_from_its_report_is_still_missing_in_the_end(correct_run):
    opted_out_at, operation = DUE + HOUR, "SetCustomerChannelPreference"
    run = with_faults(correct_run, {"fault": "status", "call": f"optimove.{operation}", "status": 503})
    run = run.plus(
        *stop_lines(correct_run, opted_out_at),
        injection_line(opted_out_at, 6_010, "status", "optimove", operation),
    )

    (finding,) = run.findings(opt_out_sync.CHECKS)
    assert finding.cause == "a provider opt-out was never reported to Optimove"
    assert finding.expected == (
        f"SetCustomerChannelPreference or an attribute within 1 d 1 h of {spoken(opted_out_at)}"
    )


@pytest.mark.parametrize(("after", "late"), [(25 * HOUR, 0), (26 * HOUR, 1)])
def test_opt_out_is_reported_within_a_day_after_a_disabled_key_works_again(correct_run, after, late):
    """A bridge that reports every night has its next chance in the night after."""
    opted_out_at, enabled = DUE + HOUR, DUE + 3 * DAY
    run = with_key_outage(correct_run, opted_out_at + 12 * HOUR, enabled)
    run = run.plus(*stop_lines(correct_run, opted_out_at), preference_line(enabled + after))

    assert [cause for cause, _ in sync_findings(run)] == late * ["a provider opt-out was reported to Optimove too late"]


def test_opt_out_of_wrong_customer_fails(correct_run):
    run = correct_run.plus(
        *stop_lines(correct_run, DUE + HOUR),
        preference_line(DUE + HOUR),
        preference_line(DUE + HOUR, customer="C0000007"),
    )

    assert sync_findings(run) == [("an opt-out was reported for a customer who did not opt out", "C0000007")]


def test_opt_out_at_another_client_is_no_reason_for_a_report(correct_run):
    opt_out = {"at": iso(FIRST_SEND), "customer": "C0000031", "number": correct_run.obligation_of(4)["number"]}
    other = history_line("other_client", FIRST_SEND, 0, client="beta", templates=[], opt_outs=[opt_out])
    run = correct_run.plus(preference_line(DUE + HOUR), other)

    assert [finding.cause for finding in run.findings(opt_out_sync.CHECKS)] == [
        "an opt-out was reported for a customer who did not opt out, as if an opt-out at another client counted here"
    ]


@pytest.mark.parametrize(
    ("status", "other", "end"),
    [
        (200, {}, ", as if forged replies were counted"),
        (
            200,
            {"of_other_client": True},
            ", as if forged replies were counted, with the token of another client",
        ),
        (404, {}, ""),
    ],
)
def test_opt_out_that_a_stranger_posted_is_no_reason_for_a_report(correct_run, status, other, end):
    forged = {"service": "textlocal", "event": "inbound", "key": "inbound:1", "url": "http://b", "wrong": "token"}
    line = history_line("forged_webhook", FIRST_SEND, 6_005, status=status, error=None, **forged, **other)
    run = correct_run.plus(preference_line(DUE + HOUR), line)

    assert [finding.cause for finding in run.findings(opt_out_sync.CHECKS)] == [
        f"an opt-out was reported for a customer who did not opt out{end}"
    ]


@pytest.mark.parametrize(
    ("source", "causes"),
    [("api", ["an opt-out was reported for a customer who did not opt out"]), ("batch_file", [])],
    ids=["bridge", "client"],
)
def test_own_report_does_not_make_itself_right(correct_run, source, causes):
    """It changes the customer's record before the message is due, so the message may rightly be withheld."""
    opted_out = {"number": "", "text": None, "owed": False, "reason": "opted_out", "opted_out_by": "attribute"}
    run = without_message(correct_run).change(
        "obligation", lambda line: line | ({"alternatives": [opted_out]} if line["customer"] == CUSTOMER else {})
    )
    run = run.plus(preference_line(DUE - HOUR, source), preference_line(DUE))

    assert [cause for cause, _ in sync_findings(run)] == causes


def test_opt_out_of_unknown_number_need_not_be_synced(correct_run):
    """The bridge never sent to it, so it cannot know the customer."""
    assert sync_findings(without_message(correct_run).plus(*stop_lines(correct_run, DUE + HOUR))) == []


def at_delivyr(*lines: Line) -> tuple[Line, ...]:
    """Return the lines with Delivyr as the provider, which reports an opt-out by a webhook of its own."""
    opted_out = {"event": "opted_out", "key": "opted_out:0000000004"}
    channels = [{"id": 505, "provider": "delivyr", "kind": "scheduled"}]
    return tuple(
        line | {"channels": channels}
        if line["kind"] == "history"
        else line | {"service": "delivyr"} | (opted_out if line.get("event") == "inbound" else {})
        if line.get("service") == "textlocal"
        else line
        for line in lines
    )


def test_unreported_stop_at_a_provider_without_a_list_cannot_be_known(correct_run):
    run = correct_run.plus(*stop_lines(correct_run, DUE - 13 * HOUR, reported=False))

    assert consent_causes(HistoryBuilder(at_delivyr(*run.lines))) == []


def test_opt_out_must_only_be_synced_if_provider_reports_or_lists_it(correct_run):
    """Delivyr has no list, and only posts opt-outs to an address in the account settings."""
    unreported, reported_run = (
        HistoryBuilder(at_delivyr(*correct_run.plus(*stop_lines(correct_run, DUE + HOUR, reported=reported)).lines))
        for reported in (False, True)
    )

    assert sync_findings(unreported) == []
    assert sync_findings(reported_run) == [("a provider opt-out was never reported to Optimove", CUSTOMER)]


def test_sync_check_does_not_apply_to_opt_outs_that_no_bridge_could_know(correct_run):
    """Without webhooks of the account, nothing of Delivyr names them. The check would be unknown in each such run."""
    *unreported, webhook = stop_lines(correct_run, DUE + HOUR)
    checks = [
        {result.check.id for result in HistoryBuilder(at_delivyr(*correct_run.plus(*lines).lines)).verdict().results}
        for lines in (unreported, [*unreported, webhook], [*unreported, webhook | {"status": 500}])
    ]

    assert ["opt_outs.synced" in names for names in checks] == [False, True, True]


def test_opt_out_at_end_of_history_need_not_be_synced(correct_run):
    assert sync_findings(correct_run.plus(*stop_lines(correct_run, FIRST_SEND + 7 * DAY))) == []


def test_sync_check_does_not_apply_without_opt_outs(correct_run):
    assert "opt_outs.synced" not in {result.check.id for result in correct_run.verdict().results}


@pytest.mark.parametrize(
    ("wish", "report", "wrong"),
    [
        ("preference", attribute_line(DUE + 2 * HOUR, "0"), "by attribute, but the client asked for the preference"),
        ("attribute", preference_line(DUE + 2 * HOUR), "by preference, but the client asked for the attribute"),
        ("preference", preference_line(DUE + 2 * HOUR, channel=506), "for another channel"),
        ("attribute", attribute_line(DUE + 2 * HOUR, "1"), "with another value"),
    ],
)
def test_opt_out_synced_in_another_way_than_asked_fails(correct_run, wish, report, wrong):
    scenario = history_line("scenario", FIRST_SEND, 0, name="Small", file="small", opt_outs=wish)
    run = correct_run.plus(*stop_lines(correct_run, DUE + HOUR), report, scenario)

    assert sync_findings(run) == [(f"a provider opt-out was reported to Optimove {wrong}", CUSTOMER)]


@pytest.mark.parametrize(
    ("wish", "report", "expected"),
    [
        ("preference", preference_line(DUE + 2 * HOUR, channel=506), "SetCustomerChannelPreference for channel 505"),
        ("attribute", preference_line(DUE + 2 * HOUR), "an update of the attribute SMS_OPT_IN"),
    ],
)
def test_finding_names_the_report_that_the_client_asked_for(correct_run, wish, report, expected):
    run = asking(correct_run.plus(*stop_lines(correct_run, DUE + HOUR), report), wish)

    (finding,) = run.findings(opt_out_sync.CHECKS)
    assert finding.expected == expected


def test_channel_for_subscriptions_gets_those_of_its_provider(correct_run):
    """A bridge must not need a scenario to know Optimove's channel 444."""
    sms, post_back = ({"id": id_, "provider": "xtremepush", "kind": "scheduled"} for id_ in (600, 444))
    run = correct_run.change("history", lambda line: line | {"channels": [*line["channels"], sms, post_back]})

    assert preference_channels(run.history()) == {505: 505, 600: 444, 444: 444}


def test_opt_out_refused_for_its_channel_was_for_another_channel(correct_run):
    """Optimove has no channel 1, so the report left no trace but the refused request."""
    refused = {"channel": 1, "app": None, "mode": 2, "opted_out": True, "customers": [CUSTOMER]}
    call = {"service": "optimove", "operation": "SetCustomerChannelPreference", "method": "POST", "path": "/x"}
    call |= {"credential": "known", "status": 404, "violations": [], "summary": {"unknown_channel": refused}}
    run = correct_run.plus(*stop_lines(correct_run, DUE + HOUR), history_line("request", DUE + 2 * HOUR, 6_004, **call))

    assert sync_findings(run) == [("a provider opt-out was reported to Optimove for another channel", CUSTOMER)]
    assert run.findings(contract.CHECKS) == []


def asking(run: HistoryBuilder, wish: str) -> HistoryBuilder:
    """Return the run of a client that wants opt-outs reported in this way."""
    return run.plus(history_line("scenario", FIRST_SEND, 0, name="Small", file="small", opt_outs=wish))


@pytest.mark.parametrize("report", [preference_line(DUE + 2 * HOUR), attribute_line(DUE + 2 * HOUR, "0")])
def test_client_without_reports_gets_none(correct_run, report):
    """Obeying `opt_outs: none` is right, and any report is wrong."""
    run = asking(correct_run.plus(*stop_lines(correct_run, DUE + HOUR)), "none")

    assert sync_findings(run) == []
    assert sync_findings(run.plus(report)) == [
        ("consent was reported to Optimove, but the client wants no such reports", CUSTOMER)
    ]


@pytest.mark.parametrize(
    ("wish", "report", "extra", "wrong"),
    [
        ("preference", preference_line, attribute_line(DUE + 2 * HOUR, "0"), "by attribute, but"),
        ("attribute", lambda at: attribute_line(at, "0"), preference_line(DUE + 2 * HOUR), "by preference, but"),
        ("preference", preference_line, preference_line(DUE + 2 * HOUR, channel=506), "for another channel"),
    ],
)
def test_report_in_another_way_next_to_the_asked_one_fails(correct_run, wish, report, extra, wrong):
    run = asking(correct_run.plus(*stop_lines(correct_run, DUE + HOUR), report(DUE + 2 * HOUR), extra), wish)

    ((cause, customer),) = sync_findings(run)
    assert cause.startswith(f"consent was reported to Optimove {wrong}")
    assert customer == CUSTOMER


def test_bridge_may_use_an_attribute_of_its_own_if_the_client_leaves_the_choice(correct_run):
    created = history_line("attribute", FIRST_SEND, 1, name="MY_OPT_IN", type="INT", default="1")
    changes = [{"customer": CUSTOMER, "field": "MY_OPT_IN", "value": "no"}]
    own = history_line("attributes", DUE + 2 * HOUR, 6_003, source="api", changes=changes, request=None)

    assert sync_findings(correct_run.plus(*stop_lines(correct_run, DUE + HOUR), created, own)) == []


# -- opting in again --------------------------------------------------------------------------------


def start_line(correct_run: HistoryBuilder, at: int) -> Line:
    """Return a START of customer 4 to the provider."""
    number = correct_run.obligation_of(4)["number"]
    return history_line("opt_in", at, 6_010, service="textlocal", number=number, source="reply")


def opt_in_line(at: int, channel: int = 505) -> Line:
    """Return the report of an opt-in as a preference."""
    return preference_line(at, channel=channel) | {"mode": 1, "opted_out": False, "n": 6_011}


def test_message_withheld_half_a_day_after_opt_in_is_lost(correct_run):
    stopped = without_message(correct_run.plus(*stop_lines(correct_run, DUE - 20 * HOUR)))

    assert result_kind(stopped.plus(start_line(correct_run, DUE - 11 * HOUR))) == "withheld"
    assert consent_causes(stopped.plus(start_line(correct_run, DUE - 13 * HOUR))) == [
        "lost: the customer opted in again, and still gets no message"
    ]


def test_own_report_of_the_opt_out_is_no_excuse_after_opt_in(correct_run):
    stopped = without_message(correct_run.plus(*stop_lines(correct_run, DUE - 20 * HOUR)))
    run = stopped.plus(preference_line(DUE - 19 * HOUR), start_line(correct_run, DUE - 13 * HOUR))

    assert result_kind(run) == "lost"


def test_opt_in_must_be_synced_like_the_opt_out(correct_run):
    stopped = correct_run.plus(*stop_lines(correct_run, DUE + HOUR), preference_line(DUE + 2 * HOUR))
    run = stopped.plus(start_line(correct_run, DUE + 30 * HOUR))

    assert sync_findings(run.plus(opt_in_line(DUE + 31 * HOUR))) == []
    assert sync_findings(run) == [("an opt-in after an opt-out was never reported to Optimove", CUSTOMER)]


def test_opt_in_of_customer_who_opted_out_fails(correct_run):
    run = correct_run.plus(
        *stop_lines(correct_run, DUE + HOUR), preference_line(DUE + 2 * HOUR), opt_in_line(DUE + 20 * HOUR)
    )

    assert sync_findings(run) == [("an opt-in was reported for a customer who did not opt in", CUSTOMER)]


def test_opt_out_may_be_reported_again_after_an_opt_in_that_the_provider_keeps_to_itself(correct_run):
    """Delivyr neither posts a START nor lists the numbers that opted out."""
    stops = [line | {"service": "delivyr"} for line in stop_lines(correct_run, DUE + HOUR)]
    start = start_line(correct_run, DUE + 2 * HOUR) | {"service": "delivyr"}
    run = correct_run.plus(*stops, preference_line(DUE + HOUR), start, preference_line(DUE + 40 * HOUR))

    assert sync_findings(run) == []
