"""What follows an accepted message: delivery status notifications, and one-click unsubscriptions.

A notification is a mail to the envelope sender. The relay hands it over to the URL in the settings, as an inbound route
does. An unsubscription comes from the recipient's mail client. Scanners of the recipient's server open the same URL
with GET, which is no unsubscription. A forged unsubscription has the URL of another recipient, guessed from this one.

documented: RFC 3464 (the notification), RFC 3461 (which of them a sender gets), RFC 8058 (the unsubscription, and that
scanners fetch all URLs in the header).
assumed: the rates and times, and that an unacknowledged call is sent again. A notification with the action `delayed`
goes to a sender that asks for it: a relay may send one after a time of its choice (RFC 3461, 4.1).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from itertools import islice

from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, SECOND, Instant
from sendproof_simulators.core.contracts import FORM
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.messaging.delivery_outcomes import (
    DELAYED,
    DELIVERED,
    EXPIRED,
    INVALID,
    STATES,
    STOP,
    UNDELIVERED,
    Rate,
)
from sendproof_simulators.core.messaging.lifecycle import STEPS, DueEvent, advance, delivery_schedule, delivery_status
from sendproof_simulators.core.messaging.message_types import EMAIL
from sendproof_simulators.core.messaging.smtp import SmtpReply
from sendproof_simulators.core.simulator import MessageStatus, SandboxContext
from sendproof_simulators.services.smtp.guessed_urls import guessed_url
from sendproof_simulators.services.smtp.replies import reason
from sendproof_simulators.services.smtp.state import NAME, Mail, Notice, State

DSN, UNSUBSCRIBE, SCAN = "dsn", "unsubscribe", "scan"
EVENTS = (DSN, UNSUBSCRIBE)
_RECEIPTS, _REFUSAL = "receipts", "refusal"
_MAIL, _POSTMASTER, _HOST = "message/rfc822", "MAILER-DAEMON@relay.example", "relay.example"
_ONE_CLICK = b"List-Unsubscribe=One-Click"
_REFUSAL_DELAY = 2 * SECOND
# One of these does not unsubscribe.
_MOST_OTHERS = 100
# assumed: when a relay says that it still tries. documented: 4 hours is the default of Exchange,
# https://learn.microsoft.com/en-us/previous-versions/office/exchange-server-api/ff342868(v=exchg.150)
_DELAY_NOTIFICATION = 4 * HOUR
# assumed: the share of messages whose links a scanner opens
_SCANNED = 0.05

# assumed, all of it: the shares and the times.
RATES = (
    Rate(what=DELIVERED, share=0.96, earliest=2 * SECOND, latest=60 * SECOND, step=SECOND),
    Rate(what=UNDELIVERED, share=0.02, earliest=HOUR, latest=48 * HOUR, step=15 * MINUTE),
    Rate(what=INVALID, share=0.02, earliest=2 * SECOND, latest=30 * SECOND, step=SECOND),
)


# documented: the codes, RFC 3463.
_NOTICES: Mapping[str, Notice] = {
    DELIVERED: Notice(action="delivered", status="2.0.0", diagnostic="250 2.0.0 Delivered"),
    UNDELIVERED: Notice(action="failed", status="4.2.2", diagnostic="452 4.2.2 The mailbox is full"),
    EXPIRED: Notice(action="failed", status="4.4.7", diagnostic="451 4.4.1 The server does not answer"),
    INVALID: Notice(action="failed", status="5.1.1", diagnostic="550 5.1.1 The mailbox does not exist"),
    DELAYED: Notice(action="delayed", status="4.4.1", diagnostic="451 4.4.1 The server does not answer"),
}
_KEYWORDS: Mapping[str, str] = {"delivered": "SUCCESS", "failed": "FAILURE", "delayed": "DELAY"}


def begin(state: State, mail: Mail, now: Instant) -> Effects:
    """Keep a message and schedule its events; return those that happen before the response."""
    draws = [state.random.fraction(NAME, "fate", mail.id)]
    schedule = delivery_schedule([state.outcome_number(mail.address)], draws, now, now, rates=RATES)
    delayed_at = now + _DELAY_NOTIFICATION
    if _KEYWORDS[DELAYED] in mail.notify and (schedule.next is None or schedule.next > delayed_at):
        schedule.add(0, DELAYED, delayed_at)
    state.mails[mail.id], state.schedules[mail.id] = mail, schedule
    return _applied(state, mail, schedule.until(now - 1))


def refusal_timer(state: State, mail: Mail, reply: SmtpReply, now: Instant) -> tuple[Timer, ...]:
    """Return the timer for the notification about a recipient that was refused, although others were accepted."""
    status = reply.text.partition(" ")[0]
    notice = Notice(action="failed", status=status, diagnostic=f"{reply.code} {status} {reason(reply)}")
    state.refused[mail.id] = (mail, notice)
    return (Timer(at=now + _REFUSAL_DELAY, name=_REFUSAL, payload=mail.id),)


def on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Apply the events of a message that are due, and set its next timer."""
    del context
    if timer.name == _REFUSAL:
        mail, notice = state.refused.pop(str(timer.payload))
        return Effects(webhooks=tuple(_notification(state, mail, notice, now)))
    mail = state.mails[str(timer.payload)]
    return _applied(state, mail, state.schedules[mail.id].until(now))


