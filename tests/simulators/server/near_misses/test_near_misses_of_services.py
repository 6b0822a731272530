"""Near misses at each service and at the control API: what the journal says about a call that went wrong."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from running import RunningSimulators

REGISTER, PAGES = "/current/general/RegisterEventListener", "/current/customers/GetCustomerSendDetailsByChannel"
SMS, LIST = "/partner/customer_io/send_sms", "/api/external/list/campaign"
LISTENER = {"EventTypeID": 13, "ChannelID": 505, "ListenerURL": "http://127.0.0.1:9/x"}
TEXT = {"numbers": "447700900001", "message": "Hello"}
ACCOUNT = {"x-api-key": "{api_key}", "x-account-id": "{account_id}"}
KEY, CREDENTIAL, TOKEN = {"X-API-KEY": "{api_key}"}, {"apikey": "{apikey}"}, {"apptoken": "{apptoken}"}
MINIMAL = {"seed": 1, "clock": {"mode": "virtual", "start": "2026-03-02T08:00:00Z"}}
NO_PATH = "no such path; nearest: POST"

#: Service, call, and what differs. Braces are credentials of the sandbox.
CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("optimove", f"POST {REGISTER}", {"headers": {"Authorization": "Bearer {api_key}"}, "json": LISTENER},
     "you sent Authorization, Optimove wants X-API-KEY"),
    ("optimove", "POST /current/general/RegisterListener", {"headers": KEY, "json": LISTENER},
     f"{NO_PATH} {REGISTER}"),
    ("optimove", f"POST /current{REGISTER}", {"headers": KEY, "json": LISTENER},
     f"{NO_PATH} {REGISTER} (without /current in front)"),
    ("optimove", f"PUT {REGISTER}", {"headers": KEY, "json": LISTENER},
     f"you sent PUT, RegisterEventListener is POST {REGISTER}"),
    ("optimove", f"POST {REGISTER}", {"headers": KEY, "data": LISTENER},
     "you sent application/x-www-form-urlencoded, RegisterEventListener wants application/json"),
    ("optimove", f"GET {PAGES}", {"headers": KEY, "params": {"CampaignID": 1, "Channel": 505}},
     "you sent Channel in the query, GetCustomerSendDetailsByChannel wants ChannelID"),
    ("optimove", f"POST {REGISTER}", {"headers": KEY, "json": {**LISTENER, "ListenerURL": 5}},
     'body /ListenerURL: 5 is not of type "string"'),
    ("textlocal", "POST /send", {"data": {"api_key": "{apikey}", **TEXT}},
     "you sent api_key in the form, Textlocal wants apikey in the query or the form"),
    ("textlocal", "POST /Send", {"data": CREDENTIAL}, f"{NO_PATH} /send (paths match in this case only)"),
    ("textlocal", "POST /api/send", {"data": CREDENTIAL}, f"{NO_PATH} /send (without /api in front)"),
    ("textlocal", "POST /send", {"data": {**CREDENTIAL, "number": "447700900001", "message": "Hello"}},
     "you sent number in the form, send wants numbers"),
    ("textlocal", "POST /send", {"data": {**CREDENTIAL, **TEXT, "sendr": "Shop"}},
     "you sent sendr in the form, send wants sender"),
    ("textlocal", "POST /send", {"json": {**CREDENTIAL, **TEXT}},
     ("you sent apikey in the JSON body, Textlocal wants apikey in the query or the form;"
     " you sent application/json, send wants application/x-www-form-urlencoded")),
    ("textlocal", "PUT /send", {"params": CREDENTIAL}, "you sent PUT, send is GET or POST /send"),
    ("xtremepush", f"POST {LIST}", {"headers": {"Authorization": "Bearer {apptoken}"}, "json": {}},
     "you sent Authorization, Xtremepush wants apptoken in the JSON body"),
    ("xtremepush", f"POST {LIST}", {"json": {"apptoken": "{api_key of optimove}"}},
     "the value of apptoken is the api_key of optimove"),
    ("xtremepush", f"POST {LIST}", {"json": {**TOKEN, "conditon": []}},
     "you sent conditon in the body, list_campaign wants condition"),
    ("xtremepush", "POST /external/list/campaign", {"json": TOKEN},
     f"{NO_PATH} {LIST} (/api is missing in front)"),
    ("delivyr", f"POST {SMS}", {"headers": {"Authorization": "Bearer {api_key}"}, "json": {}},
     "you sent Authorization, Delivyr wants x-api-key"),
    ("delivyr", f"POST {SMS}", {"headers": {"x-api-key": "{api_key}", "account-id": "{account_id}"}, "json": {}},
     "you sent account-id in the headers, sendSms wants x-account-id"),
    ("delivyr", f"POST {SMS}", {"headers": ACCOUNT, "json": {"phone": "+12125550100", "template_id": "1"}},
     "you sent phone in the body, sendSms wants phone_number"),
    ("delivyr", "POST /send", {"headers": ACCOUNT, "data": CREDENTIAL},
     "no such path; send of textlocal is at {textlocal}/send"),
    ("optimove-metrics", "POST /api/saveEvents", {"json": {}},
     "no such path; nearest: POST /api/saveEvent; x-optimove-signature-version is missing, and the only version is 1"),
    ("control", f"POST {REGISTER}", {"headers": KEY, "json": LISTENER},
     "no such path at the control API; RegisterEventListener of optimove is at {optimove}" + REGISTER),
]  # fmt: skip


def filled(value: Any, credentials: Mapping[str, str]) -> Any:
    """Return a value with the credentials of a sandbox in place of their names."""
    if isinstance(value, dict):
        return {name: filled(item, credentials) for name, item in value.items()}
    if isinstance(value, str):
        for name, credential in credentials.items():
            value = value.replace("{" + name + "}", credential)
    return value


def last_near_miss(simulators: RunningSimulators, sandbox: str, service: str) -> str | None:
    """Return what differs in the last call, which may have belonged to no sandbox."""
    calls = [line for line in simulators.history(sandbox) if line["kind"] == "request"]
    if not calls:
        unknown = simulators.call("GET", "/unauthenticated-requests")["requests"]
        calls = [request for request in unknown if request["service"] == service]
    differs: str | None = calls[-1].get("differs")
    return differs


@pytest.mark.parametrize(("service", "call", "sent", "differs"), CASES)
def test_call_that_went_wrong_says_what_differs(
    simulators: RunningSimulators, service: str, call: str, sent: dict[str, Any], differs: str
) -> None:
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL)
    called = "optimove" if service == "control" else service
    known = {"api_key of optimove": sandbox["services"]["optimove"]["credentials"]["api_key"]}
    known |= sandbox["services"][called]["credentials"]
    known |= {name: urls["url"] for name, urls in simulators.call("GET", "/services").items()}
    method, path = call.split(" ")
    base = simulators.control if service == "control" else sandbox["services"][service]["url"]

    requests.request(method, base + path, **filled(sent, known), timeout=60)

    assert last_near_miss(simulators, sandbox["sandbox"], called) == filled(differs, known)


def test_account_of_another_sandbox_is_named(simulators: RunningSimulators) -> None:
    """A bridge for several clients mixes them up like this."""
    first, second = (simulators.call("POST", "/sandboxes", MINIMAL) for _ in range(2))
    mine, other = (sandbox["services"]["delivyr"]["credentials"] for sandbox in (first, second))
    headers = {"x-api-key": mine["api_key"], "x-account-id": other["account_id"]}

    requests.get(f"{first['services']['delivyr']['url']}/messages", headers=headers, timeout=60)

    (call,) = [line for line in simulators.history(first["sandbox"]) if line["kind"] == "request"]
    assert call["credential"] == "foreign"
    assert call["differs"] == f"x-account-id is that of sandbox '{second['sandbox']}', and the api_key is not"


def test_body_above_the_limit_is_recorded(simulators: RunningSimulators) -> None:
    """The body itself is not read."""
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL)
    service = sandbox["services"]["optimove"]
    headers = filled(KEY, service["credentials"]) | {"content-length": "999999999"}

    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("POST", service["url"] + REGISTER, headers=headers))
        prepared.headers["content-length"] = headers["content-length"]
        assert session.send(prepared, timeout=60).status_code == 413

    (call,) = [line for line in simulators.history(sandbox["sandbox"]) if line["kind"] == "request"]
    assert (call["status"], call["operation"]) == (413, "RegisterEventListener")
    assert call["differs"].startswith("the body is larger than ")


def test_control_api_names_the_port_of_a_service(simulators: RunningSimulators) -> None:
    response = requests.post(f"{simulators.control}/send", data={"apikey": "unknown"}, timeout=60)

    assert response.status_code == 404
    textlocal = simulators.services["textlocal"]["url"]
    assert response.json()["detail"] == f"no such path at the control API; send of textlocal is at {textlocal}/send"
