"""Listeners and acknowledgements."""

import pytest

from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, iso
from sendproof_harness.judge.checks.listeners.webhooks import CHECKS
from sendproof_harness.judge.facts.connection_errors import NO_LISTENER


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """Return check, blame and cause of each finding."""
    return [(finding.check, finding.blame, finding.cause) for finding in run.findings(CHECKS)]


def response(status: int | None, error: str | None = None) -> Line:
    """Return the response fields of a webhook."""
    return {"status": status, "error": error}


def test_acknowledged_webhooks_pass(correct_run):
    assert found(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [1, 11]


def test_campaign_without_listener_fails(correct_run):
    assert found(correct_run.without("listener")) == [
        ("webhooks.registered", "bridge", "no listener is registered for the channel of a campaign")
    ]


def test_listener_registered_after_announcement_fails(correct_run):
    run = correct_run.change("listener", lambda line: line | {"at": iso(START + 3 * HOUR)})

    assert [check for check, _, _ in found(run)] == ["webhooks.registered"]


def test_unregistered_listener_fails(correct_run):
    run = correct_run.plus(correct_run.lines_of("listener")[0] | {"action": "unregistered"})

    assert [check for check, _, _ in found(run)] == ["webhooks.registered"]


@pytest.mark.parametrize(("asks", "names_option"), [("contract", True), ("everything", False)])
def test_missing_trigger_listener_of_a_contract_run_names_the_option_without_triggers(correct_run, asks, names_option):
    """A bridge may only serve scheduled campaigns."""
    scenario = {"n": 980, "at": iso(START), "kind": "scenario", "name": "Any", "file": "any", "asks": asks}
    aborted = {"n": 981, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "not ready", "expected": "a",
               "got": "b", "reason": "unready", "unregistered": [[11, 505]]}  # fmt: skip

    (finding,) = correct_run.plus(scenario, aborted).findings(CHECKS)
    assert finding.remedy.startswith("call POST /current/general/RegisterEventListener with EventTypeID 11")
    assert ("--no-triggers" in finding.remedy) == names_option


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("/webhooks/textlocal/acme/secret-1", "serve the URL that `account_webhooks` of the handover file names"),
        ("/inbox", "register the path that the bridge serves"),
    ],
    ids=["of the account", "of the bridge"],
)
def test_unknown_path_names_who_chose_it(correct_run, path, remedy):
    """A bridge cannot register the URL that the provider's account posts to."""
    reply = {"service": "textlocal", "event": "inbound", "key": "inbound:1", "url": f"http://127.0.0.1:9000{path}"}
    webhook = correct_run.lines_of("webhook")[0] | reply | response(404)

    (finding,) = correct_run.plus(webhook).findings(CHECKS)
    assert finding.remedy.startswith(remedy)


def test_webhook_acknowledged_on_second_attempt_passes(correct_run):
    run = correct_run.change("webhook", lambda line: line | response(503) if line["event"] == "13" else line)

    assert found(run.plus(correct_run.lines_of("webhook")[0] | {"attempt": 2})) == []


def test_webhook_still_being_retried_is_unknown(correct_run):
    """The next attempt might have succeeded, so the short history is to blame."""
    retrying = response(503) | {"retry_at": iso(START + 9 * DAY)}
    run = correct_run.change("webhook", lambda line: line | retrying if line["event"] == "13" else line)

    (finding,) = run.findings(CHECKS)
    assert (finding.level, finding.blame, finding.expected, finding.got.partition(",")[0]) == (
        "unknown",
        "harness",
        "a history that includes the next attempt at 2026-03-11 06:00:00 UTC",
        "status 503 after 1 attempt",
    )


@pytest.mark.parametrize(
    ("lost", "level", "cause"),
    [
        ({"dropped": True}, "unknown", "refused, and every later attempt was lost, or came while the bridge was down"),
        (response(500), "fail", "optimove event 13: every attempt failed, the last with status 500"),
    ],
    ids=["lost", "refused again"],
)
def test_webhook_whose_later_attempts_were_lost_after_a_refusal_is_unknown(correct_run, lost, level, cause):
    """The bridge might have acknowledged a later one. A longer history would show nothing else."""
    event, next_at = correct_run.lines_of("webhook")[0], START + 3 * HOUR
    refused = response(500) | {"retry_at": iso(next_at)}
    run = correct_run.change("webhook", lambda line: line | refused if line["event"] == "13" else line)
    last = event | response(None, "lost") | {"n": 5_000, "attempt": 2, "at": iso(next_at)} | lost

    (finding,) = run.plus(last).findings(CHECKS)
    assert (finding.level, finding.cause) == (level, cause)


