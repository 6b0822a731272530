"""The statuses of each message, and when the bridge learned of each by a webhook."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import DeliveryStatus, History
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, disturbed_messages, message_of_webhook
from sendproof_harness.judge.findings import cached_per_history


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnedStatus:
    """A status of a message; `known_at` is None if the bridge had to ask for it, or a fault hid it."""

    status: DeliveryStatus
    known_at: int | None


@cached_per_history
def learned_statuses(history: History) -> Mapping[str, Sequence[LearnedStatus]]:
    """Return the statuses of each message, in order."""
    posted, disturbed = _acknowledged_webhooks(history), disturbed_messages(history)
    statuses: defaultdict[str, list[LearnedStatus]] = defaultdict(list)
    for status in history.delivery_statuses:
        known_at = _learned_at(status, posted, disturbed)
        statuses[status.message].append(LearnedStatus(status=status, known_at=known_at))
    return statuses


def _learned_at(
    status: DeliveryStatus, posted: Mapping[str, Sequence[int]], disturbed: Mapping[str, int | None]
) -> int | None:
    if status.message in disturbed:
        at = disturbed[status.message]
        return None if at is None else max(at, status.at)
    return next((at for at in posted.get(status.message, ()) if at >= status.at), None)


def _acknowledged_webhooks(history: History) -> Mapping[str, Sequence[int]]:
    """Return, by message, when the bridge acknowledged webhooks about it, in order."""
    acknowledged: dict[str, tuple[int, ...]] = {}
    for attempt in history.webhooks:
        if attempt.service != OPTIMOVE and is_acknowledged(attempt):
            message = message_of_webhook(attempt.key)
            acknowledged[message] = (*acknowledged.get(message, ()), attempt.at)
    return acknowledged
