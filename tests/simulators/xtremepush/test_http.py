"""Xtremepush over real HTTP, with all other simulators in the process."""

import pytest
import requests

MONDAY = "2026-03-02T09:00:00Z"
CHANNELS = [{"id": 501, "provider": "xtremepush"}, {"id": 444, "provider": "xtremepush"}]


@pytest.fixture
def sandbox(simulators):
    """Return a sandbox on virtual time, with Xtremepush's two channels."""
    request = {"seed": 7, "clock": {"mode": "virtual", "start": MONDAY}, "channels": CHANNELS}
    return simulators.call("POST", "/sandboxes", request)


def call_method(sandbox, method, **fields):
    """Call a method with the sandbox's token."""
    service = sandbox["services"]["xtremepush"]
    body = {**service["credentials"], **fields}
    return requests.post(f"{service['url']}/api/external/{method}", json=body, timeout=60)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("list/campaign", {"apptoken": "sendproof-xtremepush-token"}, 200),
        ("list/campaign", {"apptoken": "wrong"}, 401),
        ("list/campaign", {}, 400),
        ("list/campaign", [], 400),
        ("lst/campaign", {"apptoken": "sendproof-xtremepush-token"}, 405),
        ("list/unicorn", {"apptoken": "sendproof-xtremepush-token"}, 404),
    ],
)
def test_http_status_is_code_of_body(simulators, path, body, code):
    url = simulators.services["xtremepush"]["url"]
    response = requests.post(f"{url}/api/external/{path}", json=body, timeout=60)
    assert (response.status_code, response.json()["code"], response.json()["success"]) == (code, code, code == 200)


def test_other_http_method_is_405(simulators):
    """Methods are always POST (documented)."""
    url = simulators.services["xtremepush"]["url"]
    response = requests.get(f"{url}/api/external/list/campaign", timeout=60)
    assert (response.status_code, response.headers["allow"], response.json()["code"]) == (405, "POST", 405)


def test_body_that_is_no_json_is_refused(simulators):
    url = simulators.services["xtremepush"]["url"] + "/api/external/list/campaign"
    for headers in ({"content-type": "application/json"}, {"content-type": "text/plain"}, {}):
        response = requests.post(url, data=b"\xff\x00{", headers=headers, timeout=60)
        assert (response.status_code, response.json()["success"]) == (400, False)


def test_body_beyond_size_limit_is_refused(simulators):
    url = simulators.services["xtremepush"]["url"] + "/api/external/import/profile"
    response = requests.post(url, data=b" " * (8 * 1024 * 1024 + 1), timeout=60)
    assert (response.status_code, response.json()["code"]) == (413, 413)


def test_every_message_has_one_final_status_in_history(simulators, sandbox):
    control = f"/sandboxes/{sandbox['sandbox']}"
    new = [{"title": "Spring", "body": "Hello {{FIRST_NAME}}"}]
    (template,) = simulators.call("POST", f"{control}/providers/xtremepush/templates", new)
    targets = {
        f"C{index:07d}": {"mobile_number": str(447_100_000_000 + index), "mobile_subscription": 1, "first_name": "Ann"}
        for index in range(1_000)
    }
    fields = {"id": template["id"], "target_with_params": targets, "target_by": "user_id", "target_existing_only": 0}
    assert call_method(sandbox, "execute/campaign", **fields).json()["success"]
    simulators.call("POST", f"{control}/clock/advance", {"by_ms": 7 * 86_400_000})
    lines = simulators.history(sandbox["sandbox"])
    sent, ended = (
        [line["message"] for line in lines if line["kind"] == kind] for kind in ("delivery", "delivery_status")
    )
    assert len(sent) == len(set(sent)) == 1_000
    assert sorted(sent) == sorted(ended)
    assert {line["text"] for line in lines if line["kind"] == "delivery"} == {"Hello Ann"}


def test_settings_are_read_and_replaced_by_control_api(simulators, sandbox):
    path = f"{simulators.control}/control/sandboxes/{sandbox['sandbox']}/providers"
    settings = {"webhooks": [{"url": "http://127.0.0.1:9/hooks", "authentication": {"kind": "signed", "secret": "s"}}]}
    assert requests.get(f"{path}/xtremepush/settings", timeout=60).json() == {
        "webhooks": [],
        "suppression": None,
        "segments": {},
        "other_messages": False,
    }
    replaced = requests.put(f"{path}/xtremepush/settings", json=settings, timeout=60).json()
    assert replaced["webhooks"][0]["authentication"] == {"kind": "signed", "secret": "s"}
    remote = requests.put(f"{path}/xtremepush/settings", json={"webhooks": [{"url": "http://192.0.2.1"}]}, timeout=60)
    assert (remote.status_code, "allow_remote_webhooks" in remote.json()["detail"]) == (409, True)
    assert requests.get(f"{path}/xtremepush/settings", timeout=60).json() == replaced
    assert requests.get(f"{path}/optimove/settings", timeout=60).status_code == 404


