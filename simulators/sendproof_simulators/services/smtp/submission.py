"""`submit_message`: one message to one or more recipients, which is accepted or refused.

documented: the replies (RFC 5321, 4.2) and the envelope (RFC 5321, 3.3). assumed: that the relay knows a refused
recipient at once, by its suppression list and the response of the recipient's server.
"""

import base64
import binascii
from typing import Any

from sendproof_simulators.core.clock.wall_clock import iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.http import json_response
from sendproof_simulators.core.messaging import delivery_outcomes as outcomes
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.message_types import EMAIL
from sendproof_simulators.core.messaging.smtp import SmtpReply
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.core.webhooks.urls import RemoteHostError, check_webhook_url
from sendproof_simulators.services.smtp.auth import for_user
from sendproof_simulators.services.smtp.content import Content, read_content
from sendproof_simulators.services.smtp.dialects import ONE_CLICK, SENDER
from sendproof_simulators.services.smtp.notifications import begin, refusal_timer
from sendproof_simulators.services.smtp.replies import (
    BLOCKED,
    GREYLISTED,
    MALFORMED,
    NO_MAILBOX,
    NO_ONE_CLICK,
    NOT_MIME,
    NOT_VERIFIED,
    RAW_HEADER,
    TOO_LARGE,
    UNSUBSCRIBED,
    RefusedError,
    enhanced_code,
    reason,
)
from sendproof_simulators.services.smtp.state import NAME, SENDER_DOMAIN, Mail, State

# What the two parts of an RCPT say if the sender wants no other notifications (RFC 3461, 4.1).
_DEFAULT_NOTIFY = ("FAILURE",)
_REFUSALS = {
    outcomes.OPTED_OUT: UNSUBSCRIBED,
    outcomes.LANDLINE: NO_MAILBOX,
    outcomes.BLOCKED: BLOCKED,
    outcomes.QUEUE_FULL: GREYLISTED,
}
_ID_LENGTH = 16


@for_user
def submit_message(call: Call) -> Effects:
    """Accept a message for the recipients that the relay sends to; refuse it if there is none."""
    state: State = call.state
    content = _content(call)
    replies = [(recipient, _refusal(state, recipient["address"])) for recipient in call.body["rcpt_to"]]
    refused = [(recipient, reply) for recipient, reply in replies if reply is not None]
    rejections = [_rejection(recipient["address"], content, reply) for recipient, reply in refused]
    if len(refused) == len(replies):
        first = refused[0][1]
        raise RefusedError(first, *rejections)
    mails = [_new_mail(call, content, recipient) for recipient, reply in replies if reply is None]
    entries: list[JournalEntry] = []
    timers: list[Timer] = []
    early: list[Webhook] = []
    for mail in mails:
        begun = begin(state, mail, call.now)
        entries += (_delivery(mail, content), *begun.entries)
        timers += begun.timers
        early += begun.webhooks
    for recipient, reply in refused:
        timers += refusal_timer(state, _new_mail(call, content, recipient), reply, call.now)
    queued = {"code": 250, "reply": f"2.0.0 Ok queued as {mails[0].id}", "id": mails[0].id}
    return Effects(
        response=json_response(queued),
        entries=(*entries, *rejections),
        timers=tuple(timers),
        before_response=tuple(early),
        summary={"accepted": len(mails), "refused": len(refused)},
    )


def _content(call: Call) -> Content:
    """Return what recipients read; raise `RefusedError` for a message that the relay sends to none of them."""
    raw = _raw(call.body["content"], call.value("encoding"))
    if len(raw) > call.context.limits.message_bytes:
        raise RefusedError(TOO_LARGE)
    content = None
    try:
        content = read_content(raw)
        _check_header(call, content)
        _check_one_click(call.context, content.unsubscribe_url)
    except RefusedError as error:
        number = call.body["rcpt_to"][0]["address"]
        entry = _rejection_entry(number, "" if content is None else content.text, error.reply)
        raise RefusedError(error.reply, entry) from None
    return content


def _raw(content: str, encoding: str) -> bytes:
    if encoding == "text":
        return content.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(NOT_MIME) from None


