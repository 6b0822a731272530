"""The lines that a sandbox adds to its history by itself."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from instants import SIX, StillWallClock
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.effects import RetryPolicy, Webhook
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, HistoryOrigin, SandboxSettings
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.services.discovery import discover, service_contracts


def history_after(webhooks: Sequence[Webhook]) -> list[dict[str, Any]]:
    """Return all lines of a sandbox that only sent these webhooks."""

    async def run() -> list[dict[str, Any]]:
        async with WebhookSender() as sender:
            settings = SandboxSettings(
                name="one",
                seed=1,
                start=SIX,
                rate=None,
                audience=AudienceRecipe(customers=1),
                channels=DEFAULT_CHANNELS,
            )
            sandbox = Sandboxes(discover(), service_contracts(), StillWallClock(), sender).create(settings)
            await sandbox.send_before_response("optimove", webhooks)
            return [
                msgspec.json.decode(line)
                for line in sandbox.history(HistoryOrigin(version="0", services={}, contracts={}))
            ]

    return asyncio.run(run())


def webhook(*delays_ms: int) -> Webhook:
    """Return a webhook to a forbidden address, with these retry delays."""
    retry = RetryPolicy(delays_ms=delays_ms)
    return Webhook(url="http://192.0.2.1/", key="13:7001:505", event="13", body=b"", retry=retry)


def test_last_line_of_the_history_counts_the_others() -> None:
    """A reader of the last line knows that none is missing."""
    *before, end = history_after([webhook()])
    assert (end["kind"], end["lines"]) == ("end", len(before))


def test_seal_of_the_history_covers_each_line() -> None:
    """The last one stands for all."""
    assert history_after([webhook()])[-1]["seal"] != history_after([webhook(), webhook()])[-1]["seal"]


def test_webhook_attempt_has_the_time_of_the_next_one() -> None:
    """So a webhook that will be retried differs from one that was given up."""
    waiting, given_up = history_after([webhook(60_000)]), history_after([webhook()])
    retries = [line["retry_at"] for lines in (waiting, given_up) for line in lines if line["kind"] == "webhook"]
    assert retries == ["2026-03-02T06:01:00.000Z", None]
