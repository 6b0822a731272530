"""Textlocal over real HTTP, beside the other simulators."""

import pytest
import requests

BOB = "447700900123"
KEY = "sendproof-textlocal-key"


@pytest.fixture
def url(simulators):
    """Where Textlocal answers."""
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
def test_trouble_is_http_200_with_a_code(url, code, method, path):
    """Whoever looks only at the status believes that it worked."""
    response = requests.request(method, url + path, timeout=10)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    said = response.json()
    assert said["status"] == "failure"
    assert [error["code"] for error in said["errors"]] == [code]


def test_another_method_is_told_which_ones_there_are(url):
    """That is not the caller's account, but the caller's HTTP."""
    response = requests.put(f"{url}/send/?apikey={KEY}", timeout=10)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


def test_a_send_as_the_vendors_class_makes_it(url):
    """A multipart form with its key spelled apiKey, and empty values for what was left out."""
    parts = {"apiKey": KEY, "username": "", "message": "Hi%20there", "numbers": BOB, "test": "1", "custom": ""}
    response = requests.post(f"{url}/send/", files={name: (None, value) for name, value in parts.items()}, timeout=10)
    said = response.json()
    assert (said["status"], said["test_mode"], said["message"]["content"]) == ("success", True, "Hi there")


def test_xml_when_asked_for(url):
    """Also for a refusal, and in a form."""
    response = requests.post(f"{url}/send/", data={"apikey": KEY, "format": "xml"}, timeout=10)
    assert response.headers["content-type"] == "application/xml"
    assert "<errors><error><code>5</code><message>No message content</message></error></errors>" in response.text


def test_a_week_of_a_send_is_in_the_history(simulators, url):
    """Accepted once, ended once, in a sandbox of its own."""
    sandbox = simulators.call(
        "POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T09:00:00Z"}, "channels": []}
    )
    key = sandbox["services"]["textlocal"]["credentials"]["apikey"]
    numbers = ",".join(str(447_700_000_000 + place) for place in range(100))
    said = requests.post(f"{url}/send/", data={"apikey": key, "numbers": numbers, "message": "Hi"}, timeout=10).json()
    simulators.call("POST", f"/sandboxes/{sandbox['sandbox']}/clock/advance", {"by_ms": 7 * 86_400_000})
    lines = simulators.history(sandbox["sandbox"])
    sent, ended = (
        [line["message"] for line in lines if line["kind"] == kind] for kind in ("delivery", "delivery_status")
    )
    assert sent == [message["id"] for message in said["messages"]]
    assert sorted(sent) == sorted(ended)
