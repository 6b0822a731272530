"""Send one batch, exactly once.

    planned --(commit)--> sending --(call, reply)--> settled
                             |
                             +--(reply lost, or this process died)--> look up the provider's record:
                                   all found --> settled;   some surely absent --> planned again, for those only

The row says `sending` before the call begins. Whoever finds it so later does not know the outcome, and looks before
anything is repeated. When the look-up itself fails it is tried again; the batch is never repeated blindly.
"""

# ruff: noqa: S608 statements are put together from constants of this package only

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from sendproof_bridge import campaigns, jobs
from sendproof_bridge.bridge import Bridge, CampaignKey
from sendproof_bridge.channels import Outgoing, SendReply
from sendproof_bridge.clock import MINUTE, SECOND, Instant
from sendproof_bridge.errors import NotDoneError, RefusedError, UnknownOutcomeError
from sendproof_bridge.jobs import Job
from sendproof_bridge.lifecycle import BATCH, MESSAGE
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.steps import inquire

# A provider may still be at work on a call whose caller has gone, so its record is not asked at once...
_SETTLE_MS = 30 * SECOND
# ...and its clock need not agree with ours.
_MARGIN_MS = 10 * MINUTE

_BATCH_IS = "client = :client AND id = :batch"
_STATE = text(f"SELECT state, sending_since, unicode FROM batch WHERE {_BATCH_IS}")
_MOVE = text(
    "UPDATE batch SET state = :state, sending_since = COALESCE(:since, sending_since)"
    f" WHERE {_BATCH_IS} AND state IN :sources"
).bindparams(bindparam("sources", expanding=True))
_PENDING = text(
    "SELECT number, text FROM message WHERE client = :client AND batch = :batch AND state = 'pending' ORDER BY customer"
)
_MESSAGE_IS = "client = :client AND batch = :batch AND number = :number"
_NOTE_ID = text(f"UPDATE message SET provider_id = :id, settled_at = COALESCE(settled_at, :now) WHERE {_MESSAGE_IS}")
_ACCEPT = text(f"UPDATE message SET state = 'accepted' WHERE {_MESSAGE_IS} AND state IN {MESSAGE.sql('accepted')}")
_REJECT = text(
    f"UPDATE message SET state = 'rejected', reason = :reason, settled_at = :now"
    f" WHERE {_MESSAGE_IS} AND state IN {MESSAGE.sql('rejected')}"
)
_TAKEN = text("SELECT provider_id FROM message WHERE client = :client AND provider_id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)

logger = logging.getLogger(__name__)


class _Found(NamedTuple):
    state: str
    sending_since: Instant | None
    unicode: bool
    pending: Sequence[Outgoing]


def run(bridge: Bridge, job: Job) -> None:
    """Send, or find out what became of an earlier attempt."""
    key, batch = CampaignKey.of(job.payload), str(job.payload["batch"])
    found = _begin(bridge, key, batch)
    if found.state == "settled" or not found.pending:
        _finish(bridge, job, key, batch, SendReply(accepted={}, rejected={}, postponed={}))
    elif found.state == "sending":
        _look_up(bridge, job, key, batch, found)
    else:
        _send(bridge, job, key, batch, found)


def _begin(bridge: Bridge, key: CampaignKey, batch: str) -> _Found:
    """How the batch stood; a planned one is `sending` from here on."""
    where = {"client": key.client, "batch": batch}
    now = bridge.clock.now()
    with bridge.store.write_durably() as tx:
        state, since, unicode = tx.execute(_STATE, where).one()
        pending = [Outgoing(number=number, text=text) for number, text in tx.execute(_PENDING, where)]
        if state == "planned":
            _move(tx, key, batch, "sending", since=now)
    return _Found(state=state, sending_since=since, unicode=bool(unicode), pending=pending)


def _send(bridge: Bridge, job: Job, key: CampaignKey, batch: str, found: _Found) -> None:
    provider = bridge.channel(key).provider
    url = _receipt_url(bridge, key, batch)
    try:
        reply = provider.send(found.pending, receipt_url=url, unicode=found.unicode)
    except RefusedError as error:
        _refused(bridge, job, key, batch, found, error)
    except NotDoneError:
        with bridge.store.write() as tx:
            _move(tx, key, batch, "planned")
        raise
    except UnknownOutcomeError as error:
        _look_up_later(bridge, job, bridge.clock.now(), str(error))
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
        reasons = {one.number: str(error) for one in found.pending}
        _finish(bridge, job, key, batch, SendReply(accepted={}, rejected=reasons, postponed={}))
        return
    with bridge.store.write() as tx:
        _move(tx, key, batch, "planned")
    raise error


def _look_up(bridge: Bridge, job: Job, key: CampaignKey, batch: str, found: _Found) -> None:
    since = found.sending_since or 0
    if bridge.clock.now() < since + _SETTLE_MS:
        _look_up_later(bridge, job, since, "the outcome of an attempt is not known")
        return
    candidates = _candidates(bridge, key, since, found.pending)
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        accepted = _assign(tx, key, candidates)
        absent = len(found.pending) - len(accepted)
        _accept(tx, key, batch, accepted, now)
        if absent:
            _move(tx, key, batch, "planned")
            jobs.again(tx, job, now)
        else:
            _settle(tx, job, key, batch, now)
    logger.info("batch %s: %d found at the provider, %d surely not sent", batch, len(accepted), absent)


def _look_up_later(bridge: Bridge, job: Job, since: Instant, trouble: str) -> None:
    with bridge.store.write() as tx:
        jobs.later(tx, job, since + _SETTLE_MS, trouble)
    logger.warning("batch %s: %s; the provider's record will be asked", job.payload["batch"], trouble)


def _candidates(
    bridge: Bridge, key: CampaignKey, since: Instant, pending: Sequence[Outgoing]
) -> Mapping[str, list[str]]:
    """What the provider's record may hold of these messages: its ids by number."""
    provider = bridge.channel(key).provider
    wanted = {one.number: one.text for one in pending}
    found: dict[str, list[str]] = {}
    for sent in provider.sent(since - _MARGIN_MS):
        if sent.number in wanted and provider.same_text(sent.text, wanted[sent.number]):
            found.setdefault(sent.number, []).append(sent.id)
    return found


def _assign(tx: Connection, key: CampaignKey, candidates: Mapping[str, list[str]]) -> dict[str, str]:
    """One id a number, leaving out what is known to belong to another message with the same number and text."""
    ids = [one for some in candidates.values() for one in some]
    taken = set(tx.execute(_TAKEN, {"client": key.client, "ids": ids}).scalars())
    free = {number: [one for one in some if one not in taken] for number, some in candidates.items()}
    return {number: some[0] for number, some in free.items() if some}


def _finish(bridge: Bridge, job: Job, key: CampaignKey, batch: str, reply: SendReply) -> None:
    """Note what the provider said. What it said nothing about stays unknown, what it put off is planned again."""
    now = bridge.clock.now()
    with bridge.store.write() as tx:
        _accept(tx, key, batch, reply.accepted, now)
        _reject(tx, key, batch, reply.rejected, now)
        left = {number for number, _ in tx.execute(_PENDING, {"client": key.client, "batch": batch})}
        if not left:
            _settle(tx, job, key, batch, now)
        elif left.issubset(reply.postponed):
            _move(tx, key, batch, "planned")
            _postpone(tx, job, reply.postponed, now)
        else:
            jobs.later(tx, job, now + _SETTLE_MS, f"the provider said nothing of {len(left)} messages")
    counts = len(reply.accepted), len(reply.rejected), len(left)
    logger.info("batch %s: %d accepted, %d rejected, %d open", batch, *counts)


def _postpone(tx: Connection, job: Job, reasons: Mapping[str, str], now: Instant) -> None:
    error = NotDoneError("; ".join(sorted(set(reasons.values()))))
    decision = decide(error, job.attempts, now)
    at = now if isinstance(decision, GiveUp) else decision.at
    jobs.later(tx, job, at, str(error))


def _settle(tx: Connection, job: Job, key: CampaignKey, batch: str, now: Instant) -> None:
    _move(tx, key, batch, "settled")
    jobs.add(tx, [inquire.first_job(key, batch, now)])
    campaigns.settled(tx, key, now)
    jobs.complete(tx, job)


def _accept(tx: Connection, key: CampaignKey, batch: str, accepted: Mapping[str, str], now: Instant) -> None:
    rows: list[dict[str, Any]] = [
        {"client": key.client, "batch": batch, "number": number, "id": provider_id, "now": now}
        for number, provider_id in accepted.items()
    ]
    if not rows:
        return
    tx.execute(_NOTE_ID, rows)
    tx.execute(_ACCEPT, rows)
    campaigns.begin_reports(tx, key, now)


def _reject(tx: Connection, key: CampaignKey, batch: str, rejected: Mapping[str, str], now: Instant) -> None:
    rows = [
        {"client": key.client, "batch": batch, "number": number, "reason": reason, "now": now}
        for number, reason in rejected.items()
    ]
    if rows:
        tx.execute(_REJECT, rows)


def _move(tx: Connection, key: CampaignKey, batch: str, state: str, since: Instant | None = None) -> None:
    where = {"client": key.client, "batch": batch}
    tx.execute(_MOVE, {**where, "state": state, "since": since, "sources": BATCH.sources(state)})
