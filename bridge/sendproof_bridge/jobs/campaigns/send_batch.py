"""Send one batch, exactly once.

    planned --(commit)--> sending --(call, reply)--> settled
                             |
                             +--(reply lost, or this process died)--> look up the provider's record:
                                   all found --> settled;   some surely absent --> planned again, for those only
                                   no record to look at --> settled, as unknown, and never repeated

A message that the reply left out, though it came, is looked up as well. When the record does not show it either, it is
rejected: sent again it would be left out again, or the provider knows it under another name and did send it.

A refusal for rate pauses every send of the channel (pauses.py): a job whose channel pauses is put off before it begins.

The row says `sending` before the call begins. Whoever finds it so later does not know the outcome, and looks before
anything is repeated. When the look-up itself fails it is tried again; the batch is never repeated blindly.
"""

# ruff: noqa: S608 statements are put together from constants of this package only

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge.clock import HOUR, Instant, iso
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, CampaignKey
from sendproof_bridge.domain.metrics import COUNTS_AS, SENT
from sendproof_bridge.domain.recipient_rules import NOT_MENTIONED, OPTED_OUT_HERE, REPLY_LOST, TOO_LATE
from sendproof_bridge.inbound import group_commit
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.jobs.reports import poll_missing_receipts, poll_statuses
from sendproof_bridge.outbound.errors import NotDoneError, RateLimitedError, RefusedError, UnknownOutcomeError
from sendproof_bridge.outbound.providers import Outgoing, SendReply
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.storage import backoff, job_queue, opt_outs
from sendproof_bridge.storage.job_queue import Job
from sendproof_bridge.storage.lifecycle import BATCH, MESSAGE
from sendproof_bridge.storage.store import execute_many

