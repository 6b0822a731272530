"""Judging runs with faults: what they excuse, and what they do not."""

import pytest

from fault_helpers import fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import contract, delivery, faults, metrics, paging, timing, totals, webhooks
from sendproof_harness.judge.facts.delivery_ledger import ledger

SEND = {"fault": "connection_reset", "call": "textlocal.send"}
ANNOUNCED = START + 2 * HOUR


def counts(run: HistoryBuilder) -> dict[str, int]:
    """The ledger without its zeros."""
    return {name: count for name, count in ledger(run.history()).counts.items() if count}


def causes(run: HistoryBuilder, *modules: object) -> list[str]:
    """What was found, in short."""
    return [some.cause for module in modules for some in run.findings(module.CHECKS)]


def send_struck(
    run: HistoryBuilder, at: int, fault: str = "connection_reset", reply: str = "lost", *, effect: bool = False
) -> HistoryBuilder:
    """A call to send was struck."""
    said = fault_effect(fault, reply, effect=effect)
    return with_faults(run, SEND | {"fault": fault}).plus(
        injection_line(at, 5_000, fault, "textlocal", "send"),
        request_line(at, 5_001, "textlocal", "send", status=0, fault=said),
    )


def late_by(run: HistoryBuilder, by: int) -> HistoryBuilder:
    """Customer 3 got the message so much later."""
    sent = iso(FIRST_SEND + by)
    return run.change_delivery_to(3, at=sent, send_at=sent)


def through(provider: str, run: HistoryBuilder) -> HistoryBuilder:
    """The same with another provider."""
    channels = [{"id": 505, "provider": provider, "kind": "scheduled"}]
    run = HistoryBuilder((run.lines[0] | {"channels": channels}, *run.lines[1:]))
    return run.change("delivery", lambda line: line | {"service": provider}).change(
        "delivery_status", lambda line: line | {"service": provider}
    )


def test_a_fault_that_never_struck(correct_run):
    """What was not tried is not passed, and it was laid where nothing comes by."""
    (found,) = with_faults(correct_run, SEND).findings(faults.CHECKS)

    assert (found.level, found.blame, found.cause) == (
        "error",
        "harness",
        "a fault was never injected: there were no requests of textlocal.send",
    )


def test_a_call_that_every_bridge_has_to_make(correct_run):
    """When it never came, the bridge is to blame that nothing struck it."""
    run = with_faults(correct_run, {"fault": "connection_reset", "call": "optimove.RegisterEventListener"})

    assert [found.blame for found in run.findings(faults.CHECKS)] == ["bridge"]


def test_a_kill_that_nobody_carried_out(correct_run):
    """A bridge that the harness did not start cannot be killed, so nothing was tried."""
    run = with_faults(correct_run, {"fault": "kill", "call": "textlocal.send"})
    missed = injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "send", missed=True)

    assert [found.level for found in run.plus(missed).findings(faults.CHECKS)] == ["error"]


def test_a_run_without_faults_is_not_asked(correct_run):
    """A check that does not apply is left out of the verdict."""
    assert "faults.injected" not in {result.check.id for result in correct_run.verdict().results}


@pytest.mark.parametrize(
    ("struck_at", "sent_after", "name"),
    [
        (0, 10 * MINUTE, "ok"),
        (4 * MINUTE, 20 * MINUTE, "ok"),
        (0, 2 * HOUR, "late"),
        (6 * MINUTE, 7 * MINUTE, "late"),
        (-HOUR, 10 * MINUTE, "late"),
    ],
)
def test_time_begins_anew_at_a_fault(correct_run, struck_at, sent_after, name):
    """Only at one that struck while the message was in time, and not for ever."""
    run = send_struck(late_by(correct_run, sent_after), FIRST_SEND + struck_at)

    assert counts(run).get(name, 0) == {"ok": 10, "late": 1}[name]


def test_a_fault_elsewhere_is_no_excuse(correct_run):
    """Metrics that could not be pushed hold up no message."""
    run = with_faults(
        late_by(correct_run, 9 * MINUTE), {"fault": "connection_reset", "call": "optimove.UpdateCampaignMetrics"}
    ).plus(injection_line(FIRST_SEND + 4 * MINUTE, 5_000, "connection_reset", "optimove", "UpdateCampaignMetrics"))

    assert causes(run, timing) == ["late: sent more than 5 min after it was due"]


def test_a_key_that_is_refused_holds_up_everything(correct_run):
    """The pages are read with it, too."""
    run = with_faults(
        late_by(correct_run, 9 * MINUTE), {"fault": "unauthorized", "call": "optimove.UpdateCampaignMetrics"}
    )
    run = run.plus(injection_line(FIRST_SEND + 4 * MINUTE, 5_000, "unauthorized", "optimove", "UpdateCampaignMetrics"))

    assert causes(run, timing) == []


