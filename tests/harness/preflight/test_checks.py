"""The preflight checks at real simulators: correct and wrong handovers, unknown results, and who has to act."""

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from preflight_helpers import changed, optimove, register, results, wrong
from sendproof_harness.handover.reader import parse_client
from sendproof_harness.preflight.checks import run_checks, run_checks_before_run
from sendproof_harness.run.processes import free_port
from stand_in import serving, stand_in


def with_key(simulators, handover, **scope):
    """Return the handover with another key of this scope."""
    created = simulators.call("POST", f"/sandboxes/{handover['sandbox']}/services/optimove/keys", scope)
    return changed(handover, "services", "optimove", "credentials", "api_key", to=created["key"])


def test_handover_of_a_run_is_correct(new_handover):
    """Numbers, listeners and requests are unknown before a bridge runs."""
    found = results(new_handover())
    # Other tests at these simulators send such requests.
    found.pop("requests without a known credential", None)
    unknown = {subject for subject, result in found.items() if result.status == "unknown"}
    assert unknown == {"numbers in PHONENUMBER", "listeners", "requests of the bridge"}
    assert {result.status for subject, result in found.items() if subject not in unknown} == {"ok"}
    assert {"address of optimove", "apptoken of xtremepush", "account_id and api_key of delivyr"} <= found.keys()


def test_correct_handover_is_never_wrong_in_any_dialect(simulators, new_handover):
    """The checks must not depend on an assumption about a real API."""
    dialects = simulators.call("GET", "/dialects")
    # Each run sets as many dialects as possible, so that each option occurs in one run.
    most_options = max(len(dialect["options"]) for service in dialects.values() for dialect in service)
    settings = [
        {
            f"{service}.{dialect['name']}": dialect["options"][position % len(dialect["options"])]["value"]
            for service, service_dialects in dialects.items()
            for dialect in service_dialects
        }
        for position in range(most_options)
    ]
    found = {str(setting): wrong(new_handover(dialects=setting)) for setting in settings}
    assert {setting: subjects for setting, subjects in found.items() if subjects} == {}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["services", "textlocal", "url"], "ftp://here", {"address of textlocal": "config"}),
        (["services", "textlocal", "credentials"], {"apikey": "x"}, {"apikey of textlocal": "config"}),
        (["services", "textlocal", "credentials"], {"user": "x"}, {"credentials of textlocal": "config"}),
        (["services", "xtremepush", "credentials", "apptoken"], "x", {"apptoken of xtremepush": "config"}),
        (["services", "delivyr", "credentials", "api_key"], "x", {"account_id and api_key of delivyr": "config"}),
        (["services", "optimove", "credentials", "api_key"], "x\ny", {"api_key of optimove": "config"}),
        (["channels", 0, "provider"], "carrier", {"provider of channel 505": "config"}),
        (["channels", 1, "id"], 505, {"id of channel 505": "config"}),
        (["attributes", "phone"], "MOBILE", {"attribute MOBILE": "config"}),
        (["attributes", "consent"], "MAY_SEND", {"attribute MAY_SEND": "config"}),
    ],
    ids=str,
)
def test_one_mistake_makes_only_its_subject_wrong(new_handover, path, value, expected):
    assert wrong(changed(new_handover(), *path, to=value)) == expected


def test_wrong_key_makes_its_scope_unknown(new_handover):
    found = results(changed(new_handover(), "services", "optimove", "credentials", "api_key", to="not-this-one"))
    assert found["api_key of optimove"].status == "wrong"
    assert found["scope of the key: AddChannelTemplates"].status == "unknown"


def test_unknown_channel_neither_exists_nor_is_in_scope(new_handover):
    found = wrong(changed(new_handover(), "channels", 0, "id", to=999))
    assert found == {"channel 999": "config", "scope of the key: channel 999": "config"}


