"""Textlocal over real HTTP, with all other simulators in the process."""

import pytest
import requests

BOB = "447700900123"
KEY = "sendproof-textlocal-key"


@pytest.fixture
def url(simulators):
    """Return the base URL of Textlocal."""
    return simulators.services["textlocal"]["url"]


@pytest.mark.parametrize(
    ("code", "method", "path"),
    [
        (1, "GET", f"/?apikey={KEY}"),
        (2, "GET", f"/sned/?apikey={KEY}"),
        (3, "GET", "/send/?numbers=447700900123&message=Hi"),
        (3, "GET", "/send/?apikey=wrong&numbers=447700900123&message=Hi"),
        (4, "GET", f"/send?apikey={KEY}&message=Hi"),
        (5, "POST", f"/send?apikey={KEY}"),
        (12, "POST", f"/create_group/?apiKey={KEY}"),
    ],
)
def test_error_has_http_status_200_and_a_code(url, code, method, path):
    """A client that only checks the status does not notice the error."""
    response = requests.request(method, url + path, timeout=60)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    result = response.json()
    assert result["status"] == "failure"
    assert [error["code"] for error in result["errors"]] == [code]


def test_refused_key_is_recorded_with_the_error_in_the_body(simulators, url):
    """The status is 200, so without the body the evidence reads like a success."""
    requests.get(f"{url}/get_templates/?apikey=unheard-of", timeout=60)
    requests_ = simulators.call("GET", "/unauthenticated-requests")["requests"]
    last = [request for request in requests_ if request["service"] == "textlocal"][-1]
    assert last["status"] == 200
    assert '"code":3' in last["response_excerpt"]
    assert '"status":"failure"' in last["response_excerpt"]


def test_other_http_method_is_405_with_allow_header(url):
    """It is an error of the caller's HTTP, not of the account."""
    response = requests.put(f"{url}/send/?apikey={KEY}", timeout=60)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


def test_multipart_send_of_vendor_class_succeeds(url):
    """Its key is spelled apiKey, and absent fields are empty."""
    parts = {"apiKey": KEY, "username": "", "message": "Hi%20there", "numbers": BOB, "test": "1", "custom": ""}
    response = requests.post(f"{url}/send/", files={name: (None, value) for name, value in parts.items()}, timeout=60)
    result = response.json()
    assert (result["status"], result["test_mode"], result["message"]["content"]) == ("success", True, "Hi there")


def test_format_in_form_makes_error_xml(url):
    response = requests.post(f"{url}/send/", data={"apikey": KEY, "format": "xml"}, timeout=60)
    assert response.headers["content-type"] == "application/xml"
    assert "<errors><error><code>5</code><message>No message content</message></error></errors>" in response.text


def test_every_sent_message_has_one_final_status_in_history(simulators, url):
    sandbox = simulators.call(
        "POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T09:00:00Z"}, "channels": []}
    )
    key = sandbox["services"]["textlocal"]["credentials"]["apikey"]
    numbers = ",".join(str(447_700_000_000 + index) for index in range(100))
    result = requests.post(f"{url}/send/", data={"apikey": key, "numbers": numbers, "message": "Hi"}, timeout=60).json()
    simulators.call("POST", f"/sandboxes/{sandbox['sandbox']}/clock/advance", {"by_ms": 7 * 86_400_000})
    lines = simulators.history(sandbox["sandbox"])
    sent, ended = (
        [line["message"] for line in lines if line["kind"] == kind] for kind in ("delivery", "delivery_status")
    )
    assert sent == [message["id"] for message in result["messages"]]
    assert sorted(sent) == sorted(ended)
