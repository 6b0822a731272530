"""The SMTP port: AUTH and a whole message become requests, and a response becomes a reply."""

import base64

import msgspec

from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.messaging.smtp import (
    SmtpAccess,
    SmtpLimits,
    SmtpLogin,
    SmtpReply,
    SmtpSubmission,
)
from sendproof_simulators.services.smtp.auth import PASSWORD_HEADER, USER_HEADER
from sendproof_simulators.services.smtp.limits import RelayLimits
from sendproof_simulators.services.smtp.state import SENDER_DOMAIN

_INTERNAL = 500


class _Reply(msgspec.Struct):
    code: int
    reply: str


def _headers(login: SmtpLogin) -> dict[str, str]:
    return {USER_HEADER: login.user, PASSWORD_HEADER: login.password, "user-agent": f"SMTP {login.client}"[:200]}


def _authenticate(login: SmtpLogin) -> Request:
    return Request(method="GET", path="/session", headers=_headers(login))


def _submit(submission: SmtpSubmission) -> Request:
    recipients = [
        {"address": recipient.address, **({"notify": list(recipient.notify)} if recipient.notify else {})}
        for recipient in submission.recipients
    ]
    body = {
        "mail_from": submission.mail_from,
        "rcpt_to": recipients,
        **({"envid": submission.envid} if submission.envid else {}),
        **({"smtputf8": True} if submission.smtputf8 else {}),
        **_content(submission.content),
    }
    headers = {**_headers(submission.login), "content-type": "application/json"}
    return Request(method="POST", path="/messages", headers=headers, body=msgspec.json.encode(body))


def _content(content: bytes) -> dict[str, str]:
    try:
        return {"content": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"content": base64.b64encode(content).decode(), "encoding": "base64"}


def _reply(response: Response) -> SmtpReply | None:
    """Return the reply; None for a response of a server that failed, or that is no reply: its client gets none."""
    if response.status == _INTERNAL:
        return None
    try:
        found = msgspec.json.decode(response.body, type=_Reply)
    except msgspec.DecodeError:
        return None
    return SmtpReply(code=found.code, text=" ".join(found.reply.split()))


def _limits(limits: RelayLimits) -> SmtpLimits:
    return SmtpLimits(message_bytes=limits.message_bytes, recipients=limits.recipients)


SMTP_ACCESS = SmtpAccess(
    authenticate=_authenticate, submit=_submit, reply=_reply, limits=_limits, sender_domain=SENDER_DOMAIN
)
