"""The log of webhooks."""

import pytest

from instants import SIX
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.log import KEPT_PER_SERVICE, WebhookLog


def webhook(key: str, event: str = "13") -> Webhook:
    """One that leads nowhere."""
    return Webhook(url="http://127.0.0.1:9/", key=key, event=event, body=b"{}")


def keys(outbox: WebhookLog, service: str | None = None, event: str | None = None) -> list[object]:
    """The names in the log."""
    return [one["key"] for one in outbox.as_json(service, event)]


def test_the_newest_are_kept_of_each_service() -> None:
    """As many as there is room for; one more, and the oldest is gone, but not that of another service."""
    outbox = WebhookLog()
    outbox.add("textlocal", webhook("other"))
    for number in range(KEPT_PER_SERVICE):
        outbox.add("optimove", webhook(str(number)))
    assert keys(outbox, "optimove")[0] == "0"
    outbox.add("optimove", webhook("one more"))
    assert (len(keys(outbox, "optimove")), keys(outbox, "optimove")[0]) == (KEPT_PER_SERVICE, "1")
    assert keys(outbox, "textlocal") == ["other"]


def test_the_log_tells_every_attempt() -> None:
    """With its instant."""
    outbox = WebhookLog()
    posted = outbox.add("optimove", webhook("a"))
    posted.add_attempt(SIX, {"attempt": 1, "status": 200, "error": None})
    (one,) = outbox.as_json(None, "13")
    assert one["attempts"] == [{"at": "2026-03-02T06:00:00.000Z", "attempt": 1, "status": 200, "error": None}]
    assert keys(outbox, event="11") == []


def test_a_webhook_that_is_not_known_is_named() -> None:
    """The message says where to look."""
    with pytest.raises(KeyError, match="no webhook of optimove is named 'x'"):
        WebhookLog().find("optimove", "x")