def message_status(state: State, message: str, now: Instant) -> MessageStatus | None:
    """Return what the relay knows about a message by its id, or None."""
    del now
    mail = state.mails.get(message)
    return None if mail is None else MessageStatus(state=mail.state, parts=1, encoding="")


def _applied(state: State, mail: Mail, events: list[DueEvent]) -> Effects:
    entries: list[JournalEntry] = []
    webhooks: list[Webhook] = []
    for event in events:
        if event.what in STATES:
            is_delivered = event.new and event.what == DELIVERED
            entries += _set_state(mail, event)
            webhooks += _scan(state, mail) if is_delivered else ()
            if event.reported and event.what in _NOTICES:
                webhooks += _notification(state, mail, _NOTICES[event.what], event.at)
        elif event.what == DELAYED:
            webhooks += _notification(state, mail, _NOTICES[DELAYED], event.at)
        elif event.what == STOP and mail.unsubscribe_url is not None:
            entries += _opt_out(state, mail)
            webhooks.append(_unsubscription(state, mail, mail.unsubscribe_url))
    timers = state.schedules[mail.id].timer(_RECEIPTS, mail.id)
    if not timers:
        del state.schedules[mail.id]
    return Effects(entries=tuple(entries), webhooks=tuple(webhooks), timers=timers)


def _set_state(mail: Mail, event: DueEvent) -> Iterator[JournalEntry]:
    if event.new and event.what in STEPS[mail.state]:
        mail.state = advance(mail.state, event.what)
        yield delivery_status(NAME, mail.id, event.what)


def _opt_out(state: State, mail: Mail) -> Iterator[JournalEntry]:
    """Yield the opt-out of a recipient. The sender learns of it from the unsubscription, the relay does not."""
    if mail.address not in state.unsubscribed:
        state.unsubscribed.add(mail.address)
        fields = {"service": NAME, "number": mail.address, "source": "one_click", "message_type": EMAIL}
        yield JournalEntry(kind="opt_out", fields=fields)


def _scan(state: State, mail: Mail) -> Iterator[Webhook]:
    """Yield the request of a scanner, for some messages."""
    if mail.unsubscribe_url is not None and state.random.fraction(NAME, SCAN, mail.id) < _SCANNED:
        yield Webhook(url=mail.unsubscribe_url, key=f"{SCAN}:{mail.id}", event=SCAN, body=b"", method="GET")