def test_campaign_on_channel_444_is_refused(simulators, sandbox):
    """It only carries subscriptions back to Optimove (documented)."""
    plan = {
        "campaign": 1,
        "channel": 444,
        "customers": 10,
        "splits": [{"share": 1, "template": "Spring", "send_at": MONDAY}],
    }
    path = f"{simulators.control}/control/sandboxes/{sandbox['sandbox']}/campaigns"
    response = requests.post(path, json=plan, timeout=60)
    assert response.status_code == 409
    assert "channel 444 only carries the subscription status from xtremepush to Optimove" in response.json()["detail"]
    assert "in this sandbox: 501" in response.json()["detail"]


@pytest.mark.parametrize(("dialect", "refused"), [("none", 0), ("50_per_second", 10)])
def test_rate_limit_follows_dialect(simulators, dialect, refused):
    """None is published. The clock does not advance between the calls."""
    request = {"seed": 7, "clock": {"mode": "virtual"}, "dialects": {"xtremepush.rate_limit": dialect}}
    sandbox = simulators.call("POST", "/sandboxes", request)
    codes = [call_method(sandbox, "list/campaign").status_code for _ in range(60)]
    assert codes == [200] * (60 - refused) + [429] * refused
    simulators.call("POST", f"/sandboxes/{sandbox['sandbox']}/clock/advance", {"by_ms": 1_001})
    assert call_method(sandbox, "list/campaign").status_code == 200


def test_obligations_of_optimove_are_sent_by_xtremepush(simulators):
    audience = {"customers": 60, "opted_out": 0.1, "unusable_numbers": 0.1}
    clock = {"mode": "virtual", "start": MONDAY}
    request = {"seed": 7, "clock": clock, "audience": audience, "channels": CHANNELS}
    sandbox = simulators.call("POST", "/sandboxes", request)
    template = announced_template(simulators, sandbox)
    names = "SMS_OPT_IN;PHONENUMBER;FIRST_NAME;CITY"
    path = f"customers/GetCustomerSendDetailsByChannel?CampaignID=1&ChannelID=501&CustomerAttributes={names}"
    rows = call_optimove(sandbox, "GET", path).json()
    unsubscribed = {row["user_id"] for row in call_method(sandbox, "list/profile").json()["data"]}
    customers = {row["CustomerID"]: row["CustomerAttributes"] for row in rows if row["CustomerID"] not in unsubscribed}
    fields = {"id": template, "target_by": "user_id", "target_existing_only": 0, "async": False}
    call_method(
        sandbox, "execute/campaign", target_with_params=dict(map(target_for_customer, customers.items())), **fields
    )
    lines = simulators.history(sandbox["sandbox"])
    obligations = {(line["number"], line["text"]) for line in lines if line["kind"] == "obligation" and line["owed"]}
    sent = [(line["number"], line["text"]) for line in lines if line["kind"] == "delivery"]
    assert (len(rows), 30 < len(obligations) < 60, len(sent)) == (60, True, len(obligations))
    assert set(sent) == obligations


def announced_template(simulators, sandbox):
    """Create a template, register it in Optimove, and schedule a campaign with it for all customers; return its id."""
    control = f"/sandboxes/{sandbox['sandbox']}"
    new = [{"title": "Spring", "body": "Hello {{FIRST_NAME}} of {{CITY}}"}]
    (template,) = simulators.call("POST", f"{control}/providers/xtremepush/templates", new)
    known = [{"TemplateID": template["id"], "TemplateName": template["title"]}]
    assert call_optimove(sandbox, "POST", "integrations/AddChannelTemplates?ChannelID=501", json=known).ok
    splits = [{"share": 1, "template": "Spring", "send_at": MONDAY}]
    simulators.call("POST", f"{control}/campaigns", {"campaign": 1, "channel": 501, "customers": 60, "splits": splits})
    simulators.call("POST", f"{control}/clock/advance", {"by_ms": 1_000})
    return template["id"]


def call_optimove(sandbox, method, path, **more):
    """Call Optimove with the sandbox's key."""
    service = sandbox["services"]["optimove"]
    headers = {"X-API-KEY": service["credentials"]["api_key"]}
    return requests.request(method, f"{service['url']}/current/{path}", headers=headers, timeout=60, **more)


def target_for_customer(customer):
    """Return the target for a customer, with the number in Xtremepush's form, or without one."""
    user_id, (consent, spelled, first_name, city) = customer
    digits = "".join(filter(str.isdigit, spelled or ""))
    number = "44" + digits.removeprefix("0044").removeprefix("44").removeprefix("0")
    variables = {"mobile_number": number if len(number) == 12 else "", "mobile_subscription": int(consent or 0)}
    return user_id, {**variables, "FIRST_NAME": first_name, "CITY": city}