def _check_header(call: Call, content: Content) -> None:
    """Raise `RefusedError` for a header that needs SMTPUTF8, and for a sender who is not the client."""
    if content.is_raw and not call.value("smtputf8"):
        raise RefusedError(RAW_HEADER)
    # An empty envelope sender wants no notifications.
    senders = (*content.senders, *filter(None, [call.body["mail_from"]]))
    if call.context.dialects[SENDER] == "verified" and not (content.senders and all(map(_is_verified, senders))):
        raise RefusedError(NOT_VERIFIED)


def _is_verified(address: str) -> bool:
    domain = address.rpartition("@")[2].casefold()
    return domain == SENDER_DOMAIN or domain.endswith(f".{SENDER_DOMAIN}")


def _check_one_click(context: SandboxContext, url: str | None) -> None:
    """Raise `RefusedError` without the URL of a one-click unsubscription, if the sandbox needs one."""
    if context.dialects[ONE_CLICK] == "required" and not _is_valid(context, url):
        raise RefusedError(NO_ONE_CLICK)


def _is_valid(context: SandboxContext, url: str | None) -> bool:
    if url is None:
        return False
    try:
        check_webhook_url(url, context.allow_remote_webhooks)
    except RemoteHostError:
        # A sender may have its page on another machine. Only this sandbox sends nothing there.
        return True
    except ValueError:
        return False
    return True


def _refusal(state: State, written: str) -> SmtpReply | None:
    """Return the reply that refuses a recipient, or None. A greylisted one is refused once."""
    address = read_address(written)
    if address is None:
        return MALFORMED
    if state.is_suppressed(address):
        return UNSUBSCRIBED
    outcome = state.outcome(address)
    reply = _REFUSALS.get(outcome.refusal or "") if outcome is not None else None
    if reply is not GREYLISTED:
        return reply
    is_first = address not in state.greylisted
    state.greylisted.add(address)
    return GREYLISTED if is_first else None


def _new_mail(call: Call, content: Content, recipient: dict[str, Any]) -> Mail:
    state: State = call.state
    url = content.unsubscribe_url
    return Mail(
        id=_drawn_id(state, content.message_id, recipient["address"]),
        address=read_address(recipient["address"]) or recipient["address"],
        sender=call.body["mail_from"],
        notify=frozenset(recipient.get("notify") or _DEFAULT_NOTIFY),
        envid=call.body.get("envid", ""),
        message_id=content.message_id,
        header=content.header,
        unsubscribe_url=url if url and _is_reachable(call.context, url) else None,
        accepted_at=call.now,
    )


def _is_reachable(context: SandboxContext, url: str) -> bool:
    try:
        check_webhook_url(url, context.allow_remote_webhooks)
    except ValueError:
        return False
    return True


def _drawn_id(state: State, message_id: str, address: str) -> str:
    """Return an id drawn from message and recipient, and from the number of equal submissions before it."""
    key = f"{message_id} {address}"
    count = state.submissions[key] = state.submissions.get(key, -1) + 1
    return state.random.token(_ID_LENGTH, NAME, "message", key, count).upper()


def _delivery(mail: Mail, content: Content) -> JournalEntry:
    fields: dict[str, object] = {
        "service": NAME,
        "message": mail.id,
        "number": mail.address,
        "text": content.text,
        "sender": mail.sender,
        "custom": mail.envid,
        "message_id": mail.message_id,
        "send_at": iso(mail.accepted_at),
        "test": False,
        "message_type": EMAIL,
    }
    optional: dict[str, object] = {"heading": " ".join(content.subject.split())} if content.subject.strip() else {}
    others = [address for address in content.shown if address != mail.address]
    optional |= {"shown": others} if others else {}
    optional |= {} if content.plain is None else {"plain": content.plain}
    return JournalEntry(kind="delivery", fields={**fields, **optional})


def _rejection(written: str, content: Content, reply: SmtpReply) -> JournalEntry:
    return _rejection_entry(read_address(written) or written, content.text, reply)


def _rejection_entry(number: str, text: str, reply: SmtpReply) -> JournalEntry:
    fields: dict[str, Any] = {"service": NAME, "number": number, "text": text, "message_type": EMAIL}
    fields |= {"code": enhanced_code(reply), "reason": reason(reply)}
    # The call was refused, and not the recipient, who gets the message from a bridge that sends it again.
    fields |= {"whole_call": True} if reply is GREYLISTED else {}
    return JournalEntry(kind="rejection", fields=fields)
