"""The operations of `control.yaml` on the requests that the services of a sandbox got."""

import re
from collections.abc import Mapping
from typing import Any

from sendproof_simulators.control.activity.pages import Entry, PageRequest, read_page
from sendproof_simulators.control.call import ControlCall
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.sandbox import Sandbox

REQUEST = "request"
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
        "ms": None if recent is None else recent.ms,
        "client": None if recent is None else sandbox.redaction.redact(recent.client),
        "violations": entry["violations"],
        "near_miss": entry.get("differs"),
        "nearest": entry.get("meant"),
        "fault": None if fault is None else fault["fault"],
    }


def is_problem(entry: Entry) -> bool:
    """Return True if a request was refused, broke the contract, or was not served as meant."""
    was_refused = entry["status"] >= _FIRST_ERROR or "response_excerpt" in entry
    return bool(was_refused or entry["violations"] or entry.get("differs"))


def _matches(entry: Entry, params: Mapping[str, Any]) -> bool:
    exact = ("service", "operation", "method")
    return (
        all(name not in params or entry[name] == params[name] for name in exact)
        and (
            "status" not in params or re.fullmatch(params["status"].replace("x", "."), str(entry["status"])) is not None
        )
        and (not params.get("problems") or is_problem(entry))
    )
