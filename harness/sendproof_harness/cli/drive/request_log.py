"""The requests to the services of one sandbox, with those that belong to no sandbox, in the order of their arrival."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from sendproof_harness.cli.drive.pages import newest
from sendproof_harness.history.timestamps import SECOND, iso

if TYPE_CHECKING:
    from sendproof_harness.control_client import ControlClient

Json = Mapping[str, Any]

# More requests than arrive between two looks.
_ALL = 1_000_000


class RequestLog:
    """The requests that match filters, as entries of listRequests; the oldest first.

    A request without a known credential has None as its number `n`. Two looks at the log never give the same request.
    """

    def __init__(self, control: "ControlClient", sandbox: str, filters: Mapping[str, str | None]) -> None:
        self._control = control
        self._sandbox = sandbox
        self._filters = filters
        self._fetch: Callable[..., dict[str, Any]] = partial(control.request_log, sandbox, **filters)
        self._version = "0"
        self._generation: int | None = None
        # The last request of the sandbox, by number, and the last of no sandbox, by the machine's time.
        self._last = 0
        self._last_real = 0.0

    def newest(self, limit: int, before: int | None = None) -> list[Json]:
        """Return the newest requests, up to a number; before a number, only those of the sandbox."""
        page = newest(lambda start, count: self._fetch(before=start, limit=count), limit, before)
        others = () if before is not None else self._without_credential()
        return self._ordered([*page["items"], *others])[-limit:]

    def further(self) -> list[Json]:
        """Return the requests since the last look."""
        page = newest(lambda start, count: self._fetch(before=start, after=self._last, limit=count), _ALL)
        return self._ordered([*page["items"], *self._without_credential()])

    def wait(self, timeout_s: float) -> None:
        """Wait until something in the sandbox changes, at most some real seconds."""
        changes = self._control.changes(self._sandbox, self._version, timeout_s)
        self._version = changes["version"]
        if self._generation not in {None, changes["generation"]}:
            # After a reset, the numbers start again.
            self._last = 0
        self._generation = changes["generation"]

    def _ordered(self, entries: Iterable[Json]) -> list[Json]:
        """Return the entries in the order of their arrival, and remember the last ones."""
        ordered = sorted(entries, key=lambda entry: (entry["real"], entry["n"] or 0))
        self._last = max([self._last, *(entry["n"] for entry in ordered if entry["n"] is not None)])
        self._last_real = max([self._last_real, *(entry["real"] for entry in ordered if entry["n"] is None)])
        return ordered

    def _without_credential(self) -> Iterator[Json]:
        for request in self._control.unauthenticated_requests():
            entry = _entry(request)
            is_new = request["real"] > self._last_real and request.get("sandbox") in {None, self._sandbox}
            if is_new and _matches(entry, request, self._filters):
                yield entry


def _entry(request: Json) -> Json:
    """Return a request without a known credential in the form of listRequests."""
    return {
        "n": None,
        "at": iso(int(request["real"] * SECOND)),
        **{name: request[name] for name in ("real", "service", "method", "path", "operation", "status")},
        "ms": None,
        "client": None,
        "violations": request["violations"],
        "near_miss": request.get("differs"),
        "nearest": request.get("meant"),
        "error": request.get("response_excerpt"),
        "fault": None,
    }


def _matches(entry: Json, request: Json, filters: Mapping[str, str | None]) -> bool:
    """Return True if the entry matches the filters of listRequests; each of them is a problem."""
    same = all(filters[name] in {None, entry[name]} for name in ("service", "operation", "method"))
    status, text = filters["status"], filters["text"]
    has_status = status in {None, str(entry["status"]), f"{entry['status'] // 100}xx"}
    has_text = text is None or text.lower() in msgspec.json.encode(request).decode().lower()
    return same and has_status and has_text
