import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from optimove_over_http import Sandbox
from running import RunningSimulators

EVENT = {"event": "delivered", "category": "metric", "customer": "C0000001", "timestamp": "2026-03-02T06:00:00.000Z"}


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """Return a new sandbox at 06:00 on 2 March 2026."""
    return Sandbox(simulators)


def save(sandbox: Sandbox, events: Any, *, body: bytes | None = None, **headers: str) -> requests.Response:
    """Post events with the documented signature, and with some headers changed."""
    service = sandbox.made["services"]["optimove-metrics"]
    text = json.dumps(events, separators=(",", ":")).encode() if body is None else body
    signature = hmac.new(service["credentials"]["tenant_token"].encode(), text, hashlib.sha256).hexdigest()
    signed = {"X-Optimove-Signature-Version": "1", "x-optimove-signature-content": signature}
    all_headers = {"content-type": "application/json"} | signed | headers
    return requests.post(service["url"] + "/api/saveEvent", data=text, headers=all_headers, timeout=60)


def test_saved_event_is_in_history_and_overview(sandbox: Sandbox) -> None:
    """The history is for the judge, the overview for people."""
    assert save(sandbox, EVENT | {"context": {"campaign_id": 7001}}).json()["status"] == "success"
    assert sandbox.journal("engagement") == [
        {"event": "delivered", "customer": "C0000001", "visitor": None, "timestamp": EVENT["timestamp"],
         "context": {"campaign_id": 7001}}
    ]  # fmt: skip
    overview = sandbox.control("GET", "/services/optimove-metrics")
    assert (overview["saved"], overview["counts"], overview["newest"][0]["customer"]) == (
        1,
        {"delivered": 1},
        "C0000001",
    )


def test_event_with_a_huge_context_is_counted_but_not_in_the_overview(sandbox: Sandbox) -> None:
    """As objects, the newest events of some such requests would fill the memory."""
    assert save(sandbox, EVENT | {"context": {"text": "a" * 5_000_000}}).json()["status"] == "success"

    overview = sandbox.control("GET", "/services/optimove-metrics")
    assert (overview["saved"], overview["counts"], overview["newest"]) == (1, {"delivered": 1}, [])


def test_rejected_event_rejects_the_whole_array(sandbox: Sandbox) -> None:
    assert save(sandbox, [EVENT, EVENT | {"event": "clicked"}]).status_code == 200
    refused = save(sandbox, [EVENT, EVENT | {"event": "sent"}])
    assert (refused.status_code, refused.json()["message"].startswith("event 1: expected event")) == (400, True)
    assert [line["event"] for line in sandbox.journal("engagement")] == ["delivered", "clicked"]
    assert [line.get("summary") for line in sandbox.journal("request")] == [
        None,
        {"refused_event": "sent", "refused_for": "event"},
    ]


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2026-02-23T06:00:00.000Z", 200),
        ("2026-02-23T05:59:59.999Z", 400),
        ("2026-02-23 06:00:00", 200),
        ("2026-02-23T06:00:00.0000000Z", 200),
        ("2026-02-23 06:00:00.000000001", 200),
        ("2026-02-23T07:00:00+01:00", 200),
        ("yesterday", 400),
    ],
)
def test_event_older_than_7_days_is_rejected(sandbox: Sandbox, timestamp: str, status: int) -> None:
    """A timestamp without a zone is in UTC."""
    assert save(sandbox, EVENT | {"timestamp": timestamp}).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"event": "sent"},
        {"event": "exploded"},
        {"category": "other"},
        {"customer": None},
        {"visitor": "v1"},
        {"timestamp": ""},
        {"event": 1},
    ],
)
def test_impossible_event_is_refused_with_a_reason(sandbox: Sandbox, change: dict[str, object]) -> None:
    response = save(sandbox, EVENT | change)
    assert (response.status_code, response.json()["status"]) == (400, "error")


def test_event_needs_customer_or_visitor(sandbox: Sandbox) -> None:
    event = {name: value for name, value in EVENT.items() if name != "customer"}
    assert save(sandbox, event).status_code == 400
    assert save(sandbox, event | {"visitor": "v1", "other": "ignored"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-optimove-signature-content": "0" * 64},
        {"x-optimove-signature-content": ""},
        {"x-optimove-signature-content": "ünsigned"},
        {"X-Optimove-Signature-Version": "2"},
    ],
)
def test_wrong_signature_is_unauthorized_and_saves_nothing(sandbox: Sandbox, headers: dict[str, str]) -> None:
    encoded: Any = {name: value.encode() for name, value in headers.items()}
    assert save(sandbox, EVENT, **encoded).status_code == 401
    assert sandbox.journal("engagement") == []


@pytest.mark.parametrize(
    ("sign", "differs"),
    [
        (lambda _key, _body: "", "no header x-optimove-signature-content"),
        (lambda key, body: hmac.new(key, body, "sha1").hexdigest(), "the signature is an HMAC-SHA1"),
        (lambda key, body: base64.b64encode(hmac.digest(key, body, "sha256")).decode(), "the signature is in base64"),
        (
            lambda key, body: hmac.new(key, body + b" ", "sha256").hexdigest(),
            "x-optimove-signature-content does not belong",
        ),
        (lambda key, _body: hmac.new(key, json.dumps(EVENT).encode(), "sha256").hexdigest(), "other bytes were signed"),
    ],
)
def test_journal_says_what_differs_from_the_right_signature(
    sandbox: Sandbox, sign: Callable[[bytes, bytes], str], differs: str
) -> None:
    key = sandbox.made["services"]["optimove-metrics"]["credentials"]["tenant_token"].encode()
    body = json.dumps(EVENT, separators=(",", ":")).encode()
    save(sandbox, EVENT, body=body, **{"x-optimove-signature-content": sign(key, body)})
    (line,) = sandbox.journal("request")
    assert line["differs"].startswith(differs)


