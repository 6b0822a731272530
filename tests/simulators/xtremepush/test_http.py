"""Xtremepush over real HTTP, beside the other simulators."""

import pytest
import requests

MONDAY = "2026-03-02T09:00:00Z"
CHANNELS = [{"id": 501, "provider": "xtremepush"}, {"id": 444, "provider": "xtremepush"}]


@pytest.fixture
def sandbox(simulators):
    """A sandbox on virtual time, with two channels that Xtremepush has."""
    made = {"seed": 7, "clock": {"mode": "virtual", "start": MONDAY}, "channels": CHANNELS}
    return simulators.call("POST", "/sandboxes", made)


def ask(sandbox, method, **fields):
    """Call a method with the sandbox's token."""
    service = sandbox["services"]["xtremepush"]
    body = {**service["credentials"], **fields}
    return requests.post(f"{service['url']}/api/external/{method}", json=body, timeout=30)


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
def test_the_status_is_the_code(simulators, path, body, code):
    """For whoever calls, known or not."""
    url = simulators.services["xtremepush"]["url"]
    response = requests.post(f"{url}/api/external/{path}", json=body, timeout=10)
    assert (response.status_code, response.json()["code"], response.json()["success"]) == (code, code, code == 200)


def test_only_post_is_answered(simulators):
    """Always POST (documented)."""
    url = simulators.services["xtremepush"]["url"]
    response = requests.get(f"{url}/api/external/list/campaign", timeout=10)
    assert (response.status_code, response.headers["allow"], response.json()["code"]) == (405, "POST", 405)


def test_a_body_that_is_no_json_is_refused(simulators):
    """Whatever it claims to be."""
    url = simulators.services["xtremepush"]["url"] + "/api/external/list/campaign"
    for headers in ({"content-type": "application/json"}, {"content-type": "text/plain"}, {}):
        response = requests.post(url, data=b"\xff\x00{", headers=headers, timeout=10)
        assert (response.status_code, response.json()["success"]) == (400, False)


def test_a_body_beyond_the_limit_is_refused(simulators):
    """In the service's own form."""
    url = simulators.services["xtremepush"]["url"] + "/api/external/import/profile"
    response = requests.post(url, data=b" " * (16 * 1024 * 1024 + 1), timeout=30)
    assert (response.status_code, response.json()["code"]) == (413, 413)


def test_a_week_of_a_campaign_is_in_the_history(simulators, sandbox):
    """Accepted once, ended once, for each of a thousand."""
    control = f"/sandboxes/{sandbox['sandbox']}"
    new = [{"title": "Spring", "body": "Hello {{FIRST_NAME}}"}]
    (template,) = simulators.call("POST", f"{control}/providers/xtremepush/templates", new)
    people = {
        f"C{place:07d}": {"mobile_number": str(447_100_000_000 + place), "mobile_subscription": 1, "first_name": "Ann"}
        for place in range(1_000)
    }
    fields = {"id": template["id"], "target_with_params": people, "target_by": "user_id", "target_existing_only": 0}
    assert ask(sandbox, "execute/campaign", **fields).json()["success"]
    simulators.call("POST", f"{control}/clock/advance", {"by_ms": 7 * 86_400_000})
    lines = simulators.history(sandbox["sandbox"])
    sent, ended = (
        [line["message"] for line in lines if line["kind"] == kind] for kind in ("delivery", "delivery_status")
    )
    assert len(sent) == len(set(sent)) == 1_000
    assert sorted(sent) == sorted(ended)
    assert {line["text"] for line in lines if line["kind"] == "delivery"} == {"Hello Ann"}


def test_settings_are_made_through_the_control_api(simulators, sandbox):
    """As a user of the real service makes them on its website; another service has none."""
    path = f"{simulators.control}/control/sandboxes/{sandbox['sandbox']}/providers"
    wanted = {"webhooks": [{"url": "http://127.0.0.1:9/hooks", "authentication": {"kind": "signed", "secret": "s"}}]}
    assert requests.get(f"{path}/xtremepush/settings", timeout=10).json() == {"webhooks": [], "suppression": None}
    made = requests.put(f"{path}/xtremepush/settings", json=wanted, timeout=10).json()
    assert made["webhooks"][0]["authentication"] == {"kind": "signed", "secret": "s"}
    remote = requests.put(f"{path}/xtremepush/settings", json={"webhooks": [{"url": "http://192.0.2.1"}]}, timeout=10)
    assert (remote.status_code, "allow_remote_webhooks" in remote.json()["detail"]) == (400, True)
    assert requests.get(f"{path}/xtremepush/settings", timeout=10).json() == made
    assert requests.get(f"{path}/optimove/settings", timeout=10).status_code == 404