def test_address_without_a_server_is_blamed_on_the_network(new_handover):
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    found = results(changed(new_handover(), "services", "xtremepush", "url", to=url))
    assert (found["address of xtremepush"].blame, found["apptoken of xtremepush"].status) == ("network", "unknown")


@pytest.mark.parametrize("service", ["optimove", "textlocal", "xtremepush", "delivyr"])
def test_other_service_at_an_address_is_wrong(new_handover, service):
    """A server that gives every request the same response is not one of the services."""
    with stand_in() as other:
        found = results(changed(new_handover(), "services", service, "url", to=other.url))
    assert found[f"address of {service}"].status == "wrong"
    assert "another service responds there" in found[f"address of {service}"].action


@pytest.mark.parametrize(
    ("access", "action"),
    [
        ("Admin", "have a key of type Integrations created: this one may read and change everything at the client"),
        ("Transactional", "have a key of type Integrations created: all functions that a bridge needs refuse this one"),
    ],
)
def test_key_of_another_access_type_is_wrong(simulators, new_handover, access, action):
    """A vendor's guide demands Integrations."""
    found = results(with_key(simulators, new_handover(), access=access))["access type of the key"]
    assert (found.status, found.got, found.action, found.blame) == ("wrong", access, action, "config")


def test_bridge_that_changes_attributes_needs_an_admin_key(new_handover):
    handover = changed(new_handover(), "bridge", to={"opt_outs": "attribute"})
    key = handover["services"]["optimove"]["credentials"]["api_key"]
    found = results(changed(handover, "services", "optimove", "credentials", "admin_key", to=key))
    assert (found["access type of the key"].status, found["access type of the key"].expected) == (
        "wrong",
        "a key of type Admin",
    )


def test_run_is_refused_with_a_key_that_may_call_nothing(simulators, new_handover):
    """With an Admin key a bridge works, so the run begins."""

    def problems(access):
        handover = parse_client(with_key(simulators, new_handover(), access=access), "it")
        return {result.subject for result in run_checks_before_run(handover) if result.status == "wrong"}

    assert problems("Admin") == set()
    assert "scope of the key: RegisterEventListener" in problems("Transactional")


def test_key_without_a_channel_is_wrong(simulators, new_handover):
    handover = with_key(simulators, new_handover(), channels=[505, 600])
    assert wrong(handover) == {"scope of the key: channel 452": "config"}


def test_key_without_an_attribute_is_wrong(simulators, new_handover):
    """The attribute exists, but this key cannot read it."""
    handover = with_key(simulators, new_handover(), attributes=["SMS_OPT_IN"])
    assert wrong(handover) == {"attribute PHONENUMBER": "config"}


def test_key_without_a_function_is_wrong(simulators, new_handover):
    functions = ["RegisterEventListener", "GetCustomerSendDetailsByChannel", "GetChannelTemplates"]
    handover = with_key(simulators, new_handover(), functions=functions)
    assert wrong(handover) == {"scope of the key: AddChannelTemplates": "config"}


def test_clock_of_an_unknown_sandbox_is_wrong_and_no_clock_is_not(new_handover):
    """Other environments have no clock."""
    handover = new_handover()
    other_clock = handover["clock_url"].replace(handover["sandbox"], "gone")
    assert wrong(changed(handover, "clock_url", to=other_clock)) == {"clock": "config"}
    assert "clock" not in results({key: value for key, value in handover.items() if key != "clock_url"})


def test_attribute_of_a_customer_without_numbers_is_wrong(new_handover):
    """The value is personal data and is not shown."""
    handover = new_handover(audience={"customers": 3}, dialects={"optimove.unlisted_functions": "allowed"})
    assert results(handover, "C0000001")["numbers in PHONENUMBER"].got == "1 of 1 are usable"
    other_attribute = changed(handover, "attributes", "phone", to="FIRST_NAME")
    found = results(other_attribute, "C0000001")["numbers in FIRST_NAME"]
    assert found.status == "wrong"
    assert "characters, 0 of them digits" in found.got


