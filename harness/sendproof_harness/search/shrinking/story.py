"""What happens in a scenario, in sentences for someone who has not read its file."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sendproof_harness.history.wording import counted
from sendproof_harness.scenario.document import Document
from sendproof_harness.scenario.fault_kinds import CALL, WEBHOOK
from sendproof_harness.scenario.values import parse_duration, parse_time
from sendproof_harness.search.shrinking.edits import campaign_parts

_MOST_CHARACTERS = 1_000
_OF_A_PLACE = frozenset({"fault", CALL, WEBHOOK})


def story(document: Document, most: int = _MOST_CHARACTERS) -> str:
    """Return what happens in a document, in the order of its times, and the faults. Times are in UTC.

    The text has at most `most` characters, if that is less than a thousand.
    """
    sentences, day = [], ""
    for at, text in sorted(_events(document), key=lambda event: event[0]):
        on = f" on {at:%Y-%m-%d}" if f"{at:%Y-%m-%d}" != day else ""
        day = f"{at:%Y-%m-%d}"
        sentences.append(f"At {_clock(at)}{on}, {text}.")
    sentences += [f"Fault: {_fault_text(fault)}." for fault in document.get("faults", ())]
    told = " ".join(sentences)
    limit = min(most, _MOST_CHARACTERS)
    return told if len(told) <= limit else f"{told[: limit - 1]}…"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def _events(document: Document) -> Iterator[tuple[datetime, str]]:
    """Yield what happens, with its time. Waits are no events."""
    now = parse_time(document["starts"])
    campaigns = {campaign["campaign"]: campaign for campaign in document.get("campaigns", ())}
    messages = {trigger["trigger"]: trigger["template"] for trigger in document.get("triggers", ())}
    people = _people(document)
    for step in document["steps"]:
        ((key, value),) = step.items()
        if key == "advance":
            now += parse_duration(value)
        elif key == "plan":
            yield from _campaign_events(campaigns[value], now, people, document.get("nightly", ""))
        elif key == "trigger":
            yield now, f"Optimove gets the trigger {value} with the message {messages[value]}"
        elif key in _STEPS:
            yield now, _STEPS[key](value)


def _people(document: Document) -> str:
    """Return the customers in words."""
    of_clients = " of each client" if document.get("clients") else ""
    return counted(document["audience"]["customers"], "customers") + of_clients


def _campaign_events(
    campaign: Mapping[str, Any], planned: datetime, people: str, nightly: str
) -> Iterator[tuple[datetime, str]]:
    """Yield the announcement of a campaign and the send times of its messages."""
    name = f"campaign {campaign['campaign']}"
    to = counted(campaign["customers"], "customers") if "customers" in campaign else people
    if "announced" in campaign:
        yield parse_time(campaign["announced"]), f"Optimove announces {name} to {to}"
    else:
        yield planned, f"a marketer schedules {name} to {to}, which Optimove announces by night, at {nightly}"
    for part in campaign_parts(campaign):
        for split in part["splits"]:
            share = "" if split["share"] == "100%" else f" to {split['share']} of them"
            yield parse_time(split["send_at"]), f"the message {split['template']} of {name} is due{share}"


def _fault_text(fault: Mapping[str, Any]) -> str:
    """Return a fault with its settings and its place: `connection reset (when after) at optimove.saveEvent`."""
    settings = ", ".join(f"{key} {value}".replace("_", " ") for key, value in fault.items() if key not in _OF_A_PLACE)
    place = str(fault.get(CALL) or fault.get(WEBHOOK) or "")
    at = f" at {place.replace('|', ' or ')}" if place else ""
    return str(fault["fault"]).replace("_", " ") + (f" ({settings})" if settings else "") + at


def _cancelled(value: Any) -> str:
    campaign = value["campaign"] if isinstance(value, Mapping) else value
    client = f" of {value['client']}" if isinstance(value, Mapping) and "client" in value else ""
    return f"Optimove cancels campaign {campaign}{client}"


_STEPS: Mapping[str, Callable[[Any], str]] = {
    "cancel": _cancelled,
    "events": lambda events: f"the event {events['event']} occurs",
    "add_template": lambda new: f"the provider gets the template {new['title']}",
    "rename_template": lambda change: f"the template {change['title']} is renamed to {change['to']}",
    "change_template": lambda change: f"the text of the template {change['title']} changes",
    "delete_template": lambda old: f"the template {old['title']} is deleted",
    "opt_out": lambda choice: f"customers opt out by {choice['by']}",
    "opt_in": lambda choice: f"customers opt in by {choice['by']}",
    "change_attributes": lambda change: f"{' and '.join(change['values'])} of customers changes",
    "add_attribute": lambda attribute: f"the client adds the attribute {attribute['name']}",
    "register_attribute": lambda name: f"vendors may sync the attribute {name} from now on",
    "key": lambda change: f"the client's administrator changes the API key: {change['action']}",
    "resend": lambda again: f"the webhook {again['webhook']} comes again",
}
