"""The work that a bridge owes by now, counted in a history that is still growing.

It is work that the bridge knows about, and that leaves a trace once it is done. The judge's own matching decides which
messages are missing, so what the run waits for is what the judge would call lost.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import msgspec

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.deadlines import CAMPAIGN_EVENTS, event_keys
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.pages import gaps, pages
from sendproof_harness.run.pacing.waits import Outstanding

_UNAVAILABLE = frozenset({None, *range(500, 600)})


def outstanding_work(history: History) -> Outstanding:
    """Return the number of messages, rows, clearances and webhooks that are outstanding, by kind in words."""
    acknowledged = {attempt.key for attempt in history.webhooks if is_acknowledged(attempt)}
    counts = {
        "messages": _missing_messages(history, acknowledged),
        "rows to read": _unread_rows(history, acknowledged),
        "clearances": _missing_clearances(history, acknowledged),
        "webhooks to accept": _retried_webhooks(history, acknowledged),
    }
    return {kind: count for kind, count in counts.items() if count}


def next_due(history: History) -> int | None:
    """Return when the next message is due after the end of the history, or None."""
    ended = history.header.ended
    return min((obligation.due for obligation in history.obligations if obligation.due > ended), default=None)


def _missing_messages(history: History, acknowledged: Collection[str]) -> int:
    """Return how many due messages have no delivery, of those that an acknowledged event announced."""
    ended = history.header.ended
    # A day later, each of them is either delivered, rightly missing, or lost: none is within its tolerance any more.
    later = replace(history, header=msgspec.structs.replace(history.header, ended=ended + DAY))
    keys = event_keys(later)
    return sum(
        recipient.kind == "lost"
        and recipient.obligation.due <= ended
        and any(key in acknowledged for key in keys(recipient.obligation))
        for recipient in ledger(later).recipients
    )


def _unread_rows(history: History, acknowledged: Collection[str]) -> int:
    served = pages(history)
    announced = [
        campaign
        for campaign in history.campaigns
        if campaign.cancelled_at is None
        and any(f"{event}:{campaign.campaign}:{campaign.channel}" in acknowledged for event in CAMPAIGN_EVENTS)
    ]
    return sum(
        end - start
        for campaign in announced
        for start, end in gaps(
            served.get(campaign_key(campaign), ()), campaign.customers if campaign.rows is None else campaign.rows
        )
    )


def _missing_clearances(history: History, acknowledged: Collection[str]) -> int:
    """Return how many campaigns wait for clearance, and still can get it."""
    settled = {clearance.campaign for clearance in history.clearances if clearance.action != "required"}
    return sum(
        clearance.action == "required"
        and clearance.campaign not in settled
        and clearance.required_by > history.header.ended
        and f"5:{clearance.campaign}" in acknowledged
        for clearance in history.clearances
    )


def _retried_webhooks(history: History, acknowledged: Collection[str]) -> int:
    """Return how many webhooks will be sent again because the bridge was away or in trouble: it may be starting.

    A bridge that refused a webhook has done what it wanted to do.
    """
    return sum(
        attempt.retry_at is not None and attempt.key not in acknowledged and attempt.status in _UNAVAILABLE
        for attempt in _last_attempts(history)
    )


def _last_attempts(history: History) -> Iterator[Webhook]:
    last = {(attempt.service, attempt.key): attempt for attempt in history.webhooks}
    return (attempt for attempt in last.values() if not attempt.dropped)