def test_named_customer_without_a_readable_number_is_reported(new_handover):
    """The check must not pass because of the other customer."""
    handover = new_handover(audience={"customers": 3}, dialects={"optimove.unlisted_functions": "allowed"})
    found = results(handover, "C0000001", "C9999999")
    unknown = found["customer C9999999"]
    assert (unknown.status, unknown.got) == ("unknown", "no readable PHONENUMBER")
    assert "customer C0000001" not in found


def test_usable_numbers_of_a_campaign_are_counted(simulators, new_handover):
    """The newest campaign on one of the channels counts; the history contains the unusable numbers."""
    handover = new_handover(audience={"customers": 50, "unusable_numbers": 0.3})
    sandbox = f"/sandboxes/{handover['sandbox']}"
    templates = [{"TemplateID": 1, "TemplateName": "Welcome"}]
    optimove(handover, "POST", "integrations/AddChannelTemplates", params={"ChannelID": 505}, json=templates)
    campaign = {
        "campaign": 7001,
        "channel": 505,
        "customers": 50,
        "announce_at": "2026-03-02T06:30:00Z",
        "splits": [{"share": 1.0, "template": "Welcome", "send_at": "2026-03-02T09:00:00Z"}],
    }
    simulators.call("POST", f"{sandbox}/providers/textlocal/templates", [{"title": "Welcome", "body": "Hi"}])
    simulators.call("POST", f"{sandbox}/campaigns", campaign)
    simulators.call("POST", f"{sandbox}/clock/advance", {"to": "2026-03-02T08:00:00Z"})
    found = results(handover)["numbers in PHONENUMBER"]
    history = simulators.history(handover["sandbox"])
    unusable = [line for line in history if line.get("reason") == "unusable_number"]
    assert 0 < len(unusable) < 50
    assert (found.status, found.got) == ("ok", f"{50 - len(unusable)} of 50 are usable")


def test_listener_with_any_response_is_ok_and_its_path_is_not_shown(new_handover):
    """The path may contain a secret of the bridge. A listener without a response is a problem of the network."""
    handover = new_handover()
    with stand_in() as bridge:
        register(handover, f"{bridge.url}/secret/13")
        address = bridge.url.removeprefix("http://")
        assert results(handover)[f"listener at {address}"].got == "status 405"
    found = results(handover)[f"listener at {address}"]
    assert (found.status, found.blame) == ("wrong", "network")
    assert "secret" not in str(found)


def test_listeners_with_several_paths_at_one_address_are_one_result(new_handover):
    """A bridge that is not started has one problem, however many events and channels it serves."""
    handover = new_handover()
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    register(handover, f"http://{address}/13")
    register(handover, f"http://{address}/4", event=4)
    subjects = [result.subject for _, result in run_checks(parse_client(handover, "handover"), ())]
    assert subjects.count(f"listener at {address}") == 1


def test_listener_with_a_server_error_is_blamed_on_the_bridge(new_handover):
    handover = new_handover()
    failing = Route("/13", lambda request: Response(status_code=503), methods=["OPTIONS"])
    with serving(Starlette(routes=[failing])) as bridge:
        register(handover, f"{bridge}/13")
        assert wrong(handover)[f"listener at {bridge.removeprefix('http://')}"] == "bridge"


def test_each_channel_needs_the_listener_of_its_kind(new_handover):
    """A scheduled channel needs event 13, a triggered one event 11."""
    handover = new_handover()
    with stand_in() as bridge:
        register(handover, bridge.url, 13, 505)
        register(handover, bridge.url, 13, 600)
        found = results(handover)
    assert {subject: result.status for subject, result in found.items() if subject.startswith("listener of")} == {
        "listener of channel 505": "ok",
        "listener of channel 600": "wrong",
        "listener of channel 452": "wrong",
    }


