"""Requests with contract violations, without a credential, above the rate limit, or with too many items."""

import pytest

from fault_helpers import injection_line, with_faults
from history_builder import HistoryBuilder, Line
from sendproof_harness.history.timestamps import parse_instant
from sendproof_harness.judge.checks.requests import contract, credentials, limits

CHECKS = (*contract.CHECKS, *credentials.CHECKS, *limits.CHECKS)
START_TEXT = "2026-03-02T06:00:00.000Z"


def found(run: HistoryBuilder) -> list[tuple[str, str, str]]:
    """Return check, blame and cause of each finding."""
    return [(finding.check, finding.blame, finding.cause) for finding in run.findings(CHECKS)]


def request(**fields: object) -> Line:
    """Return one more request of the bridge."""
    return {
        "n": 900, "at": "2026-03-02T06:01:00.000Z", "kind": "request", "service": "optimove",
        "operation": "AddChannelTemplates", "method": "POST", "path": "/x", "credential": "known", "status": 200,
        "violations": [],
    } | fields  # fmt: skip


def violation(where: str, rule: str) -> Line:
    """Return one violation of a request."""
    return {"where": where, "rule": rule, "message": "expected something else"}


def test_documented_requests_pass(correct_run):
    assert found(correct_run) == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [4, 4, 4, 1]


def test_violations_of_one_rule_in_many_items_have_one_cause(correct_run):
    broken = request(status=400, violations=[violation(f"body.{item}.TemplateID", "type") for item in range(3)])

    assert (
        found(correct_run.plus(broken))
        == [("contract.requests", "bridge", "optimove AddChannelTemplates: body.*.TemplateID violates type")] * 3
    )


def test_body_without_a_content_type_fails(correct_run):
    """The service may have guessed it. A real one may not."""
    run = correct_run.plus(request(violations=[violation("header.Content-Type", "required")]))

    cause = "optimove AddChannelTemplates: the body has no content type"
    assert found(run) == [("contract.requests", "bridge", cause)]


@pytest.mark.parametrize(
    ("cancelled", "fails"), [("2026-03-02T06:00:30.000Z", False), ("2026-03-02T06:02:00.000Z", True)]
)
def test_cancelled_campaign_may_be_asked_for(correct_run, cancelled, fails):
    """Events 4 and 13 can overtake each other; the refusal tells the bridge."""
    page = {"operation": "GetCustomerSendDetailsByChannel", "method": "GET", "status": 404}
    unknown = request(**page, response_excerpt="CampaignID 7001 is not known")

    run = correct_run.change("campaign", lambda line: line | {"cancelled_at": cancelled}).plus(unknown)

    assert bool(found(run)) is fails


@pytest.mark.parametrize(("status", "fails"), [(400, False), (404, True)])
def test_unknown_campaign_has_the_status_of_the_sandbox(correct_run, status, fails):
    page = {"operation": "GetCustomerSendDetailsByChannel", "method": "GET", "status": status}
    unknown = request(**page, response_excerpt="CampaignID 7001 is not known")
    cancelled = correct_run.change("campaign", lambda line: line | {"cancelled_at": "2026-03-02T06:00:30.000Z"})

    run = with_dialects(cancelled, {"optimove.unknown_id": "400"}).plus(unknown)

    assert bool(found(run)) is fails


