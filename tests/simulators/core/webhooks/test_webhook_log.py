"""The log of recent webhooks."""

import pytest

from instants import SIX
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.log import KEPT_PER_SERVICE, WebhookLog


def webhook(key: str, event: str = "13") -> Webhook:
    """Return a webhook to an address without a listener."""
    return Webhook(url="http://127.0.0.1:9/", key=key, event=event, body=b"{}")


def keys(log: WebhookLog, service: str | None = None, event: str | None = None) -> list[object]:
    """Return the keys in the log."""
    return [webhook["key"] for webhook in log.as_json(service, event)]


def test_log_keeps_the_newest_webhooks_of_each_service() -> None:
    log = WebhookLog()
    log.add("textlocal", webhook("other"))
    for number in range(KEPT_PER_SERVICE):
        log.add("optimove", webhook(str(number)))
    assert keys(log, "optimove")[0] == "0"
    log.add("optimove", webhook("one more"))
    assert (len(keys(log, "optimove")), keys(log, "optimove")[0]) == (KEPT_PER_SERVICE, "1")
    assert keys(log, "textlocal") == ["other"]


def test_log_returns_the_newest_webhooks_of_each_service_up_to_a_limit() -> None:
    log = WebhookLog()
    for service in ("optimove", "textlocal"):
        for number in range(3):
            log.add(service, webhook(f"{service} {number}", event="11" if number else "13"))
    limited = [logged["key"] for logged in log.as_json(None, "11", 1)]
    assert limited == ["optimove 2", "textlocal 2"]


def test_body_is_in_the_log_for_one_webhook_only() -> None:
    log = WebhookLog()
    log.add("optimove", webhook("a"))
    log.add("optimove", webhook("b"))
    (logged,) = log.with_key(None, "b")
    assert (logged["key"], logged["content_type"], logged["body"]) == ("b", "application/json", "{}")
    assert list(log.with_key("textlocal", "b")) == []


def test_log_contains_each_attempt_with_its_instant() -> None:
    log = WebhookLog()
    added = log.add("optimove", webhook("a"))
    added.add_attempt(SIX, {"attempt": 1, "status": 200, "error": None})
    (logged,) = log.as_json(None, "13")
    assert logged["attempts"] == [{"at": "2026-03-02T06:00:00.000Z", "attempt": 1, "status": 200, "error": None}]
    assert keys(log, event="11") == []


def test_unknown_webhook_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="no webhook of optimove is named 'x'"):
        WebhookLog().find("optimove", "x")
