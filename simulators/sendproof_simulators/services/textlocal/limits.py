"""The limits of `openapi/textlocal.yaml` that the simulator enforces itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import SERVICE, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TextlocalLimits:
    """The limits of one sandbox. Mappings are by operation, without limits of other dialects.

    Periods are in milliseconds. `sending_hours` are the begin and the end of the time for texts, after midnight.
    """

    numbers: Mapping[str, int]
    messages: Mapping[str, int]
    contacts: Mapping[str, int]
    message_characters: Mapping[str, int]
    validity_ms: Mapping[str, int]
    schedule_notice_ms: Mapping[str, int]
    schedule_ahead_ms: Mapping[str, int]
    message_age_ms: Mapping[str, int]
    optouts_rows: Mapping[str, int]
    sender_pattern: str
    sender_letters: int
    sending_hours: tuple[int, int]
    receipt_url_characters: int
    webhook_retries: RetryPolicy


def read_limits(limits: Limits) -> TextlocalLimits:
    """Return the limits of a sandbox."""
    return TextlocalLimits(
        numbers=limits.by_operation("numbers"),
        messages=limits.by_operation("messages"),
        contacts=limits.by_operation("contacts"),
        message_characters=limits.by_operation("message characters"),
        validity_ms=limits.by_operation("validity"),
        schedule_notice_ms=limits.by_operation("schedule notice"),
        schedule_ahead_ms=limits.by_operation("schedule ahead"),
        message_age_ms=limits.by_operation("age of a message"),
        optouts_rows=limits.by_operation("rows"),
        sender_pattern=limits.keyword("Sender", "pattern"),
        sender_letters=limits.value(SERVICE, "letters of a sender"),
        sending_hours=(limits.value(SERVICE, "first hour of a text"), limits.value(SERVICE, "last hour of a text")),
        receipt_url_characters=limits.keyword("ReceiptUrl", "maxLength"),
        webhook_retries=limits.webhook_retries,
    )
