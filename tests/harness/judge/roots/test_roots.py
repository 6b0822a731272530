"""Root causes, and the findings that follow from them."""

import pytest

from history_builder import FIRST_SEND, START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, iso
from sendproof_harness.judge.verdict import Verdict

REFUSED = "Cannot connect to host 127.0.0.1:9000 ssl:default [Connect call failed ('127.0.0.1', 9000)]"
SELF_SIGNED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
PAGES = "GetCustomerSendDetailsByChannel"


@pytest.fixture
def silent_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run of a bridge that is ready, and then does nothing about its campaign."""
    work = ("delivery", "delivery_status", "metrics")
    run = correct_run.without("webhook", lambda line: line["service"] == "textlocal")
    run = run.without("request", lambda line: line["operation"] == PAGES)
    for kind in work:
        run = run.without(kind)
    return run


def unreached(run: HistoryBuilder, error: str = REFUSED) -> HistoryBuilder:
    """Return the run with an announcement that never reached the bridge."""
    return run.change("webhook", lambda line: line | {"status": None, "error": error})


def request(operation: str | None, status: int, **fields: object) -> Line:
    """Return a request to Optimove."""
    return {
        "n": 900, "at": iso(START), "kind": "request", "service": "optimove", "operation": operation, "method": "POST",
        "path": "/x", "credential": "known", "status": status, "violations": [],
    } | fields  # fmt: skip


def aborted(**fields: object) -> Line:
    """Return the line of a run that ended early."""
    return {
        "n": 0, "at": iso(START), "kind": "aborted", "blame": "bridge", "cause": "it ended",
        "expected": "a bridge", "got": "none",
    } | fields  # fmt: skip


def roots(verdict: Verdict) -> dict[str, set[str]]:
    """Return the checks of the consequences by the check of their root."""
    return {root.check: {group.check for group in root.consequences} for root in verdict.roots}


def failed(verdict: Verdict) -> set[str]:
    return {result.check.id for result in verdict.results if result.status == "fail"}


def test_everything_about_a_campaign_follows_from_its_lost_announcement(silent_run: HistoryBuilder) -> None:
    """A bridge that heard nothing can do nothing, so it is not blamed for the rest."""
    verdict = unreached(silent_run).verdict()

    follows = {"paging.complete", "delivery.once", "metrics.cadence"}
    assert (roots(verdict), failed(verdict)) == ({"webhooks.acknowledged": follows}, {"webhooks.acknowledged"})
    assert verdict.status == "fail"


def test_checks_that_only_saw_consequences_are_unknown(silent_run: HistoryBuilder) -> None:
    verdict = unreached(silent_run).verdict()

    statuses = {result.check.id: result.status for result in verdict.results}
    assert statuses["delivery.once"] == statuses["paging.complete"] == "unknown"


def test_error_names_what_is_wrong_with_the_certificate_and_what_to_do(silent_run: HistoryBuilder) -> None:
    (root,) = unreached(silent_run, SELF_SIGNED).verdict().roots

    assert root.cause == (
        "optimove event 13: the listener's TLS certificate is self-signed, so a client does not trust it"
    )
    assert SELF_SIGNED in root.examples[0].got
    assert "SSL_CERT_FILE" in root.remedy


def test_message_follows_from_the_lost_event_of_a_trigger(correct_run: HistoryBuilder) -> None:
    """An id may contain colons, which separate the parts of the webhook's key."""
    at, of_trigger = iso(FIRST_SEND), {"campaign": 8001, "customer": "Ann:1", "trigger": "Visit"}
    listener = correct_run.lines_of("listener")[0] | {"event_type": 11}
    met = {"n": 1, "at": at, "kind": "trigger", "channel": 505, "template": 11, "request_id": "r"} | of_trigger
    due = correct_run.obligation_of(3) | {"at": at, "due": at, "number": "447100999999"} | of_trigger
    event = correct_run.lines_of("webhook")[0] | {"event": "11", "key": "11:Visit:Ann:1:1", "at": at}
    verdict = correct_run.plus(listener, met, due, event | {"status": None, "error": REFUSED}).verdict()

    assert roots(verdict) == {"webhooks.acknowledged": {"delivery.once"}}


