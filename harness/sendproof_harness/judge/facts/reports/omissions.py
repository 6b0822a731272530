"""What a wrong total lacks or has: expired messages, receipts that came early, late or were never requested.

A provider may post an older status after the final one, which must not replace it. The bridge knows no id of a message
yet when it acknowledges a receipt before the response. Virtual time waits for the response, so such a receipt has the
instant of the acceptance.
"""

from collections import Counter
from collections.abc import Collection

from sendproof_harness.history.records import Delivery, DeliveryStatus, History, Webhook
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, message_of_webhook
from sendproof_harness.judge.facts.keys import TemplateKey, template_key
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS, expired_since
from sendproof_harness.judge.facts.reports.clicks import is_click
from sendproof_harness.judge.facts.reports.occurrences import is_opening
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

_EARLY = ", as if receipts were lost that came before the response to the send"
_EXPIRED = ", as if expired messages were left out"
_UNREQUESTED = ", as if no receipts were requested"
_OUTDATED = ", as if an outdated receipt that came after the final one replaced it"


def omission_hint(
    history: History, metric: int, keys: Collection[TemplateKey], reported: int, between: tuple[int, int]
) -> str:
    """Return words for what a total lacks; "" if nothing explains it exactly.

    `between` are the least and the most that the total may be. A total of zero lacks everything, so it only says
    whether the bridge got no receipt at all.
    """
    low, high = between
    fitting = []
    for hint in (_EARLY, _EXPIRED, _OUTDATED, _UNREQUESTED) if reported else (_UNREQUESTED,):
        omitted = sum(_omissible(history)[hint, key, metric] for key in keys)
        if omitted and low - omitted <= reported <= high - omitted:
            fitting.append(hint)
    return " or".join((*fitting[:1], *(hint.removeprefix(",") for hint in fitting[1:])))


def outdated_hint(history: History, key: TemplateKey, excess: int) -> str:
    """Return words for a total that is too high by the number of outdated receipts; "" for another excess."""
    outdated = sum(_omissible(history)[_OUTDATED, key, metric] for metric in set(METRIC_OF_STATUS.values()))
    return _OUTDATED if outdated and excess == outdated else ""


@cached_per_history
def _omissible(history: History) -> Counter[tuple[str, TemplateKey, int]]:
    """Return the number of messages that each hint explains, by hint, template and metric."""
    statuses = {status.message: status for status in history.delivery_statuses if status.status in METRIC_OF_STATUS}
    posted = {
        (message_of_webhook(attempt.key), attempt.at)
        for attempt in history.webhooks
        if attempt.service != OPTIMOVE and is_acknowledged(attempt)
    }
    told = {message_of_webhook(attempt.key) for attempt in history.webhooks if attempt.service != OPTIMOVE}
    count = Counter[tuple[str, TemplateKey, int]]()
    outdated = _outdated_last(history)
    for recipient in ledger(history).recipients:
        for delivery in recipient.deliveries:
            status = statuses.get(delivery.message)
            if status is None:
                continue
            hints = [_hint(history, delivery, status, posted), _OUTDATED if delivery.message in outdated else None]
            hints.append(_UNREQUESTED if delivery.message not in told and _only_posts(delivery.service) else None)
            for hint in filter(None, hints):
                count[hint, template_key(recipient.obligation), METRIC_OF_STATUS[status.status]] += 1
    return count


def _outdated_last(history: History) -> Collection[str]:
    """Return the messages whose last receipt had another status than their final one."""
    final = {status.message: status for status in history.delivery_statuses if status.status in METRIC_OF_STATUS}
    first: dict[str, str] = {}
    outdated: set[str] = set()
    for attempt in history.webhooks:
        message = message_of_webhook(attempt.key)
        status = final.get(message)
        if status is not None and attempt.at >= status.at and is_acknowledged(attempt) and _is_receipt(attempt):
            told = _told_status(attempt.key)
            same = {status.status, first.setdefault(message, told)}
            (outdated.discard if told in same else outdated.add)(message)
    return outdated


def _is_receipt(attempt: Webhook) -> bool:
    if attempt.service == OPTIMOVE or is_click(attempt) or is_opening(attempt):
        return False
    return attempt.event not in provider(attempt.service).opt_out_events


def _told_status(key: str) -> str:
    """Return what distinguishes the statuses of a message: the event, or the last part of the key if it names one."""
    event, _, rest = key.partition(":")
    last = rest.rpartition(":")[2]
    return last if last in METRIC_OF_STATUS else event


def _only_posts(service: str) -> bool:
    """Return True if a bridge cannot ask the provider for the state of a message."""
    return not provider(service).has_record


def _hint(
    history: History, delivery: Delivery, status: DeliveryStatus, posted: Collection[tuple[str, int]]
) -> str | None:
    if status.at == delivery.at and (delivery.message, status.at) in posted:
        return _EARLY
    return _EXPIRED if delivery.message in expired_since(history) else None
