"""The bridge's own status: up or down for all; the state of jobs and of one campaign for the operator."""

# ruff: noqa: S608 statements are built from constants of this package only

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sendproof_bridge import __version__
from sendproof_bridge.clock import iso
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.metrics import BOUNCED, CLICKED, DELIVERED, DROPPED, OPENED, SENT, UNSUBSCRIBED, totals
from sendproof_bridge.storage import given_up_jobs, message_counts

_MAX_PROBLEMS = 20
_METRIC_NAMES = {
    SENT: "sent",
    DELIVERED: "delivered",
    OPENED: "opened",
    CLICKED: "clicked",
    UNSUBSCRIBED: "unsubscribed",
    DROPPED: "dropped",
    BOUNCED: "bounced",
}

_ANY_RUN = text("SELECT 1 FROM run LIMIT 1")
_OF_CAMPAIGN = "client = :client AND channel = :channel AND campaign = :campaign"
_MESSAGES = text(f"SELECT state, reason, COUNT(*) FROM message WHERE {_OF_CAMPAIGN} GROUP BY state, reason")
_BATCHES = text(f"SELECT state, COUNT(*) FROM batch WHERE {_OF_CAMPAIGN} GROUP BY state")
_RECEIPTS = text(f"SELECT result, number FROM receipt_count WHERE {_OF_CAMPAIGN}")
_REPORTS = text(
    "SELECT SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END), MIN(CASE WHEN state = 'due' THEN due_at END) FROM job"
    " WHERE kind = 'push_metrics' AND id LIKE :prefix"
)


def is_up(bridge: Bridge) -> bool:
    """Return True if the database can be read."""
    try:
        with bridge.store.read() as tx:
            tx.execute(_ANY_RUN)
    except DBAPIError:
        return False
    return True


def status(bridge: Bridge, worker_problem: str | None = None) -> dict[str, Any]:
    """Return the status `ok`, or `attention` with the problems of the worker and of jobs."""
    with bridge.store.read() as tx:
        counts = given_up_jobs.counts(tx)
        failed = [*given_up_jobs.given_up(tx), *given_up_jobs.failing(tx)]
    problems = [] if worker_problem is None else [worker_problem]
    problems += [
        f"{job.id}: {'' if job.state == 'due' else job.state + ': '}{bridge.masked(str(job.last_error))}"
        for job in failed
    ]
    return {
        "status": "attention" if problems else "ok",
        "version": __version__,
        "jobs": dict(counts),
        "problems": problems[:_MAX_PROBLEMS],
    }


def campaign_status(bridge: Bridge, key: CampaignKey) -> dict[str, Any] | None:
    """Return the state and totals of a campaign; None if the bridge does not know it."""
    with bridge.store.read() as tx:
        state = campaigns.state(tx, key)
        if state is None:
            return None
        return {
            "client": key.client,
            "channel": key.channel,
            "campaign": key.number,
            "state": state,
            **_messages(tx, bridge, key),
            "batches": dict(tx.execute(_BATCHES, key._asdict()).all()),
            "receipts": dict(tx.execute(_RECEIPTS, key._asdict()).all()),
            "reports": _reports(tx, key),
        }


def _messages(tx: Connection, bridge: Bridge, key: CampaignKey) -> dict[str, Any]:
    messages: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for state, reason, number in tx.execute(_MESSAGES, key._asdict()):
        messages[state] = messages.get(state, 0) + number
        if reason is not None:
            shown = bridge.masked(reason)
            reasons[shown] = reasons.get(shown, 0) + number
    counts = message_counts.counts(tx, key._asdict())
    named = {
        str(template): {_METRIC_NAMES[metric]: value for metric, value in values.items()}
        for template, values in sorted(totals(counts).items())
    }
    return {"customers": sum(messages.values()), "messages": messages, "reasons": reasons, "totals": named}


def _reports(tx: Connection, key: CampaignKey) -> dict[str, Any]:
    done, next_at = tx.execute(_REPORTS, {"prefix": f"push_metrics:{key.name()}:%"}).one()
    return {"done": done or 0, "next": None if next_at is None else iso(next_at)}