def test_webhook_whose_lost_attempt_is_followed_by_another_is_still_being_retried(correct_run):
    event, later = correct_run.lines_of("webhook")[0], {"retry_at": iso(START + 9 * DAY)}
    refused = response(500) | {"retry_at": iso(START + 3 * HOUR)}
    run = correct_run.change("webhook", lambda line: line | refused if line["event"] == "13" else line)
    lost = event | response(None, "lost") | {"n": 5_000, "attempt": 2, "dropped": True} | later

    (finding,) = run.plus(lost).findings(CHECKS)
    assert finding.cause.startswith("still being retried")
    assert finding.expected.endswith("the next attempt at 2026-03-11 06:00:00 UTC")


def test_webhook_never_acknowledged_is_blamed_on_bridge(correct_run):
    run = correct_run.change("webhook", lambda line: line | response(500) if line["event"] == "13" else line)

    assert found(run) == [
        ("webhooks.acknowledged", "bridge", "optimove event 13: every attempt failed, the last with status 500")
    ]


def test_address_without_any_response_is_blamed_on_config(correct_run):
    run = correct_run.change("webhook", lambda line: line | response(None, "connection refused"))

    assert {(blame, cause) for _, blame, cause in found(run)} == {
        ("config", "optimove event 13: no server responds at the given address"),
        ("config", "textlocal event receipt: no server responds at the given address"),
    }


def test_listener_at_another_port_than_the_given_one_names_both(correct_run):
    run = correct_run.change("webhook", lambda line: line | response(None, "connection refused"))
    scenario = {"n": 0, "at": iso(START), "real": 0.0, "kind": "scenario", "name": "Any", "file": "any"}
    run = run.plus(scenario | {"listen": "http://127.0.0.1:9001"})

    cause = "optimove event 13: no server responds at the given address, which is not that of the handover"
    assert ("webhooks.acknowledged", "bridge", cause) in found(run)
    remedies = {finding.remedy for finding in run.findings(CHECKS)}
    assert remedies == {"register 127.0.0.1:9001, the `listen` address of the handover file, instead of 127.0.0.1:9000"}


def test_answer_after_the_time_limit_is_named(correct_run):
    late = response(None, "no response within 10 s")
    run = correct_run.change("webhook", lambda line: line | late if line["event"] == "13" else line)

    cause = "optimove event 13: answered too late in every attempt"
    assert found(run) == [("webhooks.acknowledged", "bridge", cause)]


def test_listener_for_triggers_needs_its_channel(correct_run):
    """Optimove assigns the channel to the vendor."""
    trigger = {"n": 900, "at": iso(START + DAY), "real": 0.0, "kind": "trigger", "trigger": "Visit", "campaign": 8001,
           "channel": 250, "customer": "C0000003", "template": 21, "request_id": "r"}  # fmt: skip
    listener = {"n": 1, "at": iso(START), "real": 0.0, "kind": "listener", "action": "registered", "event_type": 11,
           "channel": None, "url": "http://127.0.0.1:9000/a"}  # fmt: skip

    cause = "event 11 is registered without a channel"
    assert found(correct_run.plus(trigger, listener)) == [("webhooks.registered", "bridge", cause)]
    assert found(correct_run.plus(trigger, listener | {"channel": 250})) == []


def test_listener_for_triggers_must_last_until_the_last_of_them(correct_run):
    trigger = {"n": 900, "at": iso(START + DAY), "real": 0.0, "kind": "trigger", "trigger": "Visit", "campaign": 8001,
               "channel": 250, "customer": "C0000003", "template": 21, "request_id": "r"}  # fmt: skip
    listener = correct_run.lines_of("listener")[0] | {"event_type": 11, "channel": 250}
    deleted = listener | {"n": 901, "at": iso(START + 2 * DAY), "action": "unregistered"}
    run = correct_run.plus(listener, trigger, deleted)

    assert found(run) == []
    assert found(run.plus(trigger | {"at": iso(START + 3 * DAY)})) == [("webhooks.registered", "bridge", NO_LISTENER)]


def test_timeout_at_working_address_is_blamed_on_bridge(correct_run):
    run = correct_run.change(
        "webhook", lambda line: line | response(None, "timed out") if line["event"] == "13" else line
    )

    assert found(run) == [("webhooks.acknowledged", "bridge", "optimove event 13: no attempt got a response")]


@pytest.mark.parametrize(("status", "causes"), [(200, []), (404, []), (500, ["xtremepush event message_error: about"])])
def test_only_an_error_about_a_message_of_another_system_fails(correct_run, status, causes):
    """No document says whether a bridge acknowledges or refuses the status of a message that it did not send."""
    webhook = correct_run.lines_of("webhook")[-1]
    fields = {"service": "xtremepush", "event": "message_error", "key": "message_error:other-17:1"}
    assert [cause[:37] for _, _, cause in found(correct_run.plus(webhook | fields | response(status)))] == causes
