"""The operations of `control.yaml` on the messages that the providers of a sandbox accepted."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sendproof_simulators.control.activity.entries import entries_with
from sendproof_simulators.control.activity.message_events import receipts_of, states_of
from sendproof_simulators.control.activity.pages import Entry, PageRequest, read_page
from sendproof_simulators.control.call import ControlCall, ControlError
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.messaging.delivery_outcomes import name_of_test_number
from sendproof_simulators.core.messaging.lifecycle import TEST
from sendproof_simulators.core.messaging.message_types import SMS
from sendproof_simulators.core.messaging.sms import count_parts
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.simulator import MessageStatus

DELIVERY = "delivery"
_FILTERS = ("provider", "campaign", "customer", "number", "state", "text")
_NOT_DIGITS = re.compile(r"\D+")


async def list_messages(call: ControlCall) -> Response:
    """List the messages, newest first."""
    sandbox, params = call.sandbox, call.params
    wanted = PageRequest(
        kinds=frozenset({DELIVERY}),
        limit=call.value("limit"),
        before=params.get("before"),
        needle=params.get("text", ""),
    )
    messages = Messages(call, sandbox)
    page = await read_page(sandbox.journal, wanted, lambda entry: messages.item(entry, params))
    is_filtered = any(params.get(name) for name in _FILTERS)
    return json_response(page.as_json(None if is_filtered else sandbox.journal.counts[DELIVERY]))


async def get_message(call: ControlCall) -> Response:
    """Return one message with its states and receipts."""
    sandbox, provider, id_ = call.sandbox, call.params["provider"], call.params["message"]
    entries = [entry async for entry in entries_with(sandbox.journal, {id_}) if entry.get("service") == provider]
    delivery = next((entry for entry in entries if entry["kind"] == DELIVERY and entry["message"] == id_), None)
    if delivery is None:
        raise ControlError(404, f"{provider} has accepted no message {id_!r}; list the messages for their ids")
    return json_response(Messages(call, sandbox).details(delivery, entries))


class Messages:
    """The messages of a sandbox as JSON, with what providers and customers' obligations say about them."""

    def __init__(self, call: ControlCall, sandbox: Sandbox) -> None:
        self._simulators = call.control.simulators
        self._sandbox = sandbox
        self._now = sandbox.clock.now()
        self._attribution = call.control.attribution(sandbox)

    def details(self, delivery: Entry, entries: Sequence[Entry]) -> dict[str, object]:
        """Return the JSON of a delivery with its states and receipts, from the entries of the journal about it."""
        return {
            **self._json(delivery, self._status(delivery)),
            "states": states_of(delivery, entries, self._now),
            "receipts": receipts_of(delivery, entries),
            "request": delivery.get("request"),
        }

    def item(self, entry: Entry, params: Mapping[str, Any]) -> dict[str, object] | None:
        """Return the JSON of a delivery, or None if the parameters exclude it."""
        if not _matches(entry, params):
            return None
        status = self._status(entry)
        state = _state(entry, status)
        if params.get("state", state) != state:
            return None
        found = self._json(entry, status)
        is_wanted = all(params.get(name, found[name]) == found[name] for name in ("campaign", "customer"))
        return found if is_wanted else None

    def _json(self, entry: Entry, status: MessageStatus | None) -> dict[str, object]:
        recipient = self._attribution.recipient(entry, None if status is None else status.customer)
        parts = count_parts(entry["text"])
        return {
            "provider": entry["service"],
            "id": entry["message"],
            "n": entry["n"],
            "at": entry["at"],
            "number": entry["number"],
            "message_type": entry.get("message_type", SMS),
            "heading": entry.get("heading"),
            "text": entry["text"],
            "sender": entry.get("sender"),
            "parts": parts.parts if status is None else status.parts,
            "encoding": parts.encoding if status is None else status.encoding or None,
            "state": _state(entry, status),
            "campaign": recipient.campaign,
            "channel": recipient.channel,
            "customer": recipient.customer,
            "test_number": name_of_test_number(entry["number"]),
        }

    def _status(self, entry: Entry) -> MessageStatus | None:
        simulator = self._simulators.get(entry["service"])
        if simulator is None or simulator.message_status is None:
            return None
        return simulator.message_status(self._sandbox.states[simulator.name], entry["message"], self._now)


def _state(entry: Entry, status: MessageStatus | None) -> str | None:
    if entry["test"]:
        return TEST
    return None if status is None else status.state


def _matches(entry: Entry, params: Mapping[str, Any]) -> bool:
    """Return True if the parameters that need no look-up include a delivery."""
    return params.get("provider", entry["service"]) == entry["service"] and _has_address(entry, params)


def _has_address(entry: Entry, params: Mapping[str, Any]) -> bool:
    """Return True if the address of a delivery contains the wanted part: digits of a number, or any other text."""
    wanted, address = params.get("number", "").strip(), str(entry["number"]).lower()
    digits = _NOT_DIGITS.sub("", wanted)
    has_letters = any(character.isalpha() or character == "@" for character in wanted)
    return wanted.lower() in address if has_letters else digits in address
