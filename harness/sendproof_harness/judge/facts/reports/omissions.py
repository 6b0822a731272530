"""What a total that is too low lacks: all expired messages, or all receipts that came before the response to the send.

The bridge knows no id of a message yet when it acknowledges such an early receipt. Virtual time waits for the response,
so an early receipt has the instant of the acceptance.
"""

from collections import Counter
from collections.abc import Collection

from sendproof_harness.history.records import Delivery, DeliveryStatus, History
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, message_of_webhook
from sendproof_harness.judge.facts.keys import TemplateKey, template_key
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS, expired_since
from sendproof_harness.judge.findings import cached_per_history

_EARLY = ", as if receipts were lost that came before the response to the send"
_EXPIRED = ", as if expired messages were left out"


def omission_hint(
    history: History, metric: int, keys: Collection[TemplateKey], reported: int, between: tuple[int, int]
) -> str:
    """Return words for what a total lacks; "" if nothing explains it exactly.

    `between` are the least and the most that the total may be. A total of zero lacks everything, so it says nothing.
    """
    low, high = between
    for hint in (_EARLY, _EXPIRED) if reported else ():
        omitted = sum(_omissible(history)[hint, key, metric] for key in keys)
        if omitted and low - omitted <= reported <= high - omitted:
            return hint
    return ""


@cached_per_history
def _omissible(history: History) -> Counter[tuple[str, TemplateKey, int]]:
    """Return the number of messages with early receipts and of expired ones, by hint, template and metric."""
    statuses = {status.message: status for status in history.delivery_statuses if status.status in METRIC_OF_STATUS}
    posted = {
        (message_of_webhook(attempt.key), attempt.at)
        for attempt in history.webhooks
        if attempt.service != OPTIMOVE and is_acknowledged(attempt)
    }
    count = Counter[tuple[str, TemplateKey, int]]()
    for recipient in ledger(history).recipients:
        for delivery in recipient.deliveries:
            status = statuses.get(delivery.message)
            hint = None if status is None else _hint(history, delivery, status, posted)
            if status is not None and hint is not None:
                count[hint, template_key(recipient.obligation), METRIC_OF_STATUS[status.status]] += 1
    return count


def _hint(
    history: History, delivery: Delivery, status: DeliveryStatus, posted: Collection[tuple[str, int]]
) -> str | None:
    if status.at == delivery.at and (delivery.message, status.at) in posted:
        return _EARLY
    return _EXPIRED if delivery.message in expired_since(history) else None
