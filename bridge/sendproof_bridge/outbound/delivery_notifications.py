"""Delivery status notifications (RFC 3464): mails that say what became of a message."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from email.utils import parsedate_to_datetime

from sendproof_bridge.clock import iso

_REPORT, _STATUS = "multipart/report", "message/delivery-status"
_ORIGINALS = frozenset({"text/rfc822-headers", "message/rfc822"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What became of a message for one recipient.

    `action` and `status` are those of RFC 3464, in lower case. `at` is the time of the last attempt, or of the
    notification; "" without either. `message_id` is that of the original message, "" if the notification has no copy.
    """

    recipient: str
    action: str
    status: str
    at: str
    message_id: str


def read_notification(mail: bytes) -> list[Notification]:
    """Return what a mail says about each recipient; an empty list if it is no notification.

    `ValueError`: it says that it is one, and cannot be read.
    """
    try:
        message = message_from_bytes(mail, policy=policy.compat32)
        if message.get_content_type() != _REPORT or message.get_param("report-type") != "delivery-status":
            return []
        parts = list(message.walk())
    except (MessageError, RecursionError) as error:
        raise ValueError(f"expected a mail: {error}") from error
    fields = next((part.get_payload() for part in parts if part.get_content_type() == _STATUS), None)
    if not isinstance(fields, list) or len(fields) < 2:  # noqa: PLR2004 - the fields of the message, and of a recipient
        raise ValueError(f"expected a part {_STATUS} with the fields of a recipient")
    message_id = next((_message_id(part) for part in parts if part.get_content_type() in _ORIGINALS), "")
    sent = _text(message, "Date")
    return [_notification(block, message_id, sent) for block in fields[1:] if isinstance(block, Message)]


def _notification(block: Message, message_id: str, sent: str) -> Notification:
    # The final recipient is another one if the mail was forwarded.
    address = _text(block, "Original-Recipient") or _text(block, "Final-Recipient")
    action = _text(block, "Action").lower()
    if not address or not action:
        raise ValueError("expected Action and Final-Recipient for every recipient")
    return Notification(
        recipient=address.rpartition(";")[2].strip().lower(),
        action=action,
        status=_text(block, "Status"),
        at=_time(_text(block, "Last-Attempt-Date") or sent),
        message_id=message_id,
    )


def _message_id(part: Message) -> str:
    payload = part.get_payload()
    original = payload[0] if isinstance(payload, list) and payload else None
    if original is None:
        # The header alone is a text; its encoding does not matter to its ASCII.
        decoded = part.get_payload(decode=True)
        original = message_from_bytes(decoded if isinstance(decoded, bytes) else b"", policy=policy.compat32)
    return _text(original, "Message-ID") if isinstance(original, Message) else ""


def _text(message: Message, name: str) -> str:
    return str(message.get(name, "")).strip()


def _time(text: str) -> str:
    try:
        return iso(int(parsedate_to_datetime(text).timestamp() * 1000))
    except (ValueError, TypeError, OverflowError):
        return ""