@pytest.mark.parametrize(("cancelled", "fails"), [("06:00:30", False), ("06:02:00", True)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_campaign_that_was_cancelled_on_hold_may_be_read_and_cleared(correct_run, method, cancelled, fails):
    run = correct_run.change("campaign", lambda line: line | {"cancelled_at": f"2026-03-02T{cancelled}.000Z"})

    assert bool(found(run.plus(refused_clearance(method)))) is fails
    assert found(correct_run.plus(refused_clearance(method))) != []


@pytest.mark.parametrize(("known", "fails"), [("06:10:00", False), ("06:08:00", False), ("06:07:00", True)])
def test_customers_may_be_cleared_until_the_bridge_can_have_reacted_to_event_4(correct_run, known, fails):
    """The clearance comes at 06:10, and two minutes are enough to react."""
    run = correct_run.change("campaign", lambda line: line | {"cancelled_at": START_TEXT})
    told = run.lines_of("webhook")[0] | {"event": "4", "key": "4:7001:505", "at": f"2026-03-02T{known}.000Z"}
    clearance = refused_clearance("POST") | {"at": "2026-03-02T06:10:00.000Z"}

    assert bool(found(run.plus(told, clearance))) is fails


def refused_clearance(method: str) -> Line:
    """Return a call for campaign 7001, which no longer waits for clearance: to read its customers, or clear them."""
    if method == "GET":
        text = "CampaignID 7001 does not wait for clearance"
        return request(operation="GetProcessedCampaignCustomers", method=method, status=404, response_excerpt=text)
    text = "expected the statuses of CampaignID 7001 before 2026-03-02 08:00:00"
    return request(operation="UpdateCustomerPromotionStatus", status=400, response_excerpt=text)


def test_refused_channel_of_a_listener_may_teach_to_leave_it_out(correct_run):
    """For event 4, no document says whether a listener may name a channel. Only the general listener shows it."""
    call = {"operation": "RegisterEventListener", "path": "/current/general/RegisterEventListener", "status": 400}
    refused = request(**call, summary={"general_only": 4})
    listener = {"n": 901, "at": refused["at"], "kind": "listener", "action": "registered", "event_type": 4,
                "channel": None, "url": "http://127.0.0.1:9000/4"}  # fmt: skip
    rejected = ("contract.requests", "bridge", "optimove RegisterEventListener: rejected")

    assert found(correct_run.plus(refused)) == [rejected]
    assert found(correct_run.plus(refused, listener)) == []
    assert found(correct_run.plus(request(**call), listener)) == [rejected]
    assert found(correct_run.plus(refused, listener | {"event_type": 1})) == [rejected]
    assert found(correct_run.plus(refused, listener | {"channel": 505})) == [rejected]


def with_dialects(run: HistoryBuilder, dialects: dict[str, str]) -> HistoryBuilder:
    """Return the run of a sandbox with these options."""
    return HistoryBuilder([run.lines[0] | {"dialects": dialects}, *run.lines[1:]])


def test_visitor_may_be_looked_up_once(correct_run):
    """The refusal shows that a visitor has no attributes."""
    event = {"kind": "customer_event", "customer": "V0000000", "event": "page_visit", "visitor": True}
    look_up = {
        "operation": "GetCustomerAttributes",
        "method": "GET",
        "path": "/current/customers/V0000000/Attributes",
        "status": 404,
    }
    run = correct_run.plus({"n": 899, "at": START_TEXT, **event}, request(**look_up))

    assert found(run) == []
    again = request(**look_up) | {"n": 901}
    assert found(run.plus(again)) == [("contract.requests", "bridge", "optimove GetCustomerAttributes: rejected")]


def test_refusal_of_the_documented_name_may_teach_the_other_one(correct_run):
    """Nothing but a refusal shows that a project contradicts the documents. To learn nothing from it is wrong."""
    header = correct_run.lines[0] | {"dialects": {"xtremepush.subscription_name": "mobile_subscription"}}
    run = HistoryBuilder([header, *correct_run.lines[1:]])
    call = {"service": "xtremepush", "operation": "import_profile", "path": "/api/external/import/profile"}
    refused, accepted = request(**call, status=400), request(**call) | {"n": 901}
    rejected = ("contract.requests", "bridge", "xtremepush import_profile: rejected")

    assert found(run.plus(refused, accepted)) == []
    assert found(run.plus(refused, refused | {"n": 901})) == [rejected, rejected]
    assert found(correct_run.plus(refused, accepted)) == [rejected]


def test_test_message_may_be_looked_up(correct_run):
    """The service has returned its id, and no document says that it forgets it."""
    delivery = correct_run.lines_of("delivery")[0] | {"n": 899, "message": "926795", "test": True}
    excerpt = '{"errors":[{"code":0,"message":"message_id: no message has the id 926795"}],"status":"failure"}'
    look_up = request(operation="status_message", path="/status_message", status=404, response_excerpt=excerpt)

    assert found(correct_run.plus(delivery, look_up)) == []
    assert len(found(correct_run.plus(delivery | {"test": False}, look_up))) == 1


def test_unknown_path_fails(correct_run):
    run = correct_run.plus(request(operation=None, path="/current/nothing", status=404))

    assert found(run) == [("contract.requests", "bridge", "optimove POST /current/nothing: unknown address")]


def test_unknown_path_fails_where_the_service_says_so_with_status_200(correct_run):
    answer = {"status": 200, "response_excerpt": '{"errors":[{"code":2,"message":"Unrecognised command"}]}'}
    run = correct_run.plus(request(service="textlocal", operation=None, path="/get_template", **answer))

    assert found(run) == [("contract.requests", "bridge", "textlocal POST /get_template: unknown address")]


def test_misspelt_field_fails_where_the_service_says_so_with_status_200(correct_run):
    answer = {"status": 200, "response_excerpt": '{"errors":[{"code":4,"message":"No recipients specified"}]}'}
    call = request(service="textlocal", operation="send", path="/send", **answer)
    run = correct_run.plus(call | {"summary": {"errors": [4]}})

    assert found(run) == [("contract.requests", "bridge", "textlocal send: rejected")]


def test_refusal_of_a_time_that_has_passed_meanwhile_is_no_finding(correct_run):
    """After an outage, a bridge may learn from the refusal that its messages are due at once."""
    answer = {"status": 200, "response_excerpt": '{"errors":[{"code":9,"message":"Schedule date is in the past"}]}'}
    call = request(service="textlocal", operation="send", path="/send", **answer)

    assert found(correct_run.plus(call | {"summary": {"errors": [9]}})) == []


def test_unknown_paths_of_many_customers_have_one_cause(correct_run):
    """The ids in a path name the customer, not the defect. A version is no id."""
    paths = [f"/v2/customers/C{index:07d}/Attributes" for index in range(3)]
    run = correct_run.plus(*(request(operation=None, path=path, status=404) for path in paths))

    assert {cause for _, _, cause in found(run)} == {"optimove POST /v2/customers/*/Attributes: unknown address"}


def test_rejected_request_shows_response(correct_run):
    """The reader need not repeat the request to see the reason."""
    (finding,) = correct_run.plus(request(status=400, response_excerpt='"ChannelID 9 is not known"')).findings(CHECKS)

    assert finding.got == 'POST /x got status 400: "ChannelID 9 is not known"'


def test_rejected_request_without_violation_fails(correct_run):
    """The service may reject a valid request, for example for an unknown campaign."""
    assert found(correct_run.plus(request(status=404))) == [
        ("contract.requests", "bridge", "optimove AddChannelTemplates: rejected")
    ]


def test_attribute_of_a_text_outside_the_scope_of_the_key_is_blamed_on_the_configuration(correct_run):
    """Every bridge has to ask for it; for another attribute, the bridge can see that the key may not read it."""
    call = {"operation": "GetCustomerSendDetailsByChannel", "method": "GET", "status": 404}
    needed = request(**call, summary={"campaign": 7001, "channel": 505, "outside_scope": ["FIRST_NAME"]})
    other = request(**call, summary={"campaign": 7001, "channel": 505, "outside_scope": ["BALANCE"]})
    name = "optimove GetCustomerSendDetailsByChannel"

    assert found(correct_run.plus(needed)) == [
        ("contract.requests", "config", f"{name}: the scope of the key hides FIRST_NAME, which every bridge needs")
    ]
    assert found(correct_run.plus(other)) == [("contract.requests", "bridge", f"{name}: rejected")]


def test_missing_credential_is_blamed_on_the_bridge(correct_run):
    assert found(correct_run.plus(request(status=401, credential="missing"))) == [
        ("contract.credentials", "bridge", "optimove AddChannelTemplates: no credential")
    ]


def test_call_beyond_the_permission_of_the_key_is_blamed_on_the_bridge(correct_run):
    """Another key is no remedy: a client gives none with more rights to a vendor."""
    differs = "the credential may not call AddChannelTemplates"

    assert found(correct_run.plus(request(status=403, differs=differs))) == [
        ("contract.credentials", "bridge", f"optimove AddChannelTemplates: a call without permission: {differs}")
    ]


def test_unknown_credential_is_blamed_on_config(correct_run):
    assert found(correct_run.plus(request(status=403, credential="unknown"))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: an invalid credential")
    ]


def test_missing_second_header_of_a_credential_is_blamed_on_the_bridge(correct_run):
    """The key is right, so the settings are not wrong."""
    lacks = {"status": 401, "violations": [violation("header.x-account-id", "required")]}
    run = correct_run.plus(request(service="delivyr", operation="listTemplates", **lacks))

    assert found(run) == [
        ("contract.requests", "bridge", "delivyr listTemplates: header.x-account-id violates required"),
        ("contract.credentials", "bridge", "delivyr listTemplates: no x-account-id"),
    ]


def test_call_refused_because_of_the_number_passes(correct_run):
    """Delivyr may refuse a call for one recipient, who blocks or cannot receive messages."""
    refused = request(service="delivyr", operation="sendSms", status=422)
    rejection = {"n": 9_999, "at": refused["at"], "kind": "rejection", "service": "delivyr", "number": "447000000000",
                 "text": "Hello", "code": "cannot_receive", "request": refused["n"]}  # fmt: skip

    assert found(correct_run.plus(refused, rejection)) == []


def test_429_response_fails_rate_check_only(correct_run):
    assert found(correct_run.plus(request(status=429))) == [
        ("contract.rate", "bridge", "optimove AddChannelTemplates: above the rate limit")
    ]


def test_rate_limit_that_no_provider_publishes_cannot_be_respected(correct_run):
    limited = request(service="textlocal", operation="get_templates", status=429)

    assert found(correct_run.plus(limited)) == []


def test_requests_to_providers_do_not_show_that_the_rate_limit_is_respected(correct_run):
    run = correct_run.without("request").plus(request(service="textlocal", operation="get_templates"))

    (result,) = (result for result in run.verdict().results if result.check is limits.CHECKS[0])
    assert (result.status, result.looked_at) == ("unknown", 0)


@pytest.mark.parametrize(("after", "count"), [("06:20", 0), ("06:40", 1)])
def test_login_right_after_a_kill_is_refused_and_right(correct_run, after, count):
    """The token is still valid, but the bridge had it in memory only."""
    run = with_faults(correct_run, {"fault": "kill", "call": "optimove.GetChannelTemplates", "down": 1_000})
    kill = injection_line(parse_instant(START_TEXT), 800, "kill", "optimove", "GetChannelTemplates")
    login = request(operation="Login", status=429, at=f"2026-03-02T{after}:00.000Z")

    assert len(found(run.plus(kill, login))) == count


def test_too_many_items_fail_batch_check_only(correct_run):
    assert found(correct_run.plus(request(status=400, violations=[violation("body", "maxItems")]))) == [
        ("contract.batches", "bridge", "optimove AddChannelTemplates: body violates maxItems, a batch above the limit")
    ]


def test_500_response_of_simulator_is_an_error(correct_run):
    run = correct_run.plus(request(status=500))

    assert found(run) == [("contract.requests", "harness", "optimove AddChannelTemplates: the simulator failed")]
    assert run.verdict().status == "error"


def key_line(action: str, at: str, valid_until: str | None = None) -> Line:
    """Return a change of the key by the client's admin."""
    return {
        "n": 899,
        "at": at,
        "kind": "key",
        "service": "optimove",
        "name": "bridge",
        "action": action,
        "valid_until": valid_until,
    }


def test_disabled_key_may_be_tried_now_and_then(correct_run):
    """The bridge cannot know when the key is valid again."""
    tries = [request(status=401, at=f"2026-03-02T{hour:02}:01:00.000Z") for hour in (6, 7, 9)]

    assert found(correct_run.plus(key_line("disabled", START_TEXT, START_TEXT), *tries)) == []


def test_disabled_key_tried_twenty_times_in_ten_minutes_fails(correct_run):
    tries = [request(n=900 + index, status=401) for index in range(21)]

    assert found(correct_run.plus(key_line("disabled", START_TEXT, START_TEXT), *tries)) == [
        ("contract.credentials", "bridge", "optimove AddChannelTemplates: a rejected key is tried without a pause")
    ]


def test_each_kind_of_work_may_try_a_disabled_key_by_itself(correct_run):
    """Each of seven jobs tries four times, with growing pauses: only together they are many."""
    tries = [
        request(n=900 + 7 * index + job, status=401, at=f"2026-03-02T06:01:{second:02}.000Z", content=f"job {job}")
        for index, second in enumerate((0, 5, 15, 35))
        for job in range(7)
    ]

    assert found(correct_run.plus(key_line("disabled", START_TEXT, START_TEXT), *tries)) == []


def differing_tries(count: int) -> list[Line]:
    """Return calls of one operation with a rejected key within ten minutes, each with another body."""
    seconds = (index * 590 // count for index in range(count))
    times = (f"2026-03-02T06:{second // 60:02}:{second % 60:02}.000Z" for second in seconds)
    return [request(n=900 + index, status=401, at=at, content=f"try {index}") for index, at in enumerate(times)]


def test_key_tried_without_a_pause_by_calls_that_differ_fails(correct_run):
    """Such as a report with the current time in its body. The limit grows with the number of customers."""
    ended, customers = key_line("disabled", START_TEXT, START_TEXT), 20
    run = correct_run.change("history", lambda line: line | {"audience": {"customers": customers}})
    assert found(run.plus(ended, *differing_tries(200 + 20 * customers))) == []
    assert found(run.plus(ended, *differing_tries(201 + 20 * customers))) == [
        ("contract.credentials", "bridge", "optimove AddChannelTemplates: a rejected key is tried without a pause")
    ]


def test_old_key_an_hour_after_rotation_fails(correct_run):
    """An hour is enough to put the new key into the bridge."""
    run = correct_run.plus(
        key_line("rotated", START_TEXT, START_TEXT), request(status=401, at="2026-03-02T07:01:00.000Z")
    )

    (_, blame, cause), *rest = found(run)
    assert (blame, "the old key, long after it was rotated: 'bridge' was valid until" in cause, rest) == (
        "config",
        True,
        [],
    )


def test_rejection_after_key_was_enabled_again_fails(correct_run):
    keys = key_line("disabled", START_TEXT, START_TEXT), key_line("enabled", START_TEXT)

    assert found(correct_run.plus(*keys, request(status=401))) == [
        ("contract.credentials", "config", "optimove AddChannelTemplates: an invalid credential")
    ]


def test_group_that_reaches_no_customer_may_be_refused(correct_run):
    """Which customers a provider reaches, no bridge knows before (51), but a wrong sender is its own (43)."""
    send = request(service="textlocal", operation="send", status=400)

    assert found(correct_run.plus(send | {"summary": {"errors": [51]}})) == []
    assert found(correct_run.plus(send | {"summary": {"errors": [43]}})) != []


def test_refusal_without_a_code_is_found_by_its_status(correct_run):
    """What the service refuses before it reads the command, such as a body that is too long, has no code."""
    send = request(service="textlocal", operation="send", status=413, response_excerpt="Content Too Large")

    assert found(correct_run.plus(send)) == [("contract.requests", "bridge", "textlocal send: rejected")]


@pytest.mark.parametrize("status", [200, 400])
def test_message_that_is_already_out_need_not_be_withdrawn(correct_run, status):
    """The cancellation and the send time may cross, and a lost response is repeated; R408 judges what goes out."""
    refused = {"status": status, "response_excerpt": "nothing is scheduled", "summary": {"errors": [0]}}
    cancel = request(service="textlocal", operation="cancel_scheduled") | refused

    assert found(correct_run.plus(cancel)) == []
    assert found(correct_run.plus(cancel | {"operation": "create_group"})) != []


def test_rejected_batch_of_numbers_is_one_finding(correct_run):
    """The provider rejects each number of the batch."""
    rejection = {"n": 901, "at": START_TEXT, "kind": "rejection", "service": "textlocal", "number": "447100000001",
               "text": "x", "code": 33, "reason": "Too many numbers"}  # fmt: skip
    run = correct_run.plus(*(rejection | {"n": 901 + index} for index in range(3)))

    assert found(run) == [
        ("contract.batches", "bridge", "textlocal: a batch above the limit, rejected as a whole (33 Too many numbers)")
    ]


def test_404_for_empty_list_passes_only_with_that_dialect(correct_run):
    empty = request(operation="GetChannelTemplates", method="GET", status=404)
    header = correct_run.lines[0] | {"dialects": {"optimove.empty_result": "not_found"}}

    assert found(correct_run.plus(empty)) == [("contract.requests", "bridge", "optimove GetChannelTemplates: rejected")]
    assert found(HistoryBuilder((header, *correct_run.plus(empty).lines[1:]))) == []


def login(n: int, minute: int) -> Line:
    """Return a successful login."""
    return request(n=n, at=f"2026-03-02T07:{minute:02}:00.000Z", operation="Login", path="/login")


def with_token(n: int, minute: int, **fields: object) -> Line:
    """Return a request with the token of a login."""
    return request(n=n, at=f"2026-03-02T07:{minute:02}:00.000Z", **fields)


def test_request_that_shows_the_end_of_a_token_passes(correct_run):
    """The bridge logs in after the 403 response, and repeats the request."""
    expired = with_token(902, 31, status=403, credential="refused")

    assert found(correct_run.plus(login(900, 1), expired, login(903, 31), with_token(904, 31))) == []


def test_rejected_request_without_a_renewal_fails(correct_run):
    """Without a login before it, no token ended; without a repetition, the request is lost."""
    expired = with_token(902, 31, status=403, credential="refused")
    cause = ("contract.credentials", "config", "optimove AddChannelTemplates: an invalid credential")

    assert found(correct_run.plus(login(900, 1), expired)) == [cause]
    assert found(correct_run.plus(login(900, 1), expired, login(903, 31))) == [cause]
    assert found(correct_run.plus(login(900, 1), expired, login(903, 50), with_token(904, 50))) == [cause]
    assert found(correct_run.plus(expired, login(903, 31), with_token(904, 31))) == [cause]


def test_login_that_fails_with_status_500_has_an_invalid_credential(correct_run):
    """One client saw this status. Elsewhere it is the simulator's own failure."""
    failed = request(operation="Login", path="/login", status=500)

    run = with_dialects(correct_run, {"optimove.login_failure": "500"}).plus(failed)

    assert found(run) == [("contract.credentials", "config", "optimove Login: an invalid credential")]
    assert [blame for _, blame, _ in found(correct_run.plus(failed))] == ["harness"]


def test_token_after_the_end_of_logins_is_named(correct_run):
    """With the dialect of the old days it is a token like any other."""
    late = with_token(902, 31, status=401, credential="refused", credential_name="login")
    header = correct_run.lines[0] | {"dialects": {"optimove.password_login": "accepted"}}

    ((_, blame, cause),) = found(correct_run.plus(late))
    assert (blame, "login with a password, which ended on 1 February 2024" in cause) == ("bridge", True)
    ((_, _, cause),) = found(HistoryBuilder((header, *correct_run.plus(late).lines[1:])))
    assert cause == "optimove AddChannelTemplates: an invalid credential"


def unauthenticated(**fields: object) -> Line:
    """Return a request that belongs to no sandbox."""
    return {"n": 0, "at": START_TEXT, "kind": "unauthenticated", "service": "optimove", "operation": None,
            "method": "GET", "path": "/current/x", "credential": "missing", "status": 401} | fields  # fmt: skip


def test_requests_that_belong_to_no_sandbox_count(correct_run):
    """A wrong key must not keep a request out of the verdict."""
    run = correct_run.plus(unauthenticated(), unauthenticated(credential="unknown", operation="GetChannelTemplates"))
    before, after = (credentials.CHECKS[0].run(part.history()).looked_at for part in (correct_run, run))

    assert found(run) == [
        ("contract.credentials", "bridge", "optimove GET /current/x: no credential"),
        ("contract.credentials", "config", "optimove GetChannelTemplates: a credential of no client"),
    ]
    assert after == before + 2


def test_request_that_another_bridge_may_have_made_is_noted(correct_run):
    run = correct_run.plus(unauthenticated(shared=True))

    assert [finding.level for finding in run.findings(credentials.CHECKS, "fail", "unknown", "note")] == ["note"]


def test_bridge_without_any_request_does_not_pass(correct_run):
    """A check that looked at nothing is unknown, and so is the run."""
    run = correct_run.without("request").without("obligation").without("campaign")
    statuses = {result.check.id: result.status for result in run.verdict().results}

    assert statuses["contract.credentials"] == statuses["contract.requests"] == "unknown"


@pytest.mark.parametrize(("differs", "blame"), [("no header x", "bridge"), (None, "config")])
def test_wrong_form_of_a_signature_is_blamed_on_the_bridge(correct_run, differs, blame):
    """Another token is a matter of the settings."""
    refused = request(service="optimove-metrics", operation="saveEvent", status=401, differs=differs)
    ((_, found_blame, cause),) = found(correct_run.plus(refused))

    assert found_blame == blame
    assert cause == "optimove-metrics saveEvent: an invalid credential" + (f": {differs}" if differs else "")


@pytest.mark.parametrize(("clients", "blame"), [(0, "config"), (1, "bridge")])
def test_account_of_another_client_is_blamed_on_a_bridge_that_has_several(correct_run, clients, blame):
    """With one client, only its settings can have named another account."""
    refused = request(service="delivyr", operation="sendSms", status=401, credential="foreign", differs="another's")
    other = {"n": 0, "at": START_TEXT, "kind": "other_client", "client": "beta", "templates": []}
    ((_, found_blame, cause),) = found(correct_run.plus(refused, *[other] * clients))

    assert found_blame == blame
    assert cause == "delivyr sendSms: a credential of another client: another's"


def test_missing_member_is_named_with_the_name_that_was_sent(correct_run):
    missing = [violation("body.text", "required")]
    run = correct_run.plus(request(status=400, violations=missing, differs="you sent txt, send wants text"))
    (finding,) = run.findings(contract.CHECKS)

    assert finding.expected.endswith("; you sent txt, send wants text")


def test_login_of_no_client_says_that_logins_ended(correct_run):
    """A client since then has no password to give."""
    ((_, blame, cause),) = found(correct_run.plus(unauthenticated(operation="Login", credential="unknown")))

    assert cause.startswith("optimove Login: a login of no client; logins ended on 1 February 2024")
    assert blame == "bridge"