def test_bridge_must_respond_once_a_listener_is_registered_there(new_handover):
    handover = new_handover()
    with stand_in() as bridge:
        host, port = bridge.url.removeprefix("http://").split(":")
        handover["listen"] = {"host": host, "port": int(port)}
        assert results(handover)["address of the bridge"].status == "ok"
    assert results(handover)["address of the bridge"].status == "unknown"
    register(handover, f"{bridge.url}/13")
    assert wrong(handover)["address of the bridge"] == "bridge"


def test_unknown_host_is_wrong_before_a_run():
    """Such a run cannot succeed, while a bridge that does not respond yet may still start."""
    handover = {
        "services": {"optimove": {"url": "nowhere"}},
        "channels": [{"id": 505, "provider": "optimove"}],
        "attributes": {"phone": "PHONENUMBER"},
        "country": "GB",
        "listen": {"host": "no..host", "port": 9000},
    }
    found = {result.subject: result.status for result in run_checks_before_run(parse_client(handover, "handover"))}
    assert (found["address of the bridge"], found["address of optimove"]) == ("wrong", "wrong")
    assert found["scope of the key: UpdateCampaignMetrics"] == "unknown"


def test_near_miss_of_a_request_is_reported_with_its_number(new_handover):
    """The doctor reads the request log of the sandbox."""
    handover = new_handover()
    service = handover["services"]["textlocal"]
    for _ in range(2):
        requests.post(f"{service['url']}/Send", data={"apikey": service["credentials"]["apikey"]}, timeout=60)
    result = results(handover)["textlocal send"]

    assert (result.status, result.blame) == ("wrong", "bridge")
    assert result.got == "2 times: no such path; nearest: POST /send (paths match in this case only)"


def test_credential_in_a_wrong_header_is_reported(new_handover):
    handover = new_handover()
    service = handover["services"]["optimove"]
    headers = {"Authorization": f"Bearer {service['credentials']['api_key']}"}
    requests.get(f"{service['url']}/current/general/GetLastDataUpdate", headers=headers, timeout=60)

    got = results(handover)["optimove GetLastDataUpdate"].got
    assert got == "once: you sent Authorization, Optimove wants X-API-KEY"


def test_try_of_a_function_beyond_the_key_is_no_certain_mistake(new_handover):
    """The doctor itself tries such functions, and a bridge may do so too."""
    handover = new_handover()
    service = handover["services"]["optimove"]
    headers = {"X-API-KEY": service["credentials"]["api_key"]}
    requests.get(f"{service['url']}/current/actions/GetExecutionChannels", headers=headers, timeout=60)
    result = results(handover)["optimove GetExecutionChannels"]

    assert (result.status, result.got) == ("unknown", "once: the credential may not call GetExecutionChannels")


def test_requests_without_a_near_miss_are_ok(new_handover):
    handover = new_handover()
    optimove(handover, "GET", "general/GetLastDataUpdate")

    assert results(handover)["requests of the bridge"].status == "ok"


def test_preflight_requests_are_recorded_separately_and_not_limited(simulators, new_handover):
    handover = new_handover()
    unauthenticated = simulators.call("GET", "/unauthenticated-requests")
    for _ in range(10):
        results(handover)
    for _ in range(50):
        optimove(handover, "GET", "general/GetLastDataUpdate")
    kinds = [line["kind"] for line in simulators.history(handover["sandbox"])]
    assert (kinds.count("request"), kinds.count("preflight") > 50) == (50, True)
    assert simulators.call("GET", "/unauthenticated-requests") == unauthenticated


def test_request_that_changes_something_is_never_a_preflight_request(simulators, new_handover):
    """A bridge gains nothing by sending the header."""
    handover = new_handover()
    body = {"EventTypeID": 13, "ListenerURL": "http://127.0.0.1:9/", "ChannelID": 505}
    optimove(handover, "POST", "general/RegisterEventListener", {"Sendproof-Preflight": "1"}, json=body)
    kinds = [line["kind"] for line in simulators.history(handover["sandbox"])]
    assert ("request" in kinds, "preflight" in kinds) == (True, False)
