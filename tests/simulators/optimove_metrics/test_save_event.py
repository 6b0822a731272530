import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from optimove_over_http import Sandbox
from running import RunningSimulators

EVENT = {"event": "delivered", "category": "metric", "customer": "C0000001", "timestamp": "2026-03-02T06:00:00.000Z"}


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> Sandbox:
    """A fresh one, at six in the morning of 2 March 2026."""
    return Sandbox(simulators)


def save(sandbox: Sandbox, events: Any, *, body: bytes | None = None, **headers: str) -> requests.Response:
    """Post events, signed as the documents say, with some headers changed."""
    service = sandbox.made["services"]["optimove-metrics"]
    text = json.dumps(events, separators=(",", ":")).encode() if body is None else body
    signature = hmac.new(service["credentials"]["tenant_token"].encode(), text, hashlib.sha256).hexdigest()
    signed = {"X-Optimove-Signature-Version": "1", "x-optimove-signature-content": signature}
    wanted = {"content-type": "application/json"} | signed | headers
    return requests.post(service["url"] + "/api/saveEvent", data=text, headers=wanted, timeout=20)


def test_one_event_is_saved_and_can_be_read_back(sandbox: Sandbox) -> None:
    """By the judge in the history, and by a person."""
    assert save(sandbox, EVENT | {"context": {"campaign_id": 7001}}).json()["status"] == "success"
    assert sandbox.journal("engagement") == [
        {"event": "delivered", "customer": "C0000001", "visitor": None, "timestamp": EVENT["timestamp"],
         "context": {"campaign_id": 7001}}
    ]  # fmt: skip
    shown = sandbox.control("GET", "/services/optimove-metrics")
    assert (shown["saved"], shown["counts"], shown["newest"][0]["customer"]) == (1, {"delivered": 1}, "C0000001")


def test_an_array_is_saved_as_a_whole_or_not_at_all(sandbox: Sandbox) -> None:
    """One event that cannot be saved stops the others."""
    assert save(sandbox, [EVENT, EVENT | {"event": "clicked"}]).status_code == 200
    refused = save(sandbox, [EVENT, EVENT | {"event": "sent"}])
    assert (refused.status_code, refused.json()["message"].startswith("event 1: expected event")) == (400, True)
    assert [line["event"] for line in sandbox.journal("engagement")] == ["delivered", "clicked"]
    assert [line.get("summary") for line in sandbox.journal("request")] == [None, {"refused_event": "sent"}]


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2026-02-23T06:00:00.000Z", 200),
        ("2026-02-23T05:59:59.999Z", 400),
        ("2026-02-23 06:00:00", 200),
        ("2026-02-23T07:00:00+01:00", 200),
        ("yesterday", 400),
    ],
)
def test_an_event_is_at_most_seven_days_old(sandbox: Sandbox, timestamp: str, status: int) -> None:
    """The limit, and a millisecond past it; a time without a zone is UTC."""
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
def test_what_cannot_be_saved_is_refused(sandbox: Sandbox, change: dict[str, object]) -> None:
    """With a reason, in the form of the answer."""
    reply = save(sandbox, EVENT | change)
    assert (reply.status_code, reply.json()["status"]) == (400, "error")


