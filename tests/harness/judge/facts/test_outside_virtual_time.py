"""A bridge outside virtual time is not blamed for jumps that it could not see, and for everything else it is."""

import pytest

from fault_helpers import fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso
from sendproof_harness.judge.checks import delivery
from sendproof_harness.judge.checks.reports import metrics
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.report.summary import summary

ENDED = FIRST_SEND + 7 * DAY + HOUR
# The number and the text of customer 4 are due an hour after the first messages.
CUSTOMER_4_DUE = FIRST_SEND + HOUR


def outside(run: HistoryBuilder, *jumps: tuple[int, int]) -> HistoryBuilder:
    """Return the run of a bridge that never parked, while the clock made these jumps."""
    clock = {"mode": "virtual", "start": iso(START), "rate": 1, "participants": []}
    advances = [
        {"n": 7_000, "at": iso(start), "real": 0.0, "kind": "clock", "action": "advance", "to": iso(end)}
        for start, end in jumps
    ]
    absent = HistoryBuilder((run.lines[0] | {"clock": clock}, *run.without("clock").lines[1:]))
    rate = {"n": 6_999, "at": iso(START), "real": 0.0, "kind": "clock", "action": "rate", "rate": 1}
    return absent.plus(rate, *advances)


def verdicts(run: HistoryBuilder) -> dict[str, str]:
    """Return the requirements that did not pass."""
    results = run.verdict().results
    return {result.check.requirement.number: result.status for result in results if result.status != "pass"}


def lower(run: HistoryBuilder, by: int, metric: int = 1) -> HistoryBuilder:
    """Change the totals of a metric, delivered by default, in every push."""

    def change(line: Line) -> Line:
        items = [
            item | {"MetricValue": item["MetricValue"] - by} if item["MetricID"] == metric else item
            for item in line["items"]
        ]
        return line | {"items": items}

    return run.change("metrics", change)


def stop_of_customer_4(run: HistoryBuilder, at: int) -> HistoryBuilder:
    """Let customer 4 reply STOP, which the provider reports to the bridge."""
    number, head = run.obligation_of(4)["number"], {"n": 6_000, "at": iso(at), "real": 0.0, "service": "textlocal"}
    webhook = {"event": "inbound", "key": "inbound:1", "url": "http://b/x", "attempt": 1, "status": 200, "error": None}
    return run.plus(
        head | {"kind": "inbound", "number": number, "text": "STOP"},
        head | {"kind": "opt_out", "number": number, "source": "reply"},
        head | {"kind": "webhook"} | webhook,
    )


def test_times_of_a_correct_bridge_are_unknown_and_nothing_fails(correct_run) -> None:
    run = outside(correct_run, (START, FIRST_SEND), (FIRST_SEND + 3 * HOUR, ENDED))
    assert verdicts(run) == {"R404": "unknown", "R501": "unknown"}


def sent_again(run: HistoryBuilder, *between: Line, ahead: int) -> HistoryBuilder:
    """Lose the response to the message of customer 3, and send it again; the machine's clock is `ahead`."""
    effect, first = fault_effect("connection_reset", "lost", effect=True), run.delivery_to(3)
    real = (FIRST_SEND + ahead) / SECOND
    faulty = with_faults(outside(run), {"fault": "connection_reset", "call": "textlocal.send"})
    return faulty.change_delivery_to(3, request=5_001).plus(
        injection_line(FIRST_SEND, 5_000, "connection_reset", "textlocal", "send"),
        request_line(FIRST_SEND, 5_001, "textlocal", "send", status=0, fault=effect, real=real),
        *between,
        request_line(FIRST_SEND, 5_003, "textlocal", "send", real=real),
        first | {"n": 5_004, "request": 5_003, "message": "duplicate"},
    )


LOOKUP = request_line(FIRST_SEND, 5_002, "textlocal", "get_history_api")


@pytest.mark.parametrize(
    ("between", "ahead", "level"),
    [((LOOKUP,), 6 * HOUR, "unknown"), ((LOOKUP,), 0, "fail"), ((), 6 * HOUR, "fail")],
    ids=["looked_up_by_its_clock", "clocks_agree", "not_looked_up"],
)
def test_lookup_by_another_clock_excuses_a_message_sent_twice(correct_run, between, ahead, level) -> None:
    """A lookup of the messages since 15:00 by the machine's clock finds none of 09:00 in the sandbox."""
    (finding,) = sent_again(correct_run, *between, ahead=ahead).findings(delivery.CHECKS)
    assert (finding.level, finding.blame) == (level, "config" if level == "unknown" else "bridge")


def test_message_sent_again_may_belong_to_totals_of_another_campaign(correct_run) -> None:
    """Two campaigns may have the same text for a customer, and only the bridge knows whose message it repeated."""
    one_more = lower(correct_run, -1)
    assert "R503" not in verdicts(sent_again(one_more, LOOKUP, ahead=6 * HOUR))
    assert verdicts(sent_again(one_more, ahead=6 * HOUR))["R503"] == "fail"


def test_harness_on_the_clock_does_not_make_the_bridge_a_participant(correct_run) -> None:
    """The harness joins to hold time while it restarts the bridge."""
    joined = {"n": 7_001, "at": iso(START), "real": 0.0, "kind": "clock", "action": "joined"}
    run = outside(correct_run).plus(joined | {"participant": "sendproof"})
    assert verdicts(run) == {"R404": "unknown", "R501": "unknown"}


def test_totals_without_what_happened_in_a_jump_are_unknown(correct_run) -> None:
    """All receipts and all pushes are within one jump, so the bridge had no time to count them."""
    run = outside(lower(correct_run, 1), (FIRST_SEND, ENDED))
    assert verdicts(run)["R503"] == "unknown"