_BATCH_IS = "client = :client AND id = :batch"
_STATE = text(f"SELECT state, sending_since, due_at FROM batch WHERE {_BATCH_IS}")
_MOVE = text(
    "UPDATE batch SET state = :state, sending_since = COALESCE(:since, sending_since)"
    f" WHERE {_BATCH_IS} AND state IN :sources"
).bindparams(bindparam("sources", expanding=True))
_PENDING = text(
    "SELECT recipient, number, template, content FROM message"
    " WHERE client = :client AND batch = :batch AND state = 'pending' ORDER BY customer"
)
_OPTED_OUT = text(
    f"UPDATE message SET state = 'dropped', reason = '{OPTED_OUT_HERE}', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
    " AND number IN (SELECT number FROM opt_out WHERE client = :client) RETURNING customer"
)
_TOO_LATE = text(
    f"UPDATE message SET state = 'dropped', reason = '{TOO_LATE}', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_CANCELLED = text(
    "UPDATE message SET state = 'cancelled', reason = 'cancelled', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_UNKNOWN = text(
    "UPDATE message SET state = 'unknown', reason = :reason, settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_MESSAGE_IS = "client = :client AND batch = :batch AND recipient = :recipient"
# A receipt may have overtaken the reply; then the message is further than accepted, and stays so.
_ACCEPT = (
    "UPDATE message SET provider_id = COALESCE(:id, provider_id), settled_at = COALESCE(settled_at, :now),"
    f" state = CASE WHEN state IN {MESSAGE.sql('accepted')} THEN :state ELSE state END WHERE {_MESSAGE_IS}"
)
_REJECT = (
    f"UPDATE message SET state = 'rejected', reason = :reason, settled_at = :now"
    f" WHERE {_MESSAGE_IS} AND state IN {MESSAGE.sql('rejected')}"
)
_TAKEN = text("SELECT provider_id FROM message WHERE client = :client AND provider_id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
# Others to the same recipient by the same template since then, of which the provider gave no id.
_UNNAMED = text(
    "SELECT mine.recipient, COUNT(*) FROM message mine JOIN message other ON other.client = mine.client"
    " AND other.recipient = mine.recipient AND other.template = mine.template AND other.batch <> mine.batch"
    " WHERE mine.client = :client AND mine.batch = :batch AND mine.state = 'pending'"
    " AND other.provider_id IS NULL AND other.settled_at >= :since"
    f" AND other.state IN ('taken', {', '.join(repr(state) for state in COUNTS_AS[SENT])}) GROUP BY mine.recipient"
)

logger = logging.getLogger(__name__)


class _Found(NamedTuple):
    state: str
    sending_since: Instant | None
    pending: Sequence[Outgoing]


def run(bridge: Bridge, job: Job) -> None:
    """Send, or find out what became of an earlier attempt."""
    key, batch = CampaignKey.of(job.payload), str(job.payload["batch"])
    found = _begin(bridge, job, key, batch)
    if found is None:
        return
    if found.state == "cancelled":
        with bridge.store.write() as tx:
            job_queue.complete(tx, job)
    elif found.state == "settled" or not found.pending:
        _finish(bridge, job, key, batch, SendReply())
    elif found.state == "sending":
        _look_up(bridge, job, key, batch, found)
    else:
        _send(bridge, job, key, batch, found)


def _begin(bridge: Bridge, job: Job, key: CampaignKey, batch: str) -> _Found | None:
    """How the batch stood; a planned one is `sending` from here on, without those who opted out meanwhile.

    None when the channel pauses; then the job comes back when that is over.
    """
    now = bridge.clock.now()
    where = {"client": key.client, "batch": batch, "now": now}
    with bridge.store.write_durably() as tx:
        until = backoff.until(tx, key, now)
        if until is not None:
            job_queue.put_off(tx, job, until + job.attempts - 1)
            return None
        state, since, due_at = tx.execute(_STATE, where).one()
        if state == "planned" and campaigns.state(tx, key) == "cancelled":
            tx.execute(_CANCELLED, where)
            _move(tx, key, batch, "cancelled")
            state = "cancelled"
        if state == "planned":
            left_out = list(tx.execute(_OPTED_OUT, where).scalars())
            job_queue.add(
                tx, push_opt_outs.tell(bridge.clients[key.client].config, key.channel, left_out, f"batch:{batch}")
            )
            if now > due_at + bridge.channel(key).config.too_late_after_hours * HOUR:
                tx.execute(_TOO_LATE, where)
            _move(tx, key, batch, "sending", since=now)
        pending = [Outgoing(**row) for row in tx.execute(_PENDING, where).mappings()]
    return _Found(state=state, sending_since=since, pending=pending)


def _send(bridge: Bridge, job: Job, key: CampaignKey, batch: str, found: _Found) -> None:
    provider = bridge.channel(key).provider
    try:
        reply = provider.send(found.pending, batch=batch, receipt_url=_receipt_url(bridge, key, batch))
    except RateLimitedError as error:
        _too_many(bridge, job, key, batch, error)
    except RefusedError as error:
        _refused(bridge, job, key, batch, found, error)
    except NotDoneError:
        with bridge.store.write() as tx:
            _move(tx, key, batch, "planned")
        raise
    except UnknownOutcomeError as error:
        _lost(bridge, job, key, bridge.clock.now(), str(error))
    else:
        _finish(bridge, job, key, batch, reply)


def _receipt_url(bridge: Bridge, key: CampaignKey, batch: str) -> str:
    """Where the provider is to post receipts. It holds the token: never log it."""
    client = bridge.clients[key.client].config
    provider = bridge.channel(key).config.provider
    return f"{bridge.public_url}/webhooks/{provider}/{client.name}/{client.webhook_token.reveal()}/{batch}"


def _refused(bridge: Bridge, job: Job, key: CampaignKey, batch: str, found: _Found, error: RefusedError) -> None:
    """The provider will have none of this batch. Ask a few times more, then call its messages rejected."""
    if isinstance(decide(error, job.attempts, bridge.clock.now()), GiveUp):
        reasons = {one.recipient: str(error) for one in found.pending}
        _finish(bridge, job, key, batch, SendReply(rejected=reasons))
        return
    with bridge.store.write() as tx:
        _move(tx, key, batch, "planned")
    raise error


def _too_many(bridge: Bridge, job: Job, key: CampaignKey, batch: str, error: RateLimitedError) -> None:
    with bridge.store.write() as tx:
        _move(tx, key, batch, "planned")
        until = backoff.begin(tx, key, error, bridge.clock.now())
        # Behind those that were refused less often, lest a few that always are keep all others from being tried.
        job_queue.later(tx, job, until + job.attempts, str(error))
    logger.warning("batch %s: %s: channel %d sends again at %s", batch, error, key.channel, iso(until))


def _look_up(bridge: Bridge, job: Job, key: CampaignKey, batch: str, found: _Found) -> None:
    since, provider = found.sending_since or 0, bridge.channel(key).provider
    if not provider.remembers or bridge.clock.now() < since + provider.settle_ms:
        _lost(bridge, job, key, since, "the outcome of an attempt is not known")
        return
    candidates = provider.find(found.pending, since)
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        accepted = _assign(tx, key, batch, candidates, since)
        absent = {one.recipient for one in found.pending} - accepted.keys()
        left_out = absent.intersection(job.payload.get("left_out", ()))
        # It was sent then; a look-up later must not make it younger than the provider's record of it.
        _accept(bridge, tx, key, batch, accepted, since)
        if accepted:
            _begin_reports(bridge, tx, key, now)
        _reject(tx, key, batch, dict.fromkeys(left_out, NOT_MENTIONED), now)
        if absent - left_out:
            _move(tx, key, batch, "planned")
            job_queue.again(tx, job, now)
        else:
            _settle(bridge, tx, job, key, batch, now)
    logger.info("batch %s: %d found at the provider, %d surely not sent", batch, len(accepted), len(absent))


def _lost(bridge: Bridge, job: Job, key: CampaignKey, since: Instant, trouble: str) -> None:
    """Look later, or, at a provider that keeps no record, call what is open unknown for good."""
    provider, batch, now = bridge.channel(key).provider, str(job.payload["batch"]), bridge.clock.now()
    with bridge.store.write() as tx:
        if provider.remembers:
            job_queue.later(tx, job, since + provider.settle_ms, trouble)
        else:
            tx.execute(_UNKNOWN, {"client": key.client, "batch": batch, "reason": REPLY_LOST, "now": now})
            _begin_reports(bridge, tx, key, now)
            _settle(bridge, tx, job, key, batch, now)
    then = "its record will be asked" if provider.remembers else "it keeps no record, so this stays unknown"
    logger.warning("batch %s: %s; %s", batch, trouble, then)


def _assign(
    tx: Connection, key: CampaignKey, batch: str, candidates: Mapping[str, list[str]], since: Instant
) -> dict[str, str]:
    """One id a recipient, leaving out what is known to belong to another message, and one for each without a name."""
    ids = [one for some in candidates.values() for one in some]
    taken = set(tx.execute(_TAKEN, {"client": key.client, "ids": ids}).scalars())
    unnamed = tx.execute(_UNNAMED, {"client": key.client, "batch": batch, "since": since})
    others: dict[str, int] = dict(unnamed.all())
    free = {
        recipient: [one for one in some if one not in taken][others.get(recipient, 0) :]
        for recipient, some in candidates.items()
    }
    return {recipient: some[0] for recipient, some in free.items() if some}


def _finish(bridge: Bridge, job: Job, key: CampaignKey, batch: str, reply: SendReply) -> None:
    """Note what the provider said. What it said nothing about stays unknown, what it put off is planned again."""
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        backoff.end(tx, key, now)
        _accept(bridge, tx, key, batch, reply.accepted, now)
        if reply.accepted:
            _begin_reports(bridge, tx, key, now)
        _reject(tx, key, batch, reply.rejected, now)
        opt_outs.note(tx, key, batch, reply.opted_out, now)
        left = {row.recipient for row in tx.execute(_PENDING, {"client": key.client, "batch": batch})}
        if not left:
            _settle(bridge, tx, job, key, batch, now)
        elif left.issubset(reply.postponed):
            _move(tx, key, batch, "planned")
            _postpone(tx, job, reply.postponed, now)
        else:
            job_queue.rewrite(tx, job, {**job.payload, "left_out": sorted(left.difference(reply.postponed))})
        said = not left or left.issubset(reply.postponed)
    if not said:
        _lost(bridge, job, key, now, f"the provider said nothing of {len(left)} messages")
    counts = len(reply.accepted), len(reply.rejected), len(left)
    logger.info("batch %s: %d accepted, %d rejected, %d open", batch, *counts)


def _postpone(tx: Connection, job: Job, reasons: Mapping[str, str], now: Instant) -> None:
    error = NotDoneError("; ".join(sorted(set(reasons.values()))))
    decision = decide(error, job.attempts, now)
    at = now if isinstance(decision, GiveUp) else decision.at
    job_queue.later(tx, job, at, str(error))


def _begin_reports(bridge: Bridge, tx: Connection, key: CampaignKey, now: Instant) -> None:
    campaigns.begin_reports(tx, key, now)
    if not bridge.channel(key).provider.posts_receipts:
        poll_statuses.see_to_it(tx, key, now)


def _settle(bridge: Bridge, tx: Connection, job: Job, key: CampaignKey, batch: str, now: Instant) -> None:
    _move(tx, key, batch, "settled")
    if bridge.channel(key).provider.posts_receipts:
        job_queue.add(tx, [poll_missing_receipts.first_job(key, batch, now)])
    campaigns.settled(tx, key, now)
    job_queue.complete(tx, job)


def _accept(
    bridge: Bridge, tx: Connection, key: CampaignKey, batch: str, accepted: Mapping[str, str], now: Instant
) -> None:
    state = "taken" if bridge.channel(key).provider.rejects_later else "accepted"
    rows: list[dict[str, Any]] = [
        {
            "client": key.client,
            "batch": batch,
            "state": state,
            "recipient": recipient,
            "id": provider_id or None,
            "now": now,
        }
        for recipient, provider_id in accepted.items()
    ]
    execute_many(tx, _ACCEPT, rows)
    group_commit.messages_named(tx, key.client, filter(None, accepted.values()))


def _reject(tx: Connection, key: CampaignKey, batch: str, rejected: Mapping[str, str], now: Instant) -> None:
    rows = [
        {"client": key.client, "batch": batch, "recipient": recipient, "reason": reason, "now": now}
        for recipient, reason in rejected.items()
    ]
    execute_many(tx, _REJECT, rows)


def _move(tx: Connection, key: CampaignKey, batch: str, state: str, since: Instant | None = None) -> None:
    where = {"client": key.client, "batch": batch}
    tx.execute(_MOVE, {**where, "state": state, "since": since, "sources": BATCH.sources(state)})