def test_other_forms_of_a_long_body_are_not_compared(sandbox: Sandbox) -> None:
    """With indentation, a body of a few megabytes can have a hundred times as many."""
    event = {**EVENT, "context": {"text": "a" * 70_000}}
    minified = json.dumps(event, separators=(",", ":")).encode()
    key = sandbox.made["services"]["optimove-metrics"]["credentials"]["tenant_token"].encode()
    signature = hmac.new(key, json.dumps(event).encode(), "sha256").hexdigest()
    save(sandbox, event, body=minified, **{"x-optimove-signature-content": signature})
    (line,) = sandbox.journal("request")
    assert "other bytes" not in line["differs"]


@pytest.mark.parametrize(("option", "status"), [("exact", 200), ("minified", 401)])
def test_signed_text_follows_the_dialect(simulators: RunningSimulators, option: str, status: int) -> None:
    """A body with spaces is only accepted if the sent bytes are signed. A minified body is always accepted."""
    sandbox = Sandbox(simulators, dialects={"optimove-metrics.signed_text": option})
    assert save(sandbox, None, body=json.dumps(EVENT, indent=1).encode()).status_code == status
    assert save(sandbox, EVENT).status_code == 200


@pytest.mark.parametrize(("dialects", "saved"), [({}, b'{"status":"success"'), ({"success_body": "empty"}, b"")])
def test_success_body_follows_the_dialect(
    simulators: RunningSimulators, dialects: dict[str, str], saved: bytes
) -> None:
    sandbox = Sandbox(simulators, dialects={f"optimove-metrics.{name}": value for name, value in dialects.items()})
    content = save(sandbox, EVENT).content
    assert content.startswith(saved)
    assert bool(content) == bool(saved)


def test_any_event_except_sent_can_be_accepted(simulators: RunningSimulators) -> None:
    """The spelling of the names is not known."""
    sandbox = Sandbox(simulators, dialects={"optimove-metrics.event_names": "any"})
    assert [save(sandbox, EVENT | {"event": name}).status_code for name in ("exploded", "sent")] == [200, 400]


@pytest.mark.parametrize("option", ["metric", "server"])
def test_tenant_is_identified_by_host_prefix_or_host_header(simulators: RunningSimulators, option: str) -> None:
    """The signature of another tenant is not valid there."""
    sandbox, other = Sandbox(simulators, dialects={"optimove-metrics.host": option}), Sandbox(simulators)
    service = sandbox.made["services"]["optimove-metrics"]
    tenant = service["credentials"]["tenant_id"]
    assert service["url"].endswith(f"/{option}-{tenant}")
    host = {"Host": f"{option}-{tenant}.optimove.net"}
    service["url"] = service["url"].rpartition("/")[0]
    assert save(sandbox, EVENT, **host).status_code == 200
    assert save(sandbox, EVENT).status_code == 401
    other.made["services"]["optimove-metrics"]["url"] = service["url"]
    assert save(other, EVENT, **host).status_code == 401


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b'{"event":"\xff"}', 400), (b"[]", 400), (b"", 400)])
def test_signed_invalid_body_is_refused(sandbox: Sandbox, body: bytes, status: int) -> None:
    assert save(sandbox, None, body=body).status_code == status


def test_body_is_limited_to_8_mb(sandbox: Sandbox) -> None:
    text = json.dumps(EVENT).encode()
    padding = 8 * 1024 * 1024 - len(text)
    assert save(sandbox, None, body=text + b" " * padding).status_code == 200
    assert save(sandbox, None, body=text + b" " * (padding + 1)).status_code == 413
    assert save(sandbox, EVENT, **{"content-type": "text/plain"}).status_code == 415


def test_events_are_counted_for_the_campaign_in_their_context(sandbox: Sandbox) -> None:
    """Any spelling of the campaign id counts."""
    plan = {"trigger": "T", "campaign": 8001, "channel": 250, "template": "Hi", "criteria": [{"event": "visit"}]}
    sandbox.control("POST", "/providers/textlocal/templates", [{"id": 1, "title": "Hi", "body": "Hi"}])
    sandbox.client().call(
        "POST", "/integrations/AddChannelTemplates?ChannelID=250", json=[{"TemplateID": 1, "TemplateName": "Hi"}]
    )
    sandbox.control("POST", "/triggers", plan)
    contexts: list[dict[str, object]] = [{"campaign_id": 8001}, {"CampaignID": "8001"}, {"campaign_id": 8002}, {}]
    assert save(sandbox, [EVENT | {"context": context} for context in contexts]).status_code == 200
    counts = sandbox.control("GET", "/campaigns/8001/report")["engagement"]
    assert counts == [{"service": "optimove-metrics", "event": "delivered", "events": 2}]