def test_longer_and_longer_waits(correct_run):
    """Whoever waits twice as long after each failure is not late."""
    minutes = (0, 1, 3, 7, 15)
    run = with_faults(late_by(correct_run, 31 * MINUTE), SEND).plus(
        *(injection_line(FIRST_SEND + m * MINUTE, 5_000 + m, "connection_reset", "textlocal", "send") for m in minutes)
    )

    assert causes(run, timing) == []


def test_a_bridge_that_was_away(correct_run):
    """What was due meanwhile may come when it is back."""
    run = with_faults(late_by(correct_run, 64 * MINUTE), {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(run, timing) != []
    assert causes(run.plus(injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "send")), timing) == []


def test_an_announcement_that_came_late(correct_run):
    """Nobody can send before they hear of it."""
    late = {"at": iso(FIRST_SEND + 8 * MINUTE), "fault": "f1"}
    run = late_by(correct_run, 12 * MINUTE).change(
        "webhook", lambda line: line | late if line["event"] == "13" else line
    )

    assert causes(run, timing) == []


def test_a_repeat_without_a_look(correct_run):
    """The first call had sent it, but its reply was lost."""
    run = send_struck(correct_run, FIRST_SEND, effect=True)
    run = run.change_delivery_to(3, request=5_001).plus(correct_run.delivery_to(3) | {"n": 5_002, "message": "again"})

    assert causes(run, delivery) == ["duplicated: sent again without a lookup after the response was lost"]


def test_nobody_can_know(correct_run):
    """Of a provider without a record nobody learns whether a call without a reply was done, and that is said."""
    lost = through("delivyr", correct_run).without(
        "delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"]
    )
    said = fault_effect("connection_reset", "lost", effect=False)
    run = with_faults(lost, {"fault": "connection_reset", "call": "delivyr.sendSms"}).plus(
        injection_line(FIRST_SEND, 5_000, "connection_reset", "delivyr", "sendSms"),
        request_line(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=said),
    )

    (found,) = run.findings(delivery.CHECKS)
    assert (found.level, found.blame, counts(run)["indefinite"]) == ("unknown", "network", 1)
    assert found.cause.startswith("indefinite: the response was lost")


def test_somebody_could_have_asked(correct_run):
    """Textlocal has a history, so a message that is missing after a lost reply is the bridge's."""
    run = correct_run.without("delivery", lambda line: line["message"] == correct_run.delivery_to(3)["message"])

    assert causes(send_struck(run, FIRST_SEND), delivery) == [
        "lost: the response was lost, and the bridge never looked up the result of the request"
    ]


def test_one_call_excuses_one_message(correct_run):
    """Two are missing, and one call was lost."""
    missing = {correct_run.delivery_to(3)["message"], correct_run.delivery_to(6)["message"]}
    lost = through("delivyr", correct_run).without("delivery", lambda line: line["message"] in missing)
    said = fault_effect("connection_reset", "lost", effect=False)
    run = lost.plus(request_line(FIRST_SEND, 5_001, "delivyr", "sendSms", status=0, fault=said))

    assert (counts(run)["indefinite"], counts(run)["lost"]) == (1, 1)


def test_a_campaign_that_was_never_announced(correct_run):
    """Every attempt to tell it was lost on the way."""
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    run = correct_run.change("webhook", lambda line: line | lost if line["event"] == "13" else line).without("delivery")

    assert set(causes(run, delivery)) == {"indefinite: no event ever reached the bridge"}


def test_acknowledged_and_forgotten(correct_run):
    """The bridge said yes, and was killed before it had stored what it was told."""
    run = with_faults(correct_run, {"fault": "kill", "webhook": "optimove.13", "when": "after"}).without("delivery")
    run = run.without("request", lambda line: "summary" in line).plus(
        injection_line(ANNOUNCED, 5_000, "kill", "optimove", "13", target="webhook", when="after")
    )

    assert set(causes(run, delivery)) == {
        "lost: an acknowledged webhook was not stored, and was gone after the bridge was killed"
    }


def test_a_killed_bridge_answers_nothing(correct_run):
    """While it is away nobody acknowledges, and that is not its fault."""
    away = {"status": None, "error": "connection refused"}
    run = correct_run.change("webhook", lambda line: line | away if line["event"] == "13" else line)
    run = with_faults(run, {"fault": "kill", "call": "textlocal.send", "down": HOUR})

    assert causes(run, webhooks) != []
    assert causes(run.plus(injection_line(ANNOUNCED - MINUTE, 1, "kill", "textlocal", "send")), webhooks) == []


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_what_a_fault_answers_is_not_the_bridges_sin(correct_run, status):
    """Neither its rate nor its key nor its call was wrong."""
    said = fault_effect("status", "altered", effect=False)
    run = correct_run.plus(
        request_line(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=status, fault=said)
    )

    assert causes(run, contract) == []


def test_what_the_service_said_counts_even_unheard(correct_run):
    """The call was refused by the service itself; that its reply was lost makes it no better."""
    said = fault_effect("connection_reset", "lost", effect=True)
    run = correct_run.plus(request_line(FIRST_SEND, 5_001, "optimove", "AddChannelTemplates", status=404, fault=said))

    assert causes(run, contract) == ["optimove AddChannelTemplates: rejected"]


