"""The limits of `openapi/textlocal.yaml` that the simulator enforces itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import SERVICE, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TextlocalLimits:
    """The limits of one sandbox. Mappings are by operation, without limits of other dialects.

    Periods are in milliseconds. `sending_hours` are the begin and the end of the time for texts, after midnight.
    `bulk_test` and `bulk_unicode` are the defaults of members of `data`.
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
    sending_hours: tuple[int, int]
    receipt_url_characters: int
    custom_characters: int
    bulk_test: bool
    bulk_unicode: bool
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
        sender_pattern=_sender_pattern(limits),
        sending_hours=(limits.value(SERVICE, "first hour of a text"), limits.value(SERVICE, "last hour of a text")),
        receipt_url_characters=limits.keyword("ReceiptUrl", "maxLength"),
        custom_characters=limits.keyword("Custom", "maxLength"),
        bulk_test=limits.keyword("BulkData.test", "default"),
        bulk_unicode=limits.keyword("BulkData.unicode", "default"),
        webhook_retries=limits.webhook_retries,
    )


def _sender_pattern(limits: Limits) -> str:
    indian = limits.value(SERVICE, "letters of a sender")
    least = limits.value(SERVICE, "least characters of a sender")
    most = limits.value(SERVICE, "characters of a sender")
    digits = limits.value(SERVICE, "digits of a sender")
    if limits.dialects["variant"] == "india":
        return f"[A-Za-z]{{{indian}}}"
    return f"[A-Za-z0-9 ]{{{least},{most}}}|[0-9]{{1,{digits}}}"
