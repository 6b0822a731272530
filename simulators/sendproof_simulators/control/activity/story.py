"""The story of a customer: journal entries in the words of a person who reads them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from sendproof_simulators.control.activity.pages import Entry
from sendproof_simulators.core.messaging.message_types import MESSAGE_TYPES, SMS
from sendproof_simulators.core.messaging.metrics import INTERACTIONS

_encode = msgspec.json.Encoder().encode
# Characters of a value that is quoted.
_EXCERPT = 200


def story_of(entries: Iterable[Entry], customer: str) -> list[dict[str, object]]:
    """Return the entries with their texts, in order."""
    return [
        {"n": entry["n"], "at": entry["at"], "kind": entry["kind"], "text": _text(entry, customer)} for entry in entries
    ]


def _text(entry: Entry, customer: str) -> str:
    describe = _TEXTS.get(entry["kind"])
    if describe is not None:
        return describe(entry, customer)
    words = entry["kind"].replace("_", " ")
    where = " ".join(str(entry[name]) for name in ("service", "operation") if entry.get(name))
    return f"{words} at {where}" if where else words


def _delivery(entry: Entry, _: str) -> str:
    test = ", as a test" if entry["test"] else ""
    later = f", to go out at {entry['send_at']}" if entry["send_at"] > entry["at"] else ""
    return (
        f"{entry['service']} accepted the message {entry['message']} to {entry['number']}{test}{later}: {entry['text']}"
    )


def _rejection(entry: Entry, _: str) -> str:
    return f"{entry['service']} refused a message to {entry['number']}: {entry['reason']}"


def _status(entry: Entry, _: str) -> str:
    return f"message {entry['message']} at {entry['service']}: {entry['status']}"


def _withdrawal(entry: Entry, _: str) -> str:
    return f"message {entry['message']} at {entry['service']}: cancelled"


def _click(entry: Entry, _: str) -> str:
    return f"opened the link of message {entry['message']}"


def _webhook(entry: Entry, _: str) -> str:
    result = f"status {entry['status']}" if entry["error"] is None else f"failed: {entry['error']}"
    attempt = "" if entry["attempt"] == 1 else f", attempt {entry['attempt']}"
    status = entry["about"].get("status")
    about = "" if status in {None, entry["event"]} else f" ({status})"
    return f"{entry['service']} called the bridge with {entry['event']}{about}{attempt}: {result}"


def _customer_event(entry: Entry, _: str) -> str:
    return f"event {entry['event']} {_excerpt(entry['parameters'])}"


def _trigger(entry: Entry, _: str) -> str:
    return f"met the trigger {entry['trigger']} of campaign {entry['campaign']} on channel {entry['channel']}"


def _opt_out(entry: Entry, _: str) -> str:
    return f"opted out{_of_type(entry, 'from')} at {entry['service']}: {entry['source']}"


def _opt_in(entry: Entry, _: str) -> str:
    return f"opted in{_of_type(entry, 'to')} at {entry['service']}: {entry['source']}"


def _of_type(entry: Entry, preposition: str) -> str:
    """Return the type of messages that an entry is about; nothing for SMS."""
    type_ = entry.get("message_type", SMS)
    return "" if type_ == SMS else f" {preposition} {MESSAGE_TYPES[type_].title}s"


def _inbound(entry: Entry, _: str) -> str:
    return f"replied to {entry['service']}: {entry['text']}"


def _preference(entry: Entry, _: str) -> str:
    choice = "an opt-out" if entry["opted_out"] else "an opt-in"
    return f"{choice} on channel {entry['channel']} was reported to Optimove ({entry['source']})"


def _attributes(entry: Entry, customer: str) -> str:
    changes = [change for change in entry["changes"] if change["customer"] == customer]
    values = ", ".join(f"{change['field']} = {_excerpt(change['value'])}" for change in changes)
    return f"attributes changed ({entry['source']}): {values}"


def _interactions(entry: Entry, _: str) -> str:
    number = entry["event_id"]
    event = f"{INTERACTIONS[number]} (event {number})" if number in INTERACTIONS else f"event {number}"
    return f"{event} of campaign {entry['campaign']} was reported to Optimove for {entry['date']}"


def _engagement(entry: Entry, _: str) -> str:
    return f"event {entry['event']} was reported to Optimove"


def _excerpt(value: object) -> str:
    text = _encode(value).decode()
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


_TEXTS: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "attributes": _attributes,
    "click": _click,
    "customer_event": _customer_event,
    "delivery": _delivery,
    "delivery_status": _status,
    "engagement": _engagement,
    "inbound": _inbound,
    "interactions": _interactions,
    "opt_in": _opt_in,
    "opt_out": _opt_out,
    "preference": _preference,
    "rejection": _rejection,
    "trigger": _trigger,
    "webhook": _webhook,
    "withdrawal": _withdrawal,
}