def _unsubscription(state: State, mail: Mail, url: str) -> Webhook:
    return Webhook(
        url=url,
        key=f"{UNSUBSCRIBE}:{mail.id}",
        event=UNSUBSCRIBE,
        body=_ONE_CLICK,
        content_type=FORM,
        about={"message": mail.id, "number": mail.address, "status": "unsubscribed"},
        retry=state.limits.webhook_retries,
        forged_url=_guessed_url(state, mail, url),
    )


def _guessed_url(state: State, mail: Mail, url: str) -> str | None:
    """Return a guess of the URL of a recipient who does not unsubscribe; None if there is none among the first."""
    for other in islice(state.mails.values(), _MOST_OTHERS):
        if other.address != mail.address and not _unsubscribes(state, other.address):
            return guessed_url(url, _names(state, mail.address), _names(state, other.address))
    return None


def _unsubscribes(state: State, address: str) -> bool:
    """Return True for a recipient who has unsubscribed, or whose outcome says so."""
    outcome = state.outcome(address)
    return address in state.unsubscribed or any(event.what == STOP for event in (outcome.events if outcome else ()))


def _names(state: State, address: str) -> tuple[str, ...]:
    """Return the names of a customer in a URL: the address, and the id."""
    index = state.audience.index_of_address(address)
    return (address, address if index is None else state.audience.id_of(index))


def _notification(state: State, mail: Mail, notice: Notice, at: Instant) -> Iterator[Webhook]:
    """Yield the notification about a message, if the account has a URL for it and the sender wants it."""
    if state.inbound_url is None or not mail.sender or _KEYWORDS[notice.action] not in mail.notify:
        return
    forged = _NOTICES[DELIVERED] if notice.action == "failed" else None
    yield Webhook(
        url=state.inbound_url,
        key=f"{DSN}:{mail.id}:{notice.action}",
        event=DSN,
        body=_dsn(mail, notice, at),
        content_type=_MAIL,
        about={"message": mail.id, "number": mail.address, "status": notice.action},
        retry=state.limits.webhook_retries,
        forged_body=None if forged is None else _dsn(mail, forged, at),
    )


def _dsn(mail: Mail, notice: Notice, at: Instant) -> bytes:
    """Return a notification as RFC 3464 describes it."""
    message = MIMEMultipart("report", boundary=f"=_{mail.id}", policy=policy.SMTP)
    message.set_param("report-type", "delivery-status")
    date = _date(at)
    message["From"] = f"Mail Delivery System <{_POSTMASTER}>"
    message["To"] = mail.sender
    message["Subject"] = f"Delivery status notification ({notice.action})"
    message["Date"] = date
    message["Message-ID"] = f"<{notice.action}.{mail.id}@{_HOST}>"
    message["Auto-Submitted"] = "auto-replied"
    message.attach(
        MIMEText(f"The message to {mail.address} was {notice.action}.\n{notice.diagnostic}\n", policy=policy.SMTP)
    )
    message.attach(_status_part(mail, notice, date))
    message.attach(MIMEText(mail.header, "rfc822-headers", policy=policy.SMTP))
    return message.as_bytes()


def _status_part(mail: Mail, notice: Notice, date: str) -> Message:
    part = MIMEBase("message", "delivery-status", policy=policy.SMTP)
    of_message, of_recipient = Message(policy=policy.compat32), Message(policy=policy.compat32)
    if mail.envid:
        of_message["Original-Envelope-Id"] = mail.envid
    of_message["Reporting-MTA"] = f"dns; {_HOST}"
    of_message["Arrival-Date"] = _date(mail.accepted_at)
    of_recipient["Final-Recipient"] = f"rfc822; {mail.address}"
    of_recipient["Action"] = notice.action
    of_recipient["Status"] = notice.status
    of_recipient["Diagnostic-Code"] = f"smtp; {notice.diagnostic}"
    of_recipient["Last-Attempt-Date"] = date
    part.set_payload([of_message, of_recipient])
    return part


def _date(at: Instant) -> str:
    return format_datetime(datetime.fromtimestamp(at / 1000, UTC))
