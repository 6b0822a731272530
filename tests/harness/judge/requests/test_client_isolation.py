"""Requests that use the key of another client."""

import pytest

from fault_helpers import injection_line
from history_builder import FIRST_SEND, HistoryBuilder, Line, iso
from sendproof_harness.judge.checks.requests.client_isolation import CHECKS

OTHER_CLIENT: Line = {
    "n": 0,
    "at": iso(FIRST_SEND),
    "real": 0.0,
    "kind": "other_client",
    "client": "south",
    "templates": [91],
}


def report(template: int) -> Line:
    """Return one total, reported in this client's sandbox."""
    item = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": template, "MetricID": 0, "MetricValue": 4}
    return {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "metrics", "channel": 505, "items": [item]}


def request_line(operation: str) -> Line:
    """Return the request that carried the report."""
    return {"n": 9_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "request", "service": "optimove",
            "operation": operation, "method": "POST", "path": "/x", "credential": "known", "credential_name": "api_key",
            "status": 200, "violations": []}  # fmt: skip


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """Return cause, expected and got of each finding."""
    return [(finding.cause, finding.expected, finding.got) for finding in run.findings(CHECKS)]


def test_own_templates_pass(correct_run):
    """The check does not apply to a bridge with a single client."""
    assert found(correct_run.plus(OTHER_CLIENT)) == []
    assert [
        check.applies(run.history()) for check in CHECKS for run in (correct_run, correct_run.plus(OTHER_CLIENT))
    ] == [
        False,
        True,
    ]


def test_report_about_template_of_other_client_fails(correct_run):
    """Only the other client has template 91, so the report is about its campaign."""
    run = correct_run.plus(OTHER_CLIENT, request_line("UpdateCampaignMetrics"), report(91))

    assert found(run) == [
        ("UpdateCampaignMetrics: one client's key was used for another client",
         "the key of 'south'; 'south' is the only client with this template",
         "the api_key of the client of this history")
    ]  # fmt: skip


def test_template_listed_for_wrong_client_fails(correct_run):
    listed = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "channel_templates", "channel": 505,
              "action": "added", "templates": [{"id": 91, "name": "News"}]}  # fmt: skip
    run = correct_run.plus(OTHER_CLIENT, request_line("AddChannelTemplates"), listed)

    assert [cause for cause, *_ in found(run)] == ["AddChannelTemplates: one client's key was used for another client"]


def test_templates_of_both_clients_are_ignored(correct_run):
    """Two accounts may have the same template ids."""
    both = OTHER_CLIENT | {"templates": [11, 12, 13]}

    assert found(correct_run.plus(both)) == []


def test_unknown_template_is_ignored(correct_run):
    """Another check reports wrong ids."""
    assert found(correct_run.plus(OTHER_CLIENT, report(92))) == []


def other_client(**facts: object) -> Line:
    """Return the other client with more facts."""
    return OTHER_CLIENT | facts


def short_causes(run: HistoryBuilder) -> list[tuple[str, object]]:
    """Return cause and request of each finding."""
    return [(finding.cause, finding.where.request) for finding in run.findings(CHECKS)]


def test_message_through_account_of_other_client_fails(correct_run):
    """Only the other client has a customer with this number."""
    delivery = correct_run.delivery_to(3) | {"number": "447999000001", "n": 9_001, "request": 9_000}
    run = correct_run.plus(other_client(numbers=["447999000001"]), request_line("send"), delivery)

    assert short_causes(run) == [("textlocal: a message: one client's account was used for another client", 9_000)]
    assert short_causes(correct_run.plus(other_client(numbers=["447999000002"]), delivery)) == []


def test_rejected_message_of_other_client_fails(correct_run):
    rejection = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "rejection", "service": "textlocal",
                 "number": "447999000001", "text": "Hello", "code": 32}  # fmt: skip
    run = correct_run.plus(other_client(numbers=["447999000001"]), rejection)

    assert [cause for cause, _ in short_causes(run)] == [
        "textlocal: a message: one client's account was used for another client"
    ]


def page_lines(run: HistoryBuilder, count: int = 1, **summary: object) -> list[Line]:
    """Return requests of the first page, with changes in their summary."""
    page = next(line for line in run.lines_of("request") if "summary" in line)
    return [page | {"n": 9_000 + number, "summary": page["summary"] | summary} for number in range(count)]


def test_page_of_a_campaign_of_other_client_fails(correct_run):
    run = correct_run.plus(other_client(campaigns=[[7002, 505]]), *page_lines(correct_run, campaign=7002))
    operation = "GetCustomerSendDetailsByChannel"

    assert short_causes(run) == [(f"{operation}: one client's key was used for another client", 9_000)]