def test_wrong_text_does_not_follow_from_a_lost_announcement(correct_run: HistoryBuilder) -> None:
    """It happened, so the bridge got the campaign in another way, and the text is its own failure."""
    run = unreached(correct_run.change_delivery_to(3, text="Something else"))

    assert "delivery.text" in failed(run.verdict())


def test_lost_message_of_a_campaign_that_was_read_is_a_failure_of_its_own(correct_run: HistoryBuilder) -> None:
    """An unreachable receipt address explains no lost message."""
    lost = correct_run.delivery_to(6)["message"]
    run = correct_run.without("delivery", lambda line: line["message"] == lost)
    run = run.change("webhook", lambda line: line | {"status": 500} if line["event"] == "receipt" else line)

    assert {"delivery.once", "webhooks.acknowledged"} <= failed(run.verdict())


def test_missing_registration_is_the_root_of_its_campaign(silent_run: HistoryBuilder) -> None:
    verdict = silent_run.without("listener").without("webhook").verdict()

    assert roots(verdict) == {"webhooks.registered": {"paging.complete", "delivery.once", "metrics.cadence"}}


def test_call_that_is_always_refused_is_the_root_of_what_it_was_for(silent_run: HistoryBuilder) -> None:
    """The pages were requested at a wrong address, so no row could be read."""
    wrong = request(None, 404, path="/current/customers/GetCustomers", meant=PAGES, differs="no such path")
    verdict = silent_run.plus(wrong).verdict()

    assert roots(verdict) == {"contract.requests": {"paging.complete", "delivery.once", "metrics.cadence"}}


def test_call_to_another_service_is_the_root_of_what_it_was_for(silent_run: HistoryBuilder) -> None:
    """The pages were requested at a provider, which has no such path."""
    wrong = request(None, 404, service="textlocal", meant=PAGES, meant_service="optimove", differs="no such path")
    verdict = silent_run.plus(wrong).verdict()

    assert roots(verdict) == {"contract.requests": {"paging.complete", "delivery.once", "metrics.cadence"}}


def test_refused_call_that_was_accepted_once_explains_nothing(silent_run: HistoryBuilder) -> None:
    """The bridge knows how to call it, so the missing rows have another cause."""
    refused, accepted = request(PAGES, 400), request(PAGES, 200, n=901)
    verdict = silent_run.plus(refused, accepted).verdict()

    assert roots(verdict) == {}
    assert {"contract.requests", "paging.complete", "delivery.once"} <= failed(verdict)


def test_credential_that_optimove_never_accepts_explains_the_whole_run(silent_run: HistoryBuilder) -> None:
    """The end of the run follows as well: such a bridge never becomes ready."""
    key: Line = {
        "n": 0, "at": iso(START), "kind": "unauthenticated", "service": "optimove", "credential": "missing",
        "operation": "RegisterEventListener", "method": "POST", "path": "/x", "status": 401,
        "differs": "you sent Authorization, Optimove wants X-API-KEY",
    }  # fmt: skip
    run = silent_run.without("request").without("listener").without("channel_templates").without("campaign")
    run = run.without("obligation").without("webhook")
    verdict = run.plus(key, aborted(reason="unready", unregistered=[[13, 505]])).verdict()

    assert roots(verdict) == {
        "contract.credentials": {"run.completed", "webhooks.registered", "templates.synchronised"}
    }
    assert verdict.groups[0].cause == (
        "optimove RegisterEventListener: no credential: you sent Authorization, Optimove wants X-API-KEY"
    )


