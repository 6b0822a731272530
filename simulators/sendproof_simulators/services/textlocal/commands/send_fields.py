"""The fields that `send` and `bulk_json` share: text, send time and receipt URL."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.country_rules import check_hour, check_schedule
from sendproof_simulators.services.textlocal.errors import ApiError

#: Numbers or messages of a refused call in the journal: ten times what a call may have. A call can have many more.
JOURNALLED_REJECTIONS = 100_000

_PARTS = re.compile("[^,]+")


def decode_newlines(text: str) -> str:
    """Return the text as the phone receives it. documented: `%n` is a newline."""
    return text.replace("%n", "\n") if "%n" in text else text


class ListedNumbers(NamedTuple):
    """The first numbers of a call, up to `JOURNALLED_REJECTIONS`, and the number of all."""

    first: Sequence[str]
    total: int


def listed_numbers(text: str) -> ListedNumbers:
    """Return the numbers of a list with commas."""
    if text.count(",") < JOURNALLED_REJECTIONS:
        numbers = [number for number in map(str.strip, text.split(",")) if number]
        return ListedNumbers(numbers, len(numbers))
    # A text of megabytes is not split at once: each part needs 60 bytes.
    found = (number for part in _PARTS.finditer(text) if (number := part[0].strip()))
    first = [*islice(found, JOURNALLED_REJECTIONS)]
    return ListedNumbers(first, len(first) + sum(1 for _ in found))


def check_count(count: int, limit: int) -> None:
    """Raise `ApiError` for more numbers, messages or contacts than one call may have."""
    if count > limit:
        raise ApiError(errors.TOO_MANY, f"{count} of {limit} at most")


def send_time(call: Call, seconds: int | None) -> Instant:
    """Return the instant when the messages go out; `seconds` is a Unix time, None means now."""
    context, now = call.context, call.now
    if seconds is None:
        check_hour(context, now)
        return now
    if seconds * SECOND < now - now % SECOND:
        raise ApiError(errors.SCHEDULE_PAST)
    send_at = max(seconds * SECOND, now)
    check_schedule(call, send_at)
    check_hour(context, send_at)
    return send_at


def receipt_url(context: SandboxContext, url: str) -> str:
    """Return the URL for receipts, or "" without one; raise `ApiError` if the sandbox may not call it."""
    if not url:
        return ""
    limit = context.limits.receipt_url_characters
    if len(url) > limit:
        raise ApiError(errors.INVALID_PARAMETER, f"receipt_url: expected at most {limit} characters, got {len(url)}")
    try:
        return check_webhook_url(url, context.allow_remote_webhooks)
    except ValueError as error:
        raise ApiError(errors.INVALID_PARAMETER, f"receipt_url: {error}") from error
