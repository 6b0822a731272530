"""What was saved: every event as it came, and how many of each."""

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sendproof_simulators.core.clock.wall_clock import DAY, Instant, iso, parse_iso
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.simulator import SandboxContext

NAME = "optimove-metrics"
# documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics
OLDEST_MS = 7 * DAY
# What a person looks at; the history has them all.
_SHOWN = 1_000

# documented by a vendor (https://docs.delivyr.net/docs/optimove): what there is to report, and that "sent" may not be;
# the exact spelling is assumed.
EVENTS = frozenset({"delivered", "opened", "clicked", "dropped", "bounced", "unsubscribed", "spam_reported"})
SENT = "sent"

_UTC_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)")


class NotSavedError(ValueError):
    """An event that keeps the contract and cannot be saved; the message says which and why, `event` what it tells."""

    def __init__(self, message: str, event: str) -> None:
        """Say it."""
        super().__init__(message)
        self.event = event


class State:
    """The events of one tenant."""

    def __init__(self, context: SandboxContext) -> None:
        """Start with nothing saved."""
        self.token = context.credentials.get(NAME, {}).get("tenant_token", "")
        self.minified = context.dialects["signed_text"] == "minified"
        self.any_event = context.dialects["event_names"] == "any"
        self.saved = 0
        self.counts: Counter[str] = Counter()
        self.of_campaigns: Counter[tuple[str, str]] = Counter()
        self.newest: deque[Mapping[str, Any]] = deque(maxlen=_SHOWN)

    def save(self, events: Sequence[Mapping[str, Any]], now: Instant) -> tuple[JournalEntry, ...]:
        """Save all of them, or none with a `NotSavedError`."""
        for number, event in enumerate(events):
            self._check(event, f"event {number}: " if len(events) > 1 else "", now)
        self.saved += len(events)
        self.counts.update(event["event"] for event in events)
        self.of_campaigns.update((_campaign_of(event), event["event"]) for event in events)
        self.newest.extend(events)
        return tuple(_fact(event) for event in events)

    def overview(self, now: Instant) -> dict[str, object]:
        """What a person sees: how many of each event, and the newest of them."""
        counts = dict(sorted(self.counts.items()))
        return {"at": iso(now), "saved": self.saved, "counts": counts, "newest": list(self.newest)}

    def of_campaign(self, campaign: int) -> dict[str, int]:
        """How many of each event name the campaign."""
        return {event: n for (named, event), n in sorted(self.of_campaigns.items()) if named == str(campaign)}

    def _check(self, event: Mapping[str, Any], which: str, now: Instant) -> None:
        name = event["event"]
        if name == SENT or not (self.any_event or name in EVENTS):
            raise NotSavedError(f"{which}expected event to be one of {', '.join(sorted(EVENTS))}, got {name!r}", name)
        if ("customer" in event) == ("visitor" in event):
            raise NotSavedError(f"{which}expected either customer or visitor", name)
        at = _instant(event["timestamp"])
        if at is None:
            wanted = f"a UTC timestamp such as {iso(now)}"
            raise NotSavedError(f"{which}expected {wanted}, got {event['timestamp']!r}", name)
        if now - at > OLDEST_MS:
            since = iso(now - OLDEST_MS)
            raise NotSavedError(f"{which}expected a timestamp of the last 7 days, since {since}, got {iso(at)}", name)


def _campaign_of(event: Mapping[str, Any]) -> str:
    """The campaign that an event's context names in whatever spelling, or nothing: what belongs there is not known."""
    context = event.get("context") or {}
    return next((str(value) for name, value in context.items() if name.lower().replace("_", "") == "campaignid"), "")


def _instant(text: str) -> Instant | None:
    """The timestamp in ISO 8601 with a zone, or without one and then in UTC."""
    found = _UTC_TIME.fullmatch(text)
    try:
        if found is None:
            return parse_iso(text)
        return round(datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _fact(event: Mapping[str, Any]) -> JournalEntry:
    fields = {
        "event": event["event"],
        "customer": event.get("customer"),
        "visitor": event.get("visitor"),
        "timestamp": event["timestamp"],
        "context": dict(event.get("context") or {}),
    }
    return JournalEntry(kind="engagement", fields=fields)