def test_page_read_again_for_an_unread_campaign_with_the_same_id_fails(correct_run):
    """The other client's campaign has the same number, and none of its pages was read with its own key."""
    again = page_lines(correct_run)

    assert len(found(correct_run.plus(other_client(unread=[[7001, 505]]), *again))) == 1
    assert found(correct_run.plus(other_client(unread=[]), *again)) == []


def test_look_up_of_customer_who_met_a_trigger_of_other_client_fails(correct_run):
    look_up = request_line("GetCustomerAttributes") | {"summary": {"customer": "C0000900"}}
    run = correct_run.plus(other_client(triggered=["C0000900"]), look_up)

    assert short_causes(run) == [("GetCustomerAttributes: one client's key was used for another client", 9_000)]
    assert short_causes(correct_run.plus(other_client(triggered=["C0000901"]), look_up)) == []


def test_opt_out_of_customer_of_other_client_fails(correct_run):
    """The customers of both clients have the same ids; only the other client's customer opted out."""
    report = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "preference", "source": "api", "channel": 505,
              "mode": 2, "opted_out": True, "customers": ["C0000003"]}  # fmt: skip
    run = correct_run.plus(other_client(opted_out=["C0000003"]), request_line("SetCustomerChannelPreference"), report)
    opt_out = {"n": 8_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "opt_out", "service": "textlocal",
               "number": correct_run.obligation_of(3)["number"]}  # fmt: skip

    assert short_causes(run) == [("SetCustomerChannelPreference: one client's key was used for another client", 9_000)]
    assert short_causes(run.plus(opt_out)) == []


LISTENER_URL = "http://127.0.0.1:9000/webhooks/optimove/client/token"


def test_one_listener_url_of_two_clients_fails_if_one_is_neglected(correct_run):
    """An event does not say whose it is."""
    served = other_client(listeners=[[13, 505, LISTENER_URL]])
    neglected = served | {"campaigns": [[7002, 505]], "unread": [[7002, 505]]}

    assert found(correct_run.plus(served)) == []
    assert [cause for cause, *_ in found(correct_run.plus(neglected))] == [
        "RegisterEventListener: one URL for the events of two clients, which do not say whose they are"
    ]


def test_listeners_of_both_clients_registered_with_one_key_fail(correct_run):
    second = correct_run.lines_of("listener")[0] | {"n": 9_000, "url": "http://127.0.0.1:9000/webhooks/optimove/south"}

    assert [cause for cause, *_ in found(correct_run.plus(OTHER_CLIENT, second))] == [
        "RegisterEventListener: one client's key was used for another client"
    ]


def test_listener_registered_again_at_another_url_passes(correct_run):
    """The bridge may have moved; the other client has its own listener."""
    second = correct_run.lines_of("listener")[0] | {"n": 9_000, "url": "http://127.0.0.1:9001/moved"}
    served = other_client(listeners=[[13, 505, "http://127.0.0.1:9001/south"]])

    assert found(correct_run.plus(served, second)) == []


def test_list_read_for_one_client_only_fails(correct_run):
    read = request_line("get_templates") | {"service": "textlocal"}
    served = other_client(calls=["optimove AddChannelTemplates"])

    assert found(correct_run.plus(served | {"calls": [*served["calls"], "textlocal get_templates"]}, read)) == []
    assert [cause for cause, *_ in found(correct_run.plus(served, read))] == [
        "get_templates: one client's account was used for another client"
    ]


@pytest.mark.parametrize("sends", [True, False])
def test_list_of_opt_outs_is_only_needed_of_a_client_with_sends(correct_run, sends):
    """A bridge may read it right before each send; the other client cancelled its only campaign."""
    calls = ["optimove AddChannelTemplates", *["textlocal bulk_json"] * sends]
    read = request_line("get_optouts") | {"service": "textlocal"}
    causes = [cause for cause, *_ in found(correct_run.plus(other_client(calls=calls), read))]

    assert causes == ["get_optouts: one client's account was used for another client"] * sends


@pytest.mark.parametrize(("killed", "found_count"), [("f1", 0), ("north/f1", 1)])
def test_kill_excuses_a_list_that_was_not_read_in_the_run_of_its_own_client_only(correct_run, killed, found_count):
    """The other client was served, so the bridge needed its list."""
    kill = injection_line(FIRST_SEND, 5_000, "kill", "optimove", "13", target="webhook", id=killed)
    read = request_line("get_templates") | {"service": "textlocal"}

    assert len(found(correct_run.plus(other_client(calls=["optimove AddChannelTemplates"]), read, kill))) == found_count


def test_template_of_another_account_in_place_of_the_own_fails(correct_run):
    """The key is right, and the account was wrong."""
    listed = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "channel_templates", "channel": 505,
              "action": "added", "templates": [{"id": 91, "name": "News"}]}  # fmt: skip
    run = correct_run.without("channel_templates").plus(OTHER_CLIENT, request_line("AddChannelTemplates"), listed)

    assert [cause for cause, *_ in found(run)] == [
        "AddChannelTemplates: templates were read from another client's account"
    ]


