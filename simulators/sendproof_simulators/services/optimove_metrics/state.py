"""The saved events of a sandbox, and their counts."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso, parse_iso
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.recording.newest_records import RECORDS_MAX, NewestRecords
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove_metrics.limits import MetricsLimits

NAME = "optimove-metrics"
# Digits of the longest campaign id. A context may hold any text in its place, which is not counted.
_CAMPAIGN_DIGITS = 20

# documented by a vendor (https://docs.delivyr.net/docs/optimove): which events can be reported, and that "sent" cannot;
# the exact spelling is assumed.
EVENTS = frozenset({"delivered", "opened", "clicked", "dropped", "bounced", "unsubscribed", "spam_reported"})
SENT = "sent"

_UTC_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)")


class RejectedEventError(ValueError):
    """An event that keeps the contract but cannot be saved.

    The message has the reason, `event` the event's name, and `rule` what is wrong: event, customer, timestamp or age.
    """

    def __init__(self, message: str, event: str, rule: str) -> None:
        """Create the error with the number of the event in `message`, if the request has several."""
        super().__init__(message)
        self.event = event
        self.rule = rule


class State:
    """The events of one tenant."""

    def __init__(self, context: SandboxContext) -> None:
        """Create the state without events."""
        self.token = context.credentials.get(NAME, {}).get("tenant_token", "")
        self.is_minified = context.dialects["signed_text"] == "minified"
        self.allows_any_event = context.dialects["event_names"] == "any"
        self._limits: MetricsLimits = context.limits
        self.counts: Counter[str] = Counter()
        self.counts_by_campaign: Counter[tuple[str, str]] = Counter()
        self.saved = 0
        # The overview is for people; the history has all events.
        self._newest = NewestRecords()

    def save(self, events: Sequence[Mapping[str, Any]], now: Instant) -> tuple[JournalEntry, ...]:
        """Save all events and return their journal entries, or raise `RejectedEventError` and save none."""
        for number, event in enumerate(events):
            self._check_event(event, f"event {number}: " if len(events) > 1 else "", now)
        self.saved += len(events)
        self.counts.update(event["event"] for event in events)
        self.counts_by_campaign.update((_campaign_in_context(event), event["event"]) for event in events)
        for event in events[-RECORDS_MAX:]:
            self._newest.add(event)
        return tuple(_engagement_entry(event) for event in events)

    def overview(self, now: Instant) -> dict[str, object]:
        """Return the counts of all events and the newest events, for people."""
        counts = dict(sorted(self.counts.items()))
        return {"at": iso(now), "saved": self.saved, "counts": counts, "newest": list(self._newest)}

    def campaign_counts(self, campaign: int) -> dict[str, int]:
        """Return the counts of the events that name a campaign, by event."""
        return {event: count for (id_, event), count in sorted(self.counts_by_campaign.items()) if id_ == str(campaign)}

    def _check_event(self, event: Mapping[str, Any], prefix: str, now: Instant) -> None:
        name = event["event"]
        if name == SENT or not (self.allows_any_event or name in EVENTS):
            known = ", ".join(sorted(EVENTS))
            raise RejectedEventError(f"{prefix}expected event to be one of {known}, got {name!r}", name, "event")
        if ("customer" in event) == ("visitor" in event):
            raise RejectedEventError(f"{prefix}expected either customer or visitor", name, "customer")
        at = _parse_timestamp(event["timestamp"])
        if at is None:
            expected = f"a UTC timestamp such as {iso(now)}"
            raise RejectedEventError(f"{prefix}expected {expected}, got {event['timestamp']!r}", name, "timestamp")
        oldest = now - self._limits.timestamp_age_ms
        if at < oldest:
            expected = f"a timestamp since {iso(oldest)}"
            raise RejectedEventError(f"{prefix}expected {expected}, got {iso(at)}", name, "age")


def _campaign_in_context(event: Mapping[str, Any]) -> str:
    """Return the campaign id in an event's context, or "". Any spelling matches, because the real one is not known."""
    context = event.get("context") or {}
    values = (str(value) for name, value in context.items() if name.lower().replace("_", "") == "campaignid")
    id_ = next(values, "")
    return id_ if len(id_) <= _CAMPAIGN_DIGITS else ""


def _parse_timestamp(text: str) -> Instant | None:
    """Return the instant of an ISO 8601 timestamp, or None. A timestamp without a zone is in UTC."""
    match = _UTC_TIME.fullmatch(text)
    try:
        if match is None:
            return parse_iso(text)
        return round(datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _engagement_entry(event: Mapping[str, Any]) -> JournalEntry:
    fields = {
        "event": event["event"],
        "customer": event.get("customer"),
        "visitor": event.get("visitor"),
        "timestamp": event["timestamp"],
        "context": event.get("context") or {},
    }
    return JournalEntry(kind="engagement", fields=fields)
