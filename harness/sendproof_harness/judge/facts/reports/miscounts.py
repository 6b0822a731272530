"""What a wrong total counts instead: the messages of the whole campaign, or those with another status."""

from collections import Counter
from collections.abc import Collection, Mapping

from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.deliveries.ledger import count_of, ledger
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, message_of_webhook
from sendproof_harness.judge.facts.keys import TemplateKey, template_key
from sendproof_harness.judge.facts.metrics import BOUNCED, DELIVERED, targeted_customers
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS, provider_totals
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

_WHOLE_CAMPAIGN = ", as if the total of the whole campaign was reported for each template"
# A single message too many may have any reason.
_LEAST = 2
_UNKNOWN: int | str = "unknown"
_STATUSES: Mapping[Collection[int | str], str] = {
    frozenset({_UNKNOWN}): ", as if messages with an unknown status counted, too",
    frozenset({BOUNCED}): ", as if messages that did not arrive counted, too",
    frozenset({BOUNCED, _UNKNOWN}): ", as if every message with a status counted",
}


def miscount_hint(
    history: History, metric: int, pushed_at: Mapping[TemplateKey, int], total: int, between: tuple[int, int]
) -> str:
    """Return words for what a total that is too high counts; "" if nothing explains it exactly.

    `between` are the least and the most that the total may be.
    """
    if total <= between[1]:
        return ""
    if _is_of_whole_campaign(history, metric, pushed_at, total):
        return _WHOLE_CAMPAIGN
    return _status_hint(history, pushed_at, total, between) if metric == DELIVERED else ""


def delay_hint(
    history: History, metric: int, keys: Collection[TemplateKey], total: int, between: tuple[int, int]
) -> str:
    """Return words for a total that counts messages as bounced which were delayed; "" for another total."""
    low, high = between
    delays = sum(_delays(history)[key] for key in keys)
    is_excess = metric == BOUNCED and high < total <= high + delays
    is_deficit = metric == DELIVERED and low - delays <= total < low
    return ", as if notifications of delays were counted as bounces" if is_excess or is_deficit else ""


@cached_per_history
def _delays(history: History) -> Counter[TemplateKey]:
    """Return the number of messages that a provider called delayed, and that did not bounce, by template."""
    delayed = {
        message_of_webhook(attempt.key)
        for attempt in history.webhooks
        if attempt.service != OPTIMOVE
        and attempt.key.rpartition(":")[2] == provider(attempt.service).delay_status
        and is_acknowledged(attempt)
    }
    bounced = {status.message for status in history.delivery_statuses if METRIC_OF_STATUS.get(status.status) == BOUNCED}
    count = Counter[TemplateKey]()
    for recipient in ledger(history).recipients if delayed else ():
        if any(delivery.message in delayed and delivery.message not in bounced for delivery in recipient.deliveries):
            count[template_key(recipient.obligation)] += count_of(history, recipient)
    return count


def _is_of_whole_campaign(history: History, metric: int, pushed_at: Mapping[TemplateKey, int], total: int) -> bool:
    (key, at), *others = pushed_at.items()
    peers = [peer for peer in targeted_customers(history) if peer[:2] == key[:2]]
    if others or len(peers) == 1:
        return False
    low, high = provider_totals(history).range(metric, dict.fromkeys(peers, at))
    return low <= total <= high


def _status_hint(history: History, keys: Collection[TemplateKey], total: int, between: tuple[int, int]) -> str:
    low, high = between
    for kinds, hint in _STATUSES.items():
        more = sum(_final_statuses(history)[key, kind] for key in keys for kind in kinds)
        if more >= _LEAST and low <= total - more <= high:
            return hint
    return ""


@cached_per_history
def _final_statuses(history: History) -> Counter[tuple[TemplateKey, int | str]]:
    """Return the number of messages by template and final status: the metric that counts it, or `unknown`."""
    final = {status.message: status.status for status in history.delivery_statuses}
    count = Counter[tuple[TemplateKey, int | str]]()
    for recipient in ledger(history).recipients:
        for delivery in recipient.deliveries:
            status = final.get(delivery.message)
            if status is not None:
                kind = METRIC_OF_STATUS.get(status, _UNKNOWN)
                count[template_key(recipient.obligation), kind] += count_of(history, recipient)
    return count
