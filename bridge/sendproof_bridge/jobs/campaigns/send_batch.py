"""Send one batch, exactly once.

    planned --(commit)--> sending --(call, response)--> settled
                             |
                             +--(response lost, or this process died)--> look up the provider's record:
                                   all found --> settled;   some certainly absent --> planned again, for those only
                                   no record to look up --> settled, as unknown, and never repeated

A message that is missing in a response is looked up as well. If the record does not contain it either, it is rejected:
sent again, it would be missing again, or the provider knows it under another name and did send it.

A rate-limit refusal pauses every send of the channel (storage/backoff.py): jobs of a paused channel are deferred.

The row says `sending` before the call begins. If a later attempt finds it in this state, the outcome is unknown, and
the attempt looks it up before it repeats anything. A failed look-up is retried; the batch is never repeated blindly.
"""

# ruff: noqa: S608 statements are built from constants of this package only

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, Text, bindparam, text

from sendproof_bridge.clock import HOUR, Instant, iso
from sendproof_bridge.domain import campaigns, receipts
from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.domain.metrics import SENT, STATES_COUNTED
from sendproof_bridge.domain.recipient_rules import NOT_MENTIONED, OPTED_OUT_HERE, REPLY_LOST, TOO_LATE
from sendproof_bridge.jobs.campaigns import withdraw_batch
from sendproof_bridge.jobs.opt_outs import push_opt_outs
from sendproof_bridge.jobs.reports import poll_missing_receipts, poll_statuses, recorded_call
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RemoteCallError,
    error_name,
)
from sendproof_bridge.outbound.providers import MessageProvider, OpenMessage, OutgoingMessage, Receipt, SendResult
from sendproof_bridge.retry import GiveUp, decide, rate_limit_ends_at
from sendproof_bridge.storage import backoff, job_queue, opt_outs
from sendproof_bridge.storage.job_queue import Job
from sendproof_bridge.storage.lifecycle import BATCH, MESSAGE
from sendproof_bridge.storage.store import execute_many, plain