def test_totals_that_the_bridge_had_time_to_count_fail(correct_run) -> None:
    run = outside(lower(correct_run, 1), (START, FIRST_SEND))
    assert verdicts(run)["R503"] == "fail"


def test_totals_above_the_truth_fail_whatever_time_did(correct_run) -> None:
    run = outside(lower(correct_run, -1), (FIRST_SEND, ENDED))
    assert verdicts(run)["R503"] == "fail"


@pytest.mark.parametrize(("by", "is_found"), [(1, False), (-1, True)])
def test_more_customers_than_targeted_fail_whatever_time_did(correct_run, by, is_found) -> None:
    """The bridge pushed before it could send all messages, so that only too many are wrong."""
    run = outside(lower(correct_run, by, metric=0), (START, ENDED))
    causes = {finding.cause for finding in run.findings(metrics.CHECKS, "fail")}
    assert ("sent plus dropped is not the number of targeted customers" in causes) is is_found


@pytest.mark.parametrize(("visible", "kind"), [(MINUTE, "ok"), (2 * MINUTE, "sent to opted-out")])
def test_stop_binds_the_bridge_once_it_could_react(correct_run, visible, kind) -> None:
    stopped_at = FIRST_SEND + MINUTE
    run = stop_of_customer_4(outside(correct_run, (stopped_at + visible, CUSTOMER_4_DUE)), stopped_at)
    assert ledger(run.history()).recipients[4].kind == kind


def test_missing_report_of_a_stop_is_unknown_if_its_day_passed_in_a_jump(correct_run) -> None:
    run = stop_of_customer_4(outside(correct_run, (CUSTOMER_4_DUE + 3 * HOUR, ENDED)), CUSTOMER_4_DUE + 2 * HOUR)
    assert verdicts(run)["R701"] == "unknown"


@pytest.mark.parametrize(("visible", "kind"), [(SECOND, "indefinite"), (2 * MINUTE, "unexpected")])
def test_cancellation_binds_the_bridge_once_it_could_react(correct_run, visible, kind) -> None:
    """The bridge sends to customer 4 right after the jump, although the campaign is cancelled."""
    cancelled_at = FIRST_SEND + 30 * MINUTE
    number = correct_run.obligation_of(4)["number"]
    cancelled = correct_run.change(
        "obligation",
        lambda line: line | {"owed": False, "reason": "cancelled", "text": None} if line["number"] == number else line,
    ).change("campaign", lambda line: line | {"cancelled_at": iso(cancelled_at)})
    run = outside(cancelled, (cancelled_at + visible, CUSTOMER_4_DUE))
    assert ledger(run.history()).recipients[4].kind == kind


def test_message_before_a_cancellation_is_no_duplicate_of_another_campaign(correct_run) -> None:
    """A second campaign with the same text is cancelled, after the bridge has sent the messages of both."""
    owed = correct_run.obligation_of(4)
    cancelled = owed | {"campaign": 7002, "owed": False, "reason": "cancelled", "text": None}
    campaign = {"campaign": 7002, "cancelled_at": iso(FIRST_SEND + 2 * HOUR)}
    second = correct_run.delivery_to(4) | {"message": "0000000099"}
    both = correct_run.plus(cancelled, correct_run.lines_of("campaign")[0] | campaign, second)
    run = outside(both, (START, FIRST_SEND))
    counts = ledger(run.history()).counts
    assert (counts["duplicated"], counts["withheld"], counts["indefinite"]) == (0, 2, 1)
    assert verdicts(run)["R408"] == "unknown"


def test_message_before_a_cancellation_is_undetermined(correct_run) -> None:
    """The message is counted neither as right nor as wrong, and no finding says that none came."""
    cancelled = correct_run.change(
        "obligation",
        lambda line: line | {"owed": False, "reason": "cancelled", "text": None} if line["owed"] else line,
    ).change("campaign", lambda line: line | {"cancelled_at": iso(ENDED)})
    run = outside(cancelled, (START, FIRST_SEND))
    assert ledger(run.history()).counts["indefinite"] == 10
    assert "10 more are undetermined: a fault, the clock or a last-minute cancellation" in summary(run.verdict())
    assert run.findings(delivery.CHECKS) == []


def test_duplicate_fails_whatever_time_did(correct_run) -> None:
    run = outside(correct_run, (START, ENDED))
    assert verdicts(run.plus(run.delivery_to(4) | {"message": "0000000099"}))["R401"] == "fail"


def test_bridge_that_never_reported_is_unknown_with_the_option_that_shows_it(correct_run) -> None:
    """On the virtual clock, it fails."""
    silent = correct_run.without("metrics")
    results = outside(silent, (START, ENDED)).verdict().results
    groups = {result.check.requirement.number: result.groups for result in results if result.status != "pass"}
    assert {number: len(of_number) for number, of_number in groups.items()} == {
        "R404": 1,
        "R501": 1,
        "R502": 1,
        "R503": 1,
    }
    for (group,) in (groups["R502"], groups["R503"]):
        assert group.cause.startswith("the bridge never reported")
        assert group.remedy.endswith("with --clock-rate 1")
    assert verdicts(silent)["R501"] == "fail"


def test_lost_message_says_how_long_the_bridge_had(correct_run) -> None:
    """The bridge may send later than the run waited, which looks the same."""
    lost = correct_run.without("delivery", lambda line: line["number"] == correct_run.obligation_of(4)["number"])
    run = outside(lost, (START, CUSTOMER_4_DUE), (CUSTOMER_4_DUE + 90 * SECOND, ENDED))
    remedies = {finding.remedy for finding in run.findings(delivery.CHECKS, "fail")}
    assert remedies == {
        "the bridge had 1 min 30 s of its own time; if it sends later than that, use a longer --timeout"
    }