def test_signed_event_about_template_of_other_client_fails(correct_run):
    event = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "engagement", "event": "delivered",
             "customer": "C0000003", "visitor": None, "timestamp": iso(FIRST_SEND),
             "context": {"campaign_id": 7001, "template_id": 91}}  # fmt: skip

    assert [cause for cause, *_ in found(correct_run.plus(OTHER_CLIENT, request_line("saveEvent"), event))] == [
        "saveEvent: one client's key was used for another client"
    ]


def test_report_about_both_clients_mixes_up_their_data(correct_run):
    """The other client's report came with its own key, too."""
    own = other_client(calls=["optimove UpdateCampaignMetrics"])
    run = correct_run.plus(own, request_line("UpdateCampaignMetrics"), report(91))

    assert [cause for cause, _ in short_causes(run)] == [
        "UpdateCampaignMetrics: data of another client was reported for this one"
    ]


# -- opt-outs of other clients ----------------------------------------------------------------------


def opted_out_at_south(run: HistoryBuilder, customer: int) -> Line:
    """Return the other client, where the number of this client's customer opted out under another id."""
    opt_out = {"at": iso(FIRST_SEND - 1), "customer": "C0000031", "number": run.obligation_of(customer)["number"]}
    return other_client(opt_outs=[opt_out])


def test_message_withheld_for_an_opt_out_at_another_client_fails(correct_run):
    number = correct_run.obligation_of(3)["number"]
    run = correct_run.without("delivery", lambda line: line["number"] == number)

    (finding,) = run.plus(opted_out_at_south(run, 3)).findings(CHECKS)

    assert (finding.cause, finding.where.customer) == (
        "an opt-out at one client was applied to another client's customer",
        "C0000003",
    )


def test_opt_out_at_another_client_that_is_reported_here_fails(correct_run):
    told = {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "preference", "source": "api", "channel": 505,
            "mode": 2, "opted_out": True, "customers": ["C0000003"]}  # fmt: skip
    run = correct_run.plus(opted_out_at_south(correct_run, 3), request_line("SetCustomerChannelPreference"), told)

    assert short_causes(run) == [("an opt-out at one client was reported for another client's customer", 9_000)]
    own = {"n": 9_002, "at": iso(FIRST_SEND), "real": 0.0, "kind": "opt_out", "service": "textlocal",
           "number": correct_run.obligation_of(3)["number"]}  # fmt: skip
    assert short_causes(run.plus(own)) == []


# -- opt-outs that the bridge learned without a message of the customer -----------------------------


def told_of(customer: int) -> Line:
    """Return the report of a customer's opt-out."""
    return {"n": 9_001, "at": iso(FIRST_SEND), "real": 0.0, "kind": "preference", "source": "api", "channel": 505,
            "mode": 2, "opted_out": True, "customers": [f"C{customer:07d}"]}  # fmt: skip


def refused_at_provider(run: HistoryBuilder, customer: int, **refusal: object) -> Line:
    """Return the rejection of the message to a customer, because the number has opted out."""
    return {"n": 8_000, "at": iso(FIRST_SEND), "real": 0.0, "kind": "rejection", "service": "textlocal",
            "number": run.obligation_of(customer)["number"], "text": "Hello", "code": 51,
            "reason": "opted out"} | refusal  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "found_count"),
    [({}, 0), ({"code": 32, "reason": "Invalid number"}, 1), ({"whole_call": True}, 1)],
)
@pytest.mark.parametrize("is_same_id", [True, False])
def test_opt_out_learned_by_a_refusal_is_the_customers_own(correct_run, is_same_id, refusal, found_count):
    """The other client has an opt-out of the same id, or of the same number."""
    south = other_client(opted_out=["C0000003"]) if is_same_id else opted_out_at_south(correct_run, 3)
    run = correct_run.plus(south, told_of(3), refused_at_provider(correct_run, 3, **refusal))

    assert len(found(run)) == found_count


def test_opt_out_in_the_record_of_a_customer_who_is_due_nothing_anyway_is_their_own(correct_run):
    record = {"owed": False, "reason": "not_cleared", "opted_out_by": "attribute"}
    run = correct_run.change("obligation", lambda line: line | record if line["customer"] == "C0000003" else line)

    assert found(run.plus(other_client(opted_out=["C0000003"]), told_of(3))) == []


def test_record_that_the_report_itself_changed_does_not_make_the_opt_out_the_customers_own(correct_run):
    out = {"owed": False, "reason": "opted_out", "opted_out_by": "attribute"}
    later = correct_run.obligation_of(3) | {"campaign": 7002, "at": iso(FIRST_SEND + 3_600_000)} | out
    run = correct_run.plus(other_client(opted_out=["C0000003"]), told_of(3), later)

    assert len(found(run)) == 1