def test_somebody_is_needed(sandbox: Sandbox) -> None:
    """A visitor will do."""
    event = {name: value for name, value in EVENT.items() if name != "customer"}
    assert save(sandbox, event).status_code == 400
    assert save(sandbox, event | {"visitor": "v1", "surplus": "not processed"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-optimove-signature-content": "0" * 64},
        {"x-optimove-signature-content": ""},
        {"x-optimove-signature-content": "ünsigned"},
        {"X-Optimove-Signature-Version": "2"},
    ],
)
def test_what_is_not_signed_rightly_is_not_let_in(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """Nothing is saved."""
    encoded: Any = {name: value.encode() for name, value in headers.items()}
    assert save(sandbox, EVENT, **encoded).status_code == 401
    assert sandbox.journal("engagement") == []


@pytest.mark.parametrize(("answer", "status"), [("exact", 200), ("minified", 401)])
def test_what_is_signed_is_an_open_question(simulators: RunningSimulators, answer: str, status: int) -> None:
    """A body with spaces passes only where the very bytes count; a minified one always does."""
    sandbox = Sandbox(simulators, dialects={"optimove-metrics.signed_text": answer})
    assert save(sandbox, None, body=json.dumps(EVENT, indent=1).encode()).status_code == status
    assert save(sandbox, EVENT).status_code == 200


@pytest.mark.parametrize(("dialects", "saved"), [({}, b'{"status":"success"'), ({"success_body": "empty"}, b"")])
def test_the_answer_is_an_open_question(simulators: RunningSimulators, dialects: dict[str, str], saved: bytes) -> None:
    """That of its sibling, or none."""
    sandbox = Sandbox(simulators, dialects={f"optimove-metrics.{name}": value for name, value in dialects.items()})
    content = save(sandbox, EVENT).content
    assert content.startswith(saved)
    assert bool(content) == bool(saved)


def test_any_name_but_sent_can_be_let_in(simulators: RunningSimulators) -> None:
    """The spelling of the names is not known."""
    sandbox = Sandbox(simulators, dialects={"optimove-metrics.event_names": "any"})
    assert [save(sandbox, EVENT | {"event": name}).status_code for name in ("exploded", "sent")] == [200, 400]


@pytest.mark.parametrize("answer", ["metric", "server"])
def test_the_tenant_is_known_by_its_host(simulators: RunningSimulators, answer: str) -> None:
    """By the end of the address that was handed out, or by the Host header; nobody else's signature fits."""
    sandbox, other = Sandbox(simulators, dialects={"optimove-metrics.host": answer}), Sandbox(simulators)
    service = sandbox.made["services"]["optimove-metrics"]
    tenant = service["credentials"]["tenant_id"]
    assert service["url"].endswith(f"/{answer}-{tenant}")
    host = {"Host": f"{answer}-{tenant}.optimove.net"}
    service["url"] = service["url"].rpartition("/")[0]
    assert save(sandbox, EVENT, **host).status_code == 200
    assert save(sandbox, EVENT).status_code == 401
    other.made["services"]["optimove-metrics"]["url"] = service["url"]
    assert save(other, EVENT, **host).status_code == 401


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b'{"event":"\xff"}', 400), (b"[]", 400), (b"", 400)])
def test_a_broken_body_is_refused(sandbox: Sandbox, body: bytes, status: int) -> None:
    """Although it is signed."""
    assert save(sandbox, None, body=body).status_code == status


def test_the_body_has_a_limit(sandbox: Sandbox) -> None:
    """8 MB, and one byte past it."""
    text = json.dumps(EVENT).encode()
    room = 8 * 1024 * 1024 - len(text)
    assert save(sandbox, None, body=text + b" " * room).status_code == 200
    assert save(sandbox, None, body=text + b" " * (room + 1)).status_code == 413
    assert save(sandbox, EVENT, **{"content-type": "text/plain"}).status_code == 415


def test_events_are_counted_for_the_campaign_that_their_context_names(sandbox: Sandbox) -> None:
    """However it is spelled there; what names none counts for none."""
    plan = {"trigger": "T", "campaign": 8001, "channel": 250, "template": "Hi", "criteria": [{"event": "visit"}]}
    sandbox.control("POST", "/providers/textlocal/templates", [{"id": 1, "title": "Hi", "body": "Hi"}])
    sandbox.client().call(
        "POST", "/integrations/AddChannelTemplates?ChannelID=250", json=[{"TemplateID": 1, "TemplateName": "Hi"}]
    )
    sandbox.control("POST", "/triggers", plan)
    contexts: list[dict[str, object]] = [{"campaign_id": 8001}, {"CampaignID": "8001"}, {"campaign_id": 8002}, {}]
    assert save(sandbox, [EVENT | {"context": context} for context in contexts]).status_code == 200
    told = sandbox.control("GET", "/campaigns/8001/report")["engagement"]
    assert told == [{"service": "optimove-metrics", "event": "delivered", "events": 2}]