def test_a_page_whose_reply_was_lost(correct_run):
    """Read again it is complete; not read again its rows are missing."""
    lost = fault_effect("truncated_response", "lost", effect=True)
    second = next(line for line in correct_run.lines_of("request") if line.get("summary", {}).get("skip") == 5)
    again = correct_run.plus(second | {"n": 5_001, "fault": lost})
    never = correct_run.change("request", lambda line: line | {"fault": lost} if line["n"] == second["n"] else line)

    assert causes(again, paging) == []
    assert causes(never, paging) == ["rows never read"]


def test_a_push_that_a_fault_kept_away(correct_run):
    """It was a push all the same, so the day has enough."""
    last_day = [line for line in correct_run.lines_of("metrics") if line["at"] > iso(FIRST_SEND + 6 * DAY)][:3]
    gone = {line["at"] for line in last_day}
    run = correct_run.without("metrics", lambda line: line["at"] in gone)
    said = fault_effect("status", "altered", effect=False)
    tried = [
        request_line(parse_instant(str(at)), 5_001, "optimove", "UpdateCampaignMetrics", status=503, fault=said)
        for at in gone
    ]

    assert causes(run, metrics) == ["metrics pushed too rarely"]
    assert causes(run.plus(*tried), metrics) == []


def test_a_day_without_the_bridge(correct_run):
    """Who was killed for a day cannot push on it."""
    first, last = iso(FIRST_SEND + DAY), iso(FIRST_SEND + 2 * DAY)
    run = with_faults(correct_run, {"fault": "kill", "call": "textlocal.send", "down": DAY})
    run = run.without("metrics", lambda line: first <= line["at"] < last)

    assert causes(run, metrics) == ["no metrics for a whole day"]
    assert causes(run.plus(injection_line(FIRST_SEND + DAY, 5_000, "kill", "textlocal", "send")), metrics) == []


def without_receipt(line: Line, message: object) -> Line:
    """The receipt of one message was lost on the way."""
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    return line | lost if line["key"] == f"receipt:{message}" else line


def test_a_receipt_that_never_came(correct_run):
    """A total may leave out what nobody told the bridge."""
    message = correct_run.delivery_to(3)["message"]
    short = correct_run.change("metrics", lambda line: line | {"items": [one_less(item) for item in line["items"]]})

    assert causes(short, totals) == ["the total of delivered does not match the provider's records"]
    assert causes(short.change("webhook", lambda line: without_receipt(line, message)), totals) == []


def one_less(item: Line) -> Line:
    """One delivered less of template 11."""
    return (
        item | {"MetricValue": item["MetricValue"] - 1} if (item["TemplateID"], item["MetricID"]) == (11, 1) else item
    )


def test_a_receipt_that_was_counted_twice(correct_run):
    """It came twice, and there is one too many."""
    (twice,) = [
        line
        for line in correct_run.lines_of("webhook")
        if line["key"] == f"receipt:{correct_run.delivery_to(3)['message']}"
    ]
    run = correct_run.change("metrics", lambda line: line | {"items": [one_more(item) for item in line["items"]]})

    assert "as if repeated receipts were counted twice" in causes(run.plus(twice | {"resend": 1}), totals)[0]


def one_more(item: Line) -> Line:
    """One delivered more of template 12, which bounced for others."""
    return (
        item | {"MetricValue": item["MetricValue"] + 1} if (item["TemplateID"], item["MetricID"]) == (12, 1) else item
    )


def test_called_before_it_was_time(correct_run):
    """A second later is no half minute."""
    said = fault_effect("rate_limited", "altered", effect=False)
    limited = request_line(START + 5 * MINUTE, 5_001, "optimove", "GetChannelTemplates", status=429, fault=said)
    run = with_faults(correct_run, {"fault": "rate_limited", "call": "optimove.GetChannelTemplates", "retry_after": 30})
    early, late = (
        limited | {"n": 5_002, "at": iso(START + 5 * MINUTE + after), "status": 200, "fault": None}
        for after in (SECOND, 30 * SECOND)
    )

    found = [some.cause for some in run.plus(limited, early).verdict().groups if some.check == "contract.retry_after"]
    assert found == ["429 ignored: optimove GetChannelTemplates: retried too early"]
    assert [some for some in run.plus(limited, late).verdict().groups if some.check == "contract.retry_after"] == []


def test_a_call_that_was_limited_and_never_made_again(correct_run):
    """What was asked for is still not done."""
    limited = request_line(START, 5_001, "optimove", "GetChannelTemplates", status=429)
    found = [some.cause for some in correct_run.plus(limited).verdict().groups if some.check == "contract.retry_after"]

    assert found == ["429 ignored: optimove GetChannelTemplates: the request was never retried"]


def test_a_login_too_many_need_not_be_made_again(correct_run):
    """The token that the bridge has is still good."""
    limited = request_line(START, 5_001, "optimove", "Login", status=429)

    assert "contract.retry_after" not in {result.check.id for result in correct_run.plus(limited).verdict().results}
