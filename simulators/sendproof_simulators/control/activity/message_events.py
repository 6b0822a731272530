"""The states that a message went through, and the receipts that were sent about it, from the journal."""

from collections.abc import Iterable, Sequence

from sendproof_simulators.control.activity.pages import Entry
from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.messaging.lifecycle import CANCELLED, PENDING, REJECTED, SCHEDULED, TEST

# The state by the kind of an entry; that of a delivery_status is in the entry.
_STATES = {"withdrawal": CANCELLED, "rejection": REJECTED}
_ATTEMPT = ("attempt", "status", "error", "retry_at", "duration_ms", "resend", "fault")


def states_of(delivery: Entry, entries: Iterable[Entry], now: Instant) -> list[dict[str, object]]:
    """Return the states of a message with their instants, in order. `entries` are those about it."""
    message = delivery["message"]
    if delivery["test"]:
        return [{"at": delivery["at"], "state": TEST}]
    later = [
        {"at": entry["at"], "state": _STATES.get(entry["kind"], entry.get("status"))}
        for entry in entries
        if entry.get("message") == message and entry["kind"] in {"delivery_status", *_STATES}
    ]
    return [*_first_states(delivery, later, now), *later]


def _first_states(delivery: Entry, later: Sequence[Entry], now: Instant) -> list[dict[str, object]]:
    """Return scheduled, pending, or both: a message can be accepted long before it goes out."""
    at, send_at = delivery["at"], delivery["send_at"]
    if send_at <= at:
        return [{"at": at, "state": PENDING}]
    is_out = send_at <= iso(now) and not any(entry["state"] == CANCELLED for entry in later)
    return [{"at": at, "state": SCHEDULED}, *([{"at": send_at, "state": PENDING}] if is_out else [])]


def receipts_of(delivery: Entry, entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return the webhooks about a message with their attempts, each at the instant of its first one."""
    receipts: dict[str, dict[str, object]] = {}
    attempts: dict[str, list[dict[str, object]]] = {}
    for entry in entries:
        if entry["kind"] == "webhook" and entry["about"].get("message") == delivery["message"]:
            key = entry["key"]
            made = attempts.setdefault(key, [])
            made.append({"at": entry["at"], **{name: entry.get(name) for name in _ATTEMPT}})
            receipts.setdefault(key, {"key": key, "event": entry["event"], "at": entry["at"], "attempts": made})
    return list(receipts.values())