_THIS_BATCH = "client = :client AND id = :batch"
_STATUS = f"SELECT state, sending_since, due_at FROM batch WHERE {_THIS_BATCH}"
_MOVE = f"UPDATE batch SET state = :state, sending_since = COALESCE(:since, sending_since) WHERE {_THIS_BATCH}"
_PENDING = (
    "SELECT recipient, number, template, content FROM message"
    " WHERE client = :client AND batch = :batch AND state = 'pending' ORDER BY customer"
)
_DROP_OPTED_OUT = text(
    f"UPDATE message SET state = 'dropped', reason = '{OPTED_OUT_HERE}', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
    " AND EXISTS (SELECT 1 FROM opt_out o WHERE o.client = message.client AND o.number = message.number)"
    " RETURNING customer"
)
_DROP_TOO_LATE = text(
    f"UPDATE message SET state = 'dropped', reason = '{TOO_LATE}', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_CANCEL = text(
    "UPDATE message SET state = 'cancelled', reason = 'cancelled', settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_MARK_UNKNOWN = text(
    "UPDATE message SET state = 'unknown', reason = :reason, settled_at = :now"
    " WHERE client = :client AND batch = :batch AND state = 'pending'"
)
_THIS_MESSAGE = "client = ? AND batch = ? AND recipient = ?"
# A receipt may have arrived before the response. The message is then beyond accepted, and keeps its state.
_ACCEPT = (
    "UPDATE message SET provider_id = COALESCE(?, provider_id), settled_at = COALESCE(settled_at, ?),"
    f" state = CASE WHEN state IN {MESSAGE.sql('accepted')} THEN ? ELSE state END WHERE {_THIS_MESSAGE}"
)
_REJECT = (
    "UPDATE message SET state = 'rejected', reason = ?, settled_at = ?"
    f" WHERE {_THIS_MESSAGE} AND state IN {MESSAGE.sql('rejected')}"
)
# A click or a STOP may have named a message of this batch already: its id then shows that it was sent.
_ASSIGNED_IDS = text(
    "SELECT provider_id FROM message WHERE client = :client AND provider_id IN :ids"
    " AND NOT (batch = :batch AND state = 'pending')"
).bindparams(bindparam("ids", expanding=True, type_=Text))
# Other messages to the same recipient by the same template since then, for which the provider returned no id.
_OTHERS_WITHOUT_ID = text(
    "SELECT mine.recipient, COUNT(*) FROM message mine JOIN message other ON other.client = mine.client"
    " AND other.recipient = mine.recipient AND other.template = mine.template AND other.batch <> mine.batch"
    " WHERE mine.client = :client AND mine.batch = :batch AND mine.state = 'pending'"
    " AND other.provider_id IS NULL AND other.settled_at >= :since"
    f" AND other.state IN ('taken', {', '.join(repr(state) for state in STATES_COUNTED[SENT])}) GROUP BY mine.recipient"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One attempt to send a batch."""

    bridge: Bridge
    job: Job
    key: CampaignKey
    batch: str

    @property
    def channel(self) -> Channel:
        return self.bridge.channel(self.key)

    @property
    def provider(self) -> MessageProvider:
        return self.channel.provider

    def now(self) -> Instant:
        return self.bridge.clock.now()

    def ids(self) -> dict[str, Any]:
        """Return the parameters that identify the batch in statements."""
        return {"client": self.key.client, "batch": self.batch}


class _BatchStatus(NamedTuple):
    state: str
    sending_since: Instant | None
    pending: Sequence[OutgoingMessage]


def run(bridge: Bridge, job: Job) -> None:
    """Send the batch, or find out the outcome of an earlier attempt."""
    attempt = _Attempt(bridge=bridge, job=job, key=CampaignKey.of(job.payload), batch=str(job.payload["batch"]))
    status = _begin(attempt)
    if status is None:
        return
    if status.state == "cancelled":
        with bridge.store.write() as tx:
            job_queue.complete(tx, job)
    elif status.state == "settled" or not status.pending:
        _finish(attempt, SendResult())
    elif status.state == "sending":
        _look_up(attempt, status)
    else:
        _send(attempt, status.pending)


def _begin(attempt: _Attempt) -> _BatchStatus | None:
    """Return the status before this attempt; a planned batch is now `sending`, without customers that opted out.

    Return None if the channel pauses, or if the time of the batch has not come; the job is then deferred.
    """
    now, key = attempt.now(), attempt.key
    values = {**attempt.ids(), "now": now}
    with attempt.bridge.store.write_durably() as tx:
        job_queue.check_owned(tx, attempt.job)
        until = backoff.paused_until(tx, key.client, key.channel, now)
        if until is not None:
            job_queue.defer(tx, attempt.job, until + attempt.job.attempts - 1)
            return None
        state, since, due_at = plain(tx).execute(_STATUS, values).fetchone()
        if state == "planned" and campaigns.state(tx, key) == "cancelled":
            tx.execute(_CANCEL, values)
            _move(tx, attempt, "cancelled")
            state = "cancelled"
        if state == "planned" and campaigns.state(tx, key) != "triggered" and now < due_at - attempt.provider.lead_ms:
            # The clock was set back since the job fell due.
            job_queue.defer(tx, attempt.job, due_at - attempt.provider.lead_ms)
            return None
        if state == "planned":
            opted_out = sorted(tx.execute(_DROP_OPTED_OUT, values).scalars())
            client = attempt.bridge.clients[key.client].config
            job_queue.add(tx, push_opt_outs.new_jobs(client, key.channel, opted_out, f"batch:{attempt.batch}"))
            if now > due_at + attempt.channel.config.too_late_after_hours * HOUR:
                tx.execute(_DROP_TOO_LATE, values)
            _move(tx, attempt, "sending", since=now)
        pending = [
            OutgoingMessage(recipient=recipient, number=number, template=template, content=content)
            for recipient, number, template, content in plain(tx).execute(_PENDING, values)
        ]
    return _BatchStatus(state=state, sending_since=since, pending=pending)


def _send(attempt: _Attempt, messages: Sequence[OutgoingMessage]) -> None:
    attempt.job.lease.check()
    try:
        with _counted_errors(attempt):
            result = attempt.provider.send(messages, batch=attempt.batch, receipt_url=_receipt_url(attempt))
    except RateLimitedError as error:
        _pause_channel(attempt, error)
    except RejectedError as error:
        _on_batch_rejected(attempt, messages, error)
    except NotSentError:
        _plan_again(attempt)
        raise
    except OutcomeUnknownError as error:
        _on_response_lost(attempt, attempt.now(), str(error))
    else:
        _finish(attempt, result)


@contextmanager
def _counted_errors(attempt: _Attempt) -> Iterator[None]:
    try:
        yield
    except RemoteCallError as error:
        attempt.bridge.monitor.send_failed(attempt.key.client, attempt.key.channel, error_name(error))
        raise


def _receipt_url(attempt: _Attempt) -> str:
    """Return the URL for the batch's receipts. It contains the token: never log it."""
    client = attempt.bridge.clients[attempt.key.client].config
    path = f"webhooks/{attempt.channel.config.provider}/{client.name}/{client.webhook_token.reveal()}/{attempt.batch}"
    return f"{attempt.bridge.public_url}/{path}"


def _on_batch_rejected(attempt: _Attempt, messages: Sequence[OutgoingMessage], error: RejectedError) -> None:
    """Retry a batch that the provider rejects as a whole; finally, mark its messages as rejected."""
    if isinstance(decide(error, attempt.job.attempts, attempt.now()), GiveUp):
        _finish(attempt, SendResult(rejected={message.recipient: str(error) for message in messages}))
        return
    _plan_again(attempt)
    raise error


def _plan_again(attempt: _Attempt) -> None:
    """Plan a batch that was not sent, unless this process hung: another one may be sending it now."""
    with attempt.bridge.store.write() as tx:
        job_queue.check_owned(tx, attempt.job)
        _move(tx, attempt, "planned")


def _pause_channel(attempt: _Attempt, error: RateLimitedError) -> None:
    key, now = attempt.key, attempt.now()
    with attempt.bridge.store.write() as tx:
        _move(tx, attempt, "planned")
        until = backoff.begin(
            tx, key.client, key.channel, now, lambda refusals: rate_limit_ends_at(error, refusals, now)
        )
        # After jobs that were refused less often: a few that are always refused must not block all others.
        job_queue.retry_at(tx, attempt.job, until + attempt.job.attempts, str(error))
    logger.warning("batch %s: %s: channel %d sends again at %s", attempt.batch, error, key.channel, iso(until))


def _look_up(attempt: _Attempt, status: _BatchStatus) -> None:
    """Find out what an earlier attempt sent; plan what is certainly absent again."""
    since, provider = status.sending_since or 0, attempt.provider
    if not provider.has_send_record or attempt.now() < since + provider.settle_ms:
        _on_response_lost(attempt, since, "the outcome of an attempt is not known")
        return
    candidates = provider.find_sent(status.pending, since)
    statuses = _read_statuses(attempt, status.pending, candidates, since)
    now = attempt.now()
    with attempt.bridge.store.write() as tx:
        accepted = _assign_ids(tx, attempt, candidates, since)
        absent = {message.recipient for message in status.pending} - accepted.keys()
        not_mentioned = absent.intersection(attempt.job.payload.get("not_mentioned", ()))
        # It was sent at `since`; a later time would make it younger than the provider's record of it.
        _accept(tx, attempt, accepted, since)
        found = [replace(receipt, batch=attempt.batch) for id_, receipt in statuses if id_ in accepted.values()]
        receipts.record(tx, attempt.bridge, [(attempt.key.client, receipt) for receipt in found])
        if accepted:
            _schedule_reports(tx, attempt, now)
        _reject(tx, attempt, dict.fromkeys(not_mentioned, NOT_MENTIONED), now)
        if absent - not_mentioned:
            _move(tx, attempt, "planned")
            job_queue.reschedule(tx, attempt.job, now)
        else:
            _settle(tx, attempt, now)
    logger.info("batch %s: %d found at the provider, %d not sent", attempt.batch, len(accepted), len(absent))


def _read_statuses(
    attempt: _Attempt, pending: Sequence[OutgoingMessage], candidates: Mapping[str, list[str]], since: Instant
) -> list[tuple[str, Receipt]]:
    """Return the final statuses of messages in the record, with their ids: their webhooks may be lost for good.

    A status that cannot be read now is polled before the next report. Requested receipts are polled later.
    """
    if attempt.provider.requests_receipts:
        return []
    with attempt.bridge.store.read() as tx:
        ids = _assign_ids(tx, attempt, candidates, since)
    found = [
        OpenMessage(
            recipient=message.recipient, message=ids[message.recipient], template=message.template, sent_at=since
        )
        for message in pending
        if message.recipient in ids
    ]
    statuses, error = poll_missing_receipts.poll(attempt.bridge, attempt.key, found)
    if error is not None:
        logger.warning("batch %s: %s; polled again before the next report", attempt.batch, error)
    return [(ids[receipt.recipient], receipt) for receipt in statuses]


def _on_response_lost(attempt: _Attempt, since: Instant, error: str) -> None:
    """Look up the outcome later; if the provider has no record, mark the pending messages as unknown for good."""
    provider, now = attempt.provider, attempt.now()
    with attempt.bridge.store.write() as tx:
        if provider.has_send_record:
            job_queue.retry_at(tx, attempt.job, since + provider.settle_ms, error)
        else:
            tx.execute(_MARK_UNKNOWN, {**attempt.ids(), "reason": REPLY_LOST, "now": now})
            _schedule_reports(tx, attempt, now)
            _settle(tx, attempt, now)
    consequence = (
        "it will be looked up in the provider's record"
        if provider.has_send_record
        else "the provider has no record, so this stays unknown"
    )
    logger.warning("batch %s: %s; %s", attempt.batch, error, consequence)


def _assign_ids(
    tx: Connection, attempt: _Attempt, candidates: Mapping[str, list[str]], since: Instant
) -> dict[str, str]:
    """Return one provider id per recipient.

    Ids of other messages are left out, and one id for each other message that has none yet.
    """
    ids = [id_ for recipient_ids in candidates.values() for id_ in recipient_ids]
    assigned = set(tx.execute(_ASSIGNED_IDS, {**attempt.ids(), "ids": ids}).scalars())
    others: dict[str, int] = dict(tx.execute(_OTHERS_WITHOUT_ID, {**attempt.ids(), "since": since}).all())
    free = {
        recipient: [id_ for id_ in recipient_ids if id_ not in assigned][others.get(recipient, 0) :]
        for recipient, recipient_ids in candidates.items()
    }
    return {recipient: free_ids[0] for recipient, free_ids in free.items() if free_ids}


def _finish(attempt: _Attempt, result: SendResult) -> None:
    """Store the provider's response. Missing messages are looked up later, postponed messages are planned again."""
    now, key, pending = attempt.now(), attempt.key, set[str]()

    def store(tx: Connection) -> None:
        pending.clear()
        pending.update(_store_response(tx, attempt, result, now))

    if attempt.provider.has_send_record:
        with attempt.bridge.store.write() as tx:
            store(tx)
    else:
        recorded_call.keep(attempt.bridge, attempt.job, store)
    if not pending.issubset(result.postponed):
        _on_response_lost(attempt, now, f"the response does not mention {len(pending)} messages")
    accepted, rejected = len(result.accepted), len(result.rejected)
    attempt.bridge.monitor.messages_sent(key.client, key.channel, accepted=accepted, rejected=rejected)
    counts = accepted, rejected, len(pending)
    logger.info("batch %s: %d accepted, %d rejected, %d open", attempt.batch, *counts)


def _store_response(tx: Connection, attempt: _Attempt, result: SendResult, now: Instant) -> set[str]:
    """Store the provider's response and the next step; return the recipients that still wait."""
    key = attempt.key
    backoff.end(tx, key.client, key.channel, now)
    _accept(tx, attempt, result.accepted, now)
    _reject(tx, attempt, result.rejected, now)
    opt_outs.add_recipients(tx, key.client, attempt.batch, result.opted_out, now)
    pending = {recipient for recipient, *_ in plain(tx).execute(_PENDING, attempt.ids())}
    missing = pending.difference(result.postponed)
    # Where there was nothing left to send, receipts have told of the messages whose response was lost.
    if result.accepted or not (result.rejected or pending):
        _schedule_reports(tx, attempt, now)
    if missing:
        job_queue.set_payload(tx, attempt.job, {**attempt.job.payload, "not_mentioned": sorted(missing)})
    elif pending:
        _move(tx, attempt, "planned")
        _postpone(tx, attempt.job, result.postponed, now)
    else:
        _settle(tx, attempt, now)
    return pending


def _postpone(tx: Connection, job: Job, reasons: Mapping[str, str], now: Instant) -> None:
    error = NotSentError("; ".join(sorted(set(reasons.values()))))
    decision = decide(error, job.attempts, now)
    job_queue.retry_at(tx, job, now if isinstance(decision, GiveUp) else decision.at, str(error))


def _schedule_reports(tx: Connection, attempt: _Attempt, now: Instant) -> None:
    reports_a_day = attempt.bridge.reports_a_day(attempt.key)
    campaigns.schedule_reports(tx, attempt.key, now, reports_a_day)
    if not attempt.provider.requests_receipts:
        poll_statuses.ensure_job(tx, attempt.key, now, reports_a_day)


def _settle(tx: Connection, attempt: _Attempt, now: Instant) -> None:
    _move(tx, attempt, "settled")
    if attempt.provider.requests_receipts:
        job_queue.add(tx, [poll_missing_receipts.new_job(attempt.key, attempt.batch, now)])
    if campaigns.state(tx, attempt.key) == "cancelled":
        job_queue.add(tx, withdraw_batch.new_jobs(tx, attempt.key.client, attempt.key.campaign, now))
    campaigns.on_batch_done(tx, attempt.key, now, attempt.bridge.reports_a_day(attempt.key))
    job_queue.complete(tx, attempt.job)


def _accept(tx: Connection, attempt: _Attempt, accepted: Mapping[str, str], now: Instant) -> None:
    state = "taken" if attempt.provider.may_reject_later else "accepted"
    client, batch = attempt.key.client, attempt.batch
    rows = [(provider_id or None, now, state, client, batch, recipient) for recipient, provider_id in accepted.items()]
    execute_many(tx, _ACCEPT, rows)
    receipts.on_ids_known(tx, attempt.bridge, attempt.key.client, filter(None, accepted.values()))


def _reject(tx: Connection, attempt: _Attempt, rejected: Mapping[str, str], now: Instant) -> None:
    rows = [(reason, now, attempt.key.client, attempt.batch, recipient) for recipient, reason in rejected.items()]
    execute_many(tx, _REJECT, rows)


def _move(tx: Connection, attempt: _Attempt, state: str, since: Instant | None = None) -> None:
    statement = f"{_MOVE} AND state IN {BATCH.sql(state)}"
    plain(tx).execute(statement, {**attempt.ids(), "state": state, "since": since})
