"""The operations of `control.yaml` on the requests that the services of a sandbox got."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from sendproof_simulators.control.activity.entries import entries_from, find_entry
from sendproof_simulators.control.activity.exchange_view import exchange_json
from sendproof_simulators.control.activity.pages import Entry, PageRequest, read_page
from sendproof_simulators.control.call import ControlCall, ControlError
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.sandbox import Sandbox

REQUEST = "request"
#: Most messages of one request that are named.
MESSAGES_MAX = 1_000
_FIRST_ERROR = 400
_FILTERS = ("service", "operation", "status", "method", "text", "problems")


async def list_requests(call: ControlCall) -> Response:
    """List the requests, newest first."""
    sandbox, params = call.sandbox, call.params
    wanted = PageRequest(
        kinds=frozenset({REQUEST}),
        limit=call.value("limit"),
        before=params.get("before"),
        after=params.get("after", 0),
        needle=params.get("text", ""),
    )

    def item(entry: Entry) -> dict[str, object] | None:
        return request_json(sandbox, entry) if _matches(entry, params) else None

    page = await read_page(sandbox.journal, wanted, item)
    is_filtered = any(params.get(name) for name in _FILTERS)
    return json_response(page.as_json(None if is_filtered else sandbox.journal.counts[REQUEST]))


async def get_request(call: ControlCall) -> Response:
    """Return one request with its bodies, as long as they are kept, and the messages that it caused."""
    sandbox, number = call.sandbox, call.params["n"]
    entry = find_entry(sandbox.journal, number)
    if entry is None or entry["kind"] != REQUEST:
        raise ControlError(404, f"entry {number} of the journal is no request; list the requests for their numbers")
    exchange = exchange_json(sandbox.exchanges.find(number), sandbox.redaction)
    messages = [message async for message in _messages_of(sandbox, number)]
    return json_response(
        {
            **request_json(sandbox, entry),
            **exchange,
            "messages": messages[:MESSAGES_MAX],
            "messages_total": len(messages),
        }
    )


async def _messages_of(sandbox: Sandbox, number: int) -> AsyncIterator[str]:
    """Yield the ids of the messages that a request caused: their entries follow it, up to the next request."""
    async for entry in entries_from(sandbox.journal, number + 1):
        if entry["kind"] in {REQUEST, "preflight"}:
            return
        if entry["kind"] == "delivery" and entry.get("request") == number:
            yield entry["message"]


def request_json(sandbox: Sandbox, entry: Entry) -> dict[str, object]:
    """Return the JSON of a request, from its journal entry and from what is still known about the exchange."""
    recent = sandbox.exchanges.find(entry["n"])
    fault = entry.get("fault")
    return {
        "n": entry["n"],
        "at": entry["at"],
        "real": entry["real"],
        "service": entry["service"],
        "method": entry["method"],
        "path": entry["path"],
        "operation": entry["operation"],
        "status": entry["status"],
        "refused": was_refused(entry),
        "ms": None if recent is None else round(recent.duration_s * 1000, 1),
        "client": None if recent is None else sandbox.redaction.redact(recent.request.headers.get("user-agent", "")),
        "violations": entry["violations"],
        "near_miss": entry.get("differs"),
        "nearest": entry.get("meant"),
        "error": entry.get("response_excerpt"),
        "fault": None if fault is None else fault["fault"],
    }


def was_refused(entry: Entry) -> bool:
    """Return True if the response was an error in the service's own form; its status may be 200."""
    return bool(entry["status"] >= _FIRST_ERROR or "response_excerpt" in entry)


def is_problem(entry: Entry) -> bool:
    """Return True if a request was refused, broke the contract, or was not served as meant."""
    return bool(was_refused(entry) or entry["violations"] or entry.get("differs"))


def _matches(entry: Entry, params: Mapping[str, Any]) -> bool:
    exact = ("service", "operation", "method")
    return (
        all(name not in params or entry[name] == params[name] for name in exact)
        and (
            "status" not in params or re.fullmatch(params["status"].replace("x", "."), str(entry["status"])) is not None
        )
        and (not params.get("problems") or is_problem(entry))
    )