def test_no_campaign_goes_out_through_444(simulators, sandbox):
    """It only carries subscriptions back to Optimove (documented)."""
    plan = {
        "campaign": 1,
        "channel": 444,
        "customers": 10,
        "splits": [{"share": 1, "template": "Spring", "send_at": MONDAY}],
    }
    path = f"{simulators.control}/control/sandboxes/{sandbox['sandbox']}/campaigns"
    response = requests.post(path, json=plan, timeout=10)
    assert response.status_code == 409
    assert "channel 444 only carries the subscription status from xtremepush to Optimove" in response.json()["detail"]
    assert "in this sandbox: 501" in response.json()["detail"]


@pytest.mark.parametrize(("dialect", "refused"), [("none", 0), ("50_per_second", 10)])
def test_a_rate_limit_is_a_dialect(simulators, dialect, refused):
    """None is published; on a clock that stands still, a second lasts."""
    made = {"seed": 7, "clock": {"mode": "virtual"}, "dialects": {"xtremepush.rate_limit": dialect}}
    sandbox = simulators.call("POST", "/sandboxes", made)
    codes = [ask(sandbox, "list/campaign").status_code for _ in range(60)]
    assert codes == [200] * (60 - refused) + [429] * refused
    simulators.call("POST", f"/sandboxes/{sandbox['sandbox']}/clock/advance", {"by_ms": 1_001})
    assert ask(sandbox, "list/campaign").status_code == 200


def test_what_optimove_owes_is_what_xtremepush_sends(simulators):
    """A template that is synchronised by its id, a campaign on it, and each customer's own attributes as variables."""
    audience = {"customers": 60, "opted_out": 0.1, "unusable_numbers": 0.1}
    clock = {"mode": "virtual", "start": MONDAY}
    made = {"seed": 7, "clock": clock, "audience": audience, "channels": CHANNELS}
    sandbox = simulators.call("POST", "/sandboxes", made)
    template = announced(simulators, sandbox)
    names = "SMS_OPT_IN;PHONENUMBER;FIRST_NAME;CITY"
    path = f"customers/GetCustomerSendDetailsByChannel?CampaignID=1&ChannelID=501&CustomerAttributes={names}"
    people = {row["CustomerID"]: row["CustomerAttributes"] for row in platform(sandbox, "GET", path).json()}
    fields = {"id": template, "target_by": "user_id", "target_existing_only": 0, "async": False}
    ask(sandbox, "execute/campaign", target_with_params=dict(map(as_target, people.items())), **fields)
    lines = simulators.history(sandbox["sandbox"])
    owed = {(line["number"], line["text"]) for line in lines if line["kind"] == "obligation" and line["owed"]}
    sent = [(line["number"], line["text"]) for line in lines if line["kind"] == "delivery"]
    assert (len(people), 30 < len(owed) < 60, len(sent)) == (60, True, len(owed))
    assert set(sent) == owed


def announced(simulators, sandbox):
    """Make a template, synchronise it, plan a campaign for everybody on it; the template's id."""
    control = f"/sandboxes/{sandbox['sandbox']}"
    new = [{"title": "Spring", "body": "Hello {{FIRST_NAME}} of {{CITY}}"}]
    (template,) = simulators.call("POST", f"{control}/providers/xtremepush/templates", new)
    known = [{"TemplateID": template["id"], "TemplateName": template["title"]}]
    assert platform(sandbox, "POST", "integrations/AddChannelTemplates?ChannelID=501", json=known).ok
    splits = [{"share": 1, "template": "Spring", "send_at": MONDAY}]
    simulators.call("POST", f"{control}/campaigns", {"campaign": 1, "channel": 501, "customers": 60, "splits": splits})
    simulators.call("POST", f"{control}/clock/advance", {"by_ms": 1_000})
    return template["id"]


def platform(sandbox, method, path, **more):
    """Call Optimove with the sandbox's key."""
    service = sandbox["services"]["optimove"]
    headers = {"X-API-KEY": service["credentials"]["api_key"]}
    return requests.request(method, f"{service['url']}/current/{path}", headers=headers, timeout=20, **more)


def as_target(customer):
    """What a careful bridge makes of one customer: the number as Xtremepush wants it, or none."""
    user_id, (consent, spelled, first_name, city) = customer
    digits = "".join(filter(str.isdigit, spelled or ""))
    number = "44" + digits.removeprefix("0044").removeprefix("44").removeprefix("0")
    person = {"mobile_number": number if len(number) == 12 else "", "mobile_subscription": int(consent or 0)}
    return user_id, {**person, "FIRST_NAME": first_name, "CITY": city}
