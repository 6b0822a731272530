"""Delivyr over real HTTP, with all other simulators in the process."""

from typing import Any

import pytest
import requests

from running import RunningSimulators

ACCOUNT, KEY = "sendproof-delivyr-account", "sendproof-delivyr-key"
SEND = "/partner/customer_io/send_sms"


def send(simulators: RunningSimulators, **headers: str) -> requests.Response:
    """Make a send with these headers."""
    body = {"template_id": "AAAAAAAA", "phone_number": "+12125650100"}
    return requests.post(simulators.services["delivyr"]["url"] + SEND, json=body, headers=headers, timeout=60)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": KEY},
        {"x-account-id": ACCOUNT},
        {"x-api-key": "wrong", "x-account-id": ACCOUNT},
        {"x-api-key": KEY, "x-account-id": "wrong"},
        {"x-api-key": ACCOUNT, "x-account-id": ACCOUNT},
    ],
)
def test_wrong_key_or_account_id_is_401(simulators, headers):
    """Documented: https://docs.delivyr.net/docs/customer-io. The account id alone proves nothing."""
    response = send(simulators, **headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")


def test_call_with_valid_credentials_is_checked(simulators):
    response = send(simulators, **{"x-api-key": KEY, "x-account-id": ACCOUNT})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "template_not_found")


@pytest.mark.parametrize(
    ("status", "code", "method", "path", "body", "media"),
    [
        (400, "invalid_request", "POST", SEND, b"{", "application/json"),
        (400, "invalid_request", "POST", SEND, b"", "application/json"),
        (400, "invalid_request", "POST", SEND, b"[" * 50_000, "application/json"),
        (400, "invalid_request", "POST", SEND, b'"\xff"', "application/json"),
        (415, "unsupported_media_type", "POST", SEND, b"template_id=1", "application/x-www-form-urlencoded"),
        (413, "payload_too_large", "POST", SEND, b" " * (64 * 1024 + 1), "application/json"),
        (405, "method_not_allowed", "GET", SEND, None, None),
        (404, "not_found", "POST", "/send_sms", b"{}", "application/json"),
        (404, "not_found", "GET", "/messages/unknown", None, None),
    ],
)
def test_error_has_code_message_and_status(simulators, status, code, method, path, body, media):
    """The form is assumed."""
    headers = {"x-api-key": KEY, "x-account-id": ACCOUNT} | ({"content-type": media} if media else {})
    url = simulators.services["delivyr"]["url"] + path
    response = requests.request(method, url, data=body, headers=headers, timeout=60)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def new_sandbox(simulators: RunningSimulators) -> dict[str, Any]:
    """Return a new sandbox with American customers, virtual time and Delivyr's scheduled channel."""
    return simulators.call(
        "POST",
        "/sandboxes",
        {
            "seed": 7,
            "clock": {"mode": "virtual", "start": "2026-03-02T09:00:00Z"},
            "audience": {"customers": 50, "opted_out": 0.1, "country": "US"},
            "channels": [{"id": 452, "provider": "delivyr"}],
        },
    )


def test_every_sent_message_has_one_final_status_in_history(simulators):
    sandbox = new_sandbox(simulators)
    base = f"/sandboxes/{sandbox['sandbox']}"
    texts = [{"title": "Hello", "body": "Hi {{NAME}}"}]
    (template,) = simulators.call("POST", f"{base}/providers/delivyr/templates", texts)
    access = sandbox["services"]["delivyr"]
    headers = {"x-api-key": access["credentials"]["api_key"], "x-account-id": access["credentials"]["account_id"]}
    for index in range(20):
        body = {"template_id": template["id"], "phone_number": f"+121256501{index:02d}", "variables": {"NAME": "Ada"}}
        assert requests.post(access["url"] + SEND, json=body, headers=headers, timeout=60).status_code == 200
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 7 * 86_400_000})
    lines = simulators.history(sandbox["sandbox"])
    sent, ended = (
        [line["message"] for line in lines if line["kind"] == kind] for kind in ("delivery", "delivery_status")
    )
    assert len(sent) == 20
    assert sorted(sent) == sorted(ended)


def test_control_api_previews_overrides(simulators):
    sandbox = new_sandbox(simulators)
    base = f"/sandboxes/{sandbox['sandbox']}/providers/delivyr"
    simulators.call("PUT", f"{base}/settings", {"overrides": '{"phone_number": payload.phone}'})
    event = {"templateName": "YFRYM0RJ - Hello", "customerID": "C0000001", "payload": {"phone": "+13125650100"}}
    request = simulators.call("POST", f"{base}/preview", {"event": event})["request"]
    assert request["phone_number"] == "+13125650100"
    response = requests.post(f"{simulators.control}/control{base}/preview", json={}, timeout=60)
    assert (response.status_code, response.headers["content-type"]) == (409, "application/problem+json")


def test_preview_of_service_without_preview_is_404(simulators):
    sandbox = new_sandbox(simulators)["sandbox"]
    url = f"{simulators.control}/control/sandboxes/{sandbox}/providers/xtremepush/preview"
    response = requests.post(url, json={}, timeout=60)
    assert response.status_code == 404
    assert response.json()["detail"] == "'xtremepush' is not a service with a preview; there are: delivyr, textlocal"
