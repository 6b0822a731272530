"""The list of requests, and one request with its bodies."""

import pytest
import requests

from running import RunningSimulators
from sandbox_by_hand import SandboxByHand, sandbox_by_hand
from sendproof_simulators.core.recording.exchanges import BODY_BYTES_MAX

NUMBER = "447123456789"


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> SandboxByHand:
    """Create a sandbox with three requests: one message, one unknown path, one broken body."""
    box = sandbox_by_hand(simulators)
    box.textlocal(NUMBER, "Hello")
    box.optimove("/current/general/RegisterEventListner", {})
    box.optimove("/current/general/RegisterEventListener", {"EventTypeID": "thirteen"})
    return box


def operations(box: SandboxByHand, query: str) -> list[object]:
    """Return the operations of the listed requests."""
    return [item["operation"] for item in box.call("GET", f"/requests?{query}")["items"]]


def test_newest_request_is_first(sandbox: SandboxByHand) -> None:
    page = sandbox.call("GET", "/requests")
    assert [(item["n"], item["operation"], item["status"]) for item in page["items"]] == [
        (4, "RegisterEventListener", 400),
        (3, None, 404),
        (1, "send", 200),
    ]
    assert (page["next"], page["total"]) == (None, 3)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("service=textlocal", ["send"]),
        ("operation=send", ["send"]),
        ("status=404", [None]),
        ("status=4xx", ["RegisterEventListener", None]),
        ("method=POST&limit=1", ["RegisterEventListener"]),
        ("text=%22eventlistner", []),
        ("text=EVENTLISTNER", [None]),
        ("problems=true", ["RegisterEventListener", None]),
        ("before=4", [None, "send"]),
        ("after=1", ["RegisterEventListener", None]),
    ],
)
def test_filter_selects_requests(sandbox: SandboxByHand, query: str, expected: list[object]) -> None:
    assert operations(sandbox, query) == expected


def test_pages_have_each_request_once(simulators: RunningSimulators) -> None:
    box, numbers, before = sandbox_by_hand(simulators), [], ""
    for number in range(7):
        box.textlocal(NUMBER, f"Hello {number}")
    while True:
        page = box.call("GET", f"/requests?limit=3{before}")
        numbers += [item["n"] for item in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert numbers == [13, 11, 9, 7, 5, 3, 1]


def test_refusal_with_status_200_counts_as_a_problem(simulators: RunningSimulators) -> None:
    """Textlocal refuses with this status."""
    box = sandbox_by_hand(simulators)
    service = box.made["services"]["textlocal"]
    form = {"apikey": service["credentials"]["apikey"], "message": "Hello"}
    requests.post(f"{service['url']}/send", data=form, timeout=60)
    (item,) = box.call("GET", "/requests?problems=true")["items"]
    assert (item["status"], item["refused"]) == (200, True)


def test_request_has_bodies_headers_and_messages(sandbox: SandboxByHand) -> None:
    request = sandbox.call("GET", "/requests/1")
    (message,) = request["messages"]
    assert request["kept"] is True
    assert "message=Hello" in request["request_body"]
    assert message in request["response_body"]
    assert request["request_headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert request["client"].startswith("python-requests/")
    assert request["ms"] >= 0


def test_credentials_and_tokens_are_replaced(simulators: RunningSimulators) -> None:
    """A person may show a request to others."""
    box = sandbox_by_hand(simulators)
    optimove = box.made["services"]["optimove"]["credentials"]["api_key"]
    textlocal = box.made["services"]["textlocal"]["credentials"]["apikey"]
    token = "a1B2c3D4e5F6g7H8i9J0"
    box.textlocal(NUMBER, "Hello", receipt_url=f"{simulators.control}/receipts/{token}")
    box.optimove("/current/general/RegisterEventListener", {"password": "hunter2", "ListenerURL": f"http://x/{token}"})
    shown = [str(box.call("GET", f"/requests/{number}")) for number in (1, 3)]
    for secret in (optimove, textlocal, token, "hunter2"):
        assert secret not in "".join(shown)
    assert "apikey=secret-" in shown[0]


def test_long_body_is_cut(simulators: RunningSimulators) -> None:
    box = sandbox_by_hand(simulators)
    box.optimove("/current/general/RegisterEventListener", {"ListenerURL": "x" * 100_000})
    request = box.call("GET", "/requests/1")
    assert (request["truncated"], request["request_bytes"]) == (True, 100_019)
    assert len(request["request_body"]) == BODY_BYTES_MAX


def test_number_of_another_entry_is_refused(sandbox: SandboxByHand) -> None:
    expected = "entry 2 of the journal is no request; list the requests for their numbers"
    assert sandbox.refusal("GET", "/requests/2") == (404, expected)


def test_request_without_a_credential_has_its_real_time(simulators: RunningSimulators) -> None:
    """So that a log can show it among the requests of the sandbox."""
    requests.get(simulators.services["optimove"]["url"] + "/current/general/GetNothing", timeout=60)
    newest = simulators.call("GET", "/unauthenticated-requests")["requests"][-1]
    assert newest["real"] > 1_700_000_000


def test_number_with_thousands_of_digits_is_no_path(sandbox: SandboxByHand) -> None:
    """Python makes no number of them, and no entry has such a number."""
    status, detail = sandbox.refusal("GET", f"/requests/{'9' * 5_000}")
    assert (status, detail[:12]) == (404, "no such path")
