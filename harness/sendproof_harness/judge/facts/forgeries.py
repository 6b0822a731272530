"""Forged webhooks that the bridge acknowledged, by what they state."""

from collections.abc import Iterator

from sendproof_harness.history.records import ForgedWebhook, History
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE
from sendproof_harness.providers import provider


def has_forged_receipts(history: History) -> bool:
    """Return True if the bridge acknowledged a receipt that a stranger posted."""
    return any(not _is_event(forged) and not _is_reply(forged) for forged in _acknowledged(history))


def has_forged_replies(history: History) -> bool:
    """Return True if the bridge acknowledged a reply STOP that a stranger posted."""
    return any(_is_reply(forged) for forged in _acknowledged(history))


def has_forged_cancellation(history: History, campaign: int) -> bool:
    """Return True if the bridge acknowledged that a campaign is cancelled, and a stranger posted it."""
    return any(_is_event(forged) and forged.key.split(":")[1:2] == [str(campaign)] for forged in _acknowledged(history))


def _acknowledged(history: History) -> Iterator[ForgedWebhook]:
    return (forged for forged in history.forged_webhooks if is_success(forged.status))


def _is_event(forged: ForgedWebhook) -> bool:
    return forged.service == OPTIMOVE


def _is_reply(forged: ForgedWebhook) -> bool:
    return not _is_event(forged) and forged.event in provider(forged.service).opt_out_events