def test_end_of_the_bridge_excuses_no_message_that_was_overdue_before(correct_run: HistoryBuilder) -> None:
    """Only what the run did not observe follows from its end."""
    lost = correct_run.delivery_to(6)["message"]
    run = correct_run.without("delivery", lambda line: line["message"] == lost)
    verdict = run.plus(aborted(reason="ended", at=iso(FIRST_SEND + 6 * DAY))).verdict()

    assert failed(verdict) == {"run.completed", "delivery.once", "metrics.accurate"}


def test_bridge_that_stops_in_the_middle_is_blamed_once(correct_run: HistoryBuilder) -> None:
    """Webhooks find no server any more, and nothing that was due later happens."""
    gone = FIRST_SEND + 90 * 60_000
    owed = correct_run.lines_of("obligation")
    late = {obligation["number"] for obligation in owed if str(obligation["due"]) > iso(gone)}
    run = correct_run.without("delivery", lambda line: line["number"] in late)
    run = run.without("metrics", lambda line: str(line["at"]) > iso(gone)).without("delivery_status")
    run = run.without("webhook", lambda line: str(line["at"]) > iso(gone))
    attempt = run.lines_of("webhook")[0] | {"key": "13:7002:505", "n": 950, "at": iso(gone + HOUR), "status": None}
    verdict = run.plus(attempt | {"error": REFUSED}).verdict()

    assert {"delivery.once", "metrics.cadence"} <= roots(verdict)["webhooks.acknowledged"]
    assert "delivery.once" not in failed(verdict)


def test_reports_that_stop_with_the_bridge_follow_from_its_end(correct_run: HistoryBuilder) -> None:
    """They came for three days; a bridge that is gone sends none."""
    gone = FIRST_SEND + 3 * DAY
    run = correct_run.without("metrics", lambda line: str(line["at"]) > iso(gone))
    attempt = run.lines_of("webhook")[0] | {"key": "13:7002:505", "n": 950, "at": iso(gone + HOUR), "status": None}
    verdict = run.plus(attempt | {"error": REFUSED}).verdict()

    assert "metrics.cadence" in roots(verdict)["webhooks.acknowledged"]
    assert failed(verdict) == {"webhooks.acknowledged"}


def test_reports_that_stop_are_a_failure_of_their_own_if_the_bridge_goes_on(correct_run: HistoryBuilder) -> None:
    """An announcement without an acknowledgement explains nothing about a campaign that was reported for days."""
    run = correct_run.without("metrics", lambda line: str(line["at"]) > iso(FIRST_SEND + 3 * DAY))
    run = run.change("webhook", lambda line: line | {"status": 500} if line["event"] == "13" else line)

    assert failed(run.verdict()) >= {"webhooks.acknowledged", "metrics.cadence"}


def test_missing_listener_that_kept_the_run_from_starting_is_named(correct_run: HistoryBuilder) -> None:
    """Everything else was ready, so the registration alone is missing."""
    run = correct_run.without("campaign").without("obligation").without("listener").without("webhook")
    run = run.plus(aborted(reason="unready", cause="not ready", unregistered=[[11, 505]]))

    assert roots(run.verdict())["webhooks.registered"] >= {"run.completed"}


def test_everything_about_a_campaign_follows_from_a_key_that_may_not_read_its_attribute(
    silent_run: HistoryBuilder,
) -> None:
    """Even if the key reads another campaign: its scope is the configuration's."""
    hidden = {"campaign": 7001, "channel": 505, "outside_scope": ["FIRST_NAME"]}
    other = request(PAGES, 200, summary={"campaign": 7002, "channel": 505, "skip": 0, "rows": 0})
    verdict = silent_run.plus(request(PAGES, 404, summary=hidden), other | {"n": 901}).verdict()

    (root,) = verdict.roots
    assert (root.check, root.blame, failed(verdict)) == ("contract.requests", "config", {"contract.requests"})
    assert {group.check for group in root.consequences} >= {"paging.complete", "delivery.once"}
