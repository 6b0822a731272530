"""What recorded bridges used of the contracts: from the histories of runs, and from recorded traffic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, parse_iso
from sendproof_simulators.core.recording.seal import unsealed
from sendproof_simulators.recordings.har_reader import read_har
from sendproof_simulators.recordings.judging import CallJudge
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.recordings.recorded_call import CALLBACK, RecordedCall

_HISTORY, _HAR = "history.ndjson", "*.har"
_MOST_FILES = 1_000
#: The kinds of lines that are read, as they begin in a line. A history has millions of others.
_KINDS = tuple(f'"kind":"{kind}"'.encode() for kind in ("history", "request", "webhook", "delivery", "metrics"))
# The names of limits that the sizes of calls in a history are compared with.
_PAGE_LIMIT, _BATCH_LIMITS, _TEXT_LIMITS = "rows per page", ("numbers", "messages"), (
    "message characters", "text",
)  # fmt: skip

#: A service and one of its operations or events.
Use = tuple[str, str]


@dataclass(slots=True)
class RecordedBridge:
    """One recording of a bridge. `dialects` are those that differ from the defaults, by full name.

    `operations` and `events` count what the bridge called and took; `events` are those that it acknowledged.
    `largest` are the largest sizes of calls by service, operation and limit; `instants` those of the calls of each
    service, in milliseconds. `bodies` are bodies that can be rebuilt, `calls` whole calls of recorded traffic.
    """

    name: str
    has_bodies: bool = False
    dialects: Mapping[str, str] = field(default_factory=dict)
    operations: dict[Use, int] = field(default_factory=dict)
    events: dict[Use, int] = field(default_factory=dict)
    paths: set[tuple[str, str, str]] = field(default_factory=set)
    largest: dict[tuple[str, str, str], int] = field(default_factory=dict)
    instants: dict[str, list[Instant]] = field(default_factory=dict)
    bodies: dict[Use, list[Any]] = field(default_factory=dict)
    calls: list[RecordedCall] = field(default_factory=list)

    def uses(self, service: str) -> bool:
        """Return True if the bridge called a service, or took its events."""
        return any(used == service for used, _ in (*self.operations, *self.events))

    def most_calls_in(self, service: str, window_ms: int) -> int:
        """Return the largest number of calls of a service in any window of this length."""
        instants, begin, most = sorted(self.instants.get(service, ())), 0, 0
        for end, instant in enumerate(instants):
            while instants[begin] <= instant - window_ms:
                begin += 1
            most = max(most, end - begin + 1)
        return most


def read_bridges(folder: Path, known: KnownContracts) -> list[RecordedBridge]:
    """Return the recordings in a folder and below it; `ValueError` names a wrong one.

    They are the `history.ndjson` of runs and HAR files. Earlier runs that a results folder keeps do not count: their
    bridge may have been another one.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected a folder with histories, got none")
    files = [path for pattern in (_HISTORY, _HAR) for path in sorted(folder.rglob(pattern)) if _counts(path)]
    if not files:
        raise ValueError(f"{folder}: expected a {_HISTORY} or a HAR file in it or below it, got none")
    if len(files) > _MOST_FILES:
        raise ValueError(f"{folder}: expected at most {_MOST_FILES:,} recordings, got {len(files):,}")
    return [_read(path, path.relative_to(folder), known) for path in files]


def _counts(path: Path) -> bool:
    """Return True for a file, except `NAME/earlier/1/history.ndjson` if there is `NAME/history.ndjson`."""
    numbers = path.parent.parent
    is_replaced = path.name == _HISTORY and numbers.name == "earlier" and (numbers.parent / _HISTORY).is_file()
    return path.is_file() and not is_replaced


def _read(path: Path, place: Path, known: KnownContracts) -> RecordedBridge:
    if path.name != _HISTORY:
        return _from_calls(str(place), read_har(path), known)
    name = str(place.parent) if place.parent != Path() else str(place)
    try:
        with path.open("rb") as file:
            return _from_lines(name, unsealed(file))
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected the history of a run: {error}") from None


# -- histories ---------------------------------------------------------------------------------------


def _from_lines(name: str, lines: Iterator[bytes]) -> RecordedBridge:
    bridge, requests, last = RecordedBridge(name), dict[int, Use](), b""
    for line in lines:
        last = line
        if any(kind in line for kind in _KINDS):
            _add_entry(bridge, msgspec.json.decode(line), requests)
    if msgspec.json.decode(last or b"{}").get("kind") != "end":
        raise ValueError("it has no end; the run was interrupted")
    return bridge


def _add_entry(bridge: RecordedBridge, entry: Mapping[str, Any], requests: dict[int, Use]) -> None:
    """Add the facts of a line; `requests` are the operations of the requests so far, by their numbers."""
    match entry["kind"]:
        case "history":
            bridge.dialects = entry["dialects"]
        case "request":
            _add_request(bridge, entry, requests)
        case "webhook":
            _add_event(bridge, entry)
        case "delivery":
            used = requests.get(entry.get("request") or 0, (entry["service"], ""))
            for limit in _TEXT_LIMITS:
                _measure(bridge, used, limit, len(entry["text"]))
        case "metrics":
            bridge.bodies.setdefault(("optimove", "UpdateCampaignMetrics"), []).append(entry["items"])


def _add_request(bridge: RecordedBridge, entry: Mapping[str, Any], requests: dict[int, Use]) -> None:
    service, operation = entry["service"], entry["operation"]
    bridge.instants.setdefault(service, []).append(parse_iso(entry["at"]))
    if operation is None:
        return
    used = (service, operation)
    requests[entry["n"]] = used
    bridge.operations[used] = bridge.operations.get(used, 0) + 1
    bridge.paths.add((service, entry["method"], entry["path"]))
    summary = entry.get("summary") or {}
    if isinstance(summary.get("top"), int):
        _measure(bridge, used, _PAGE_LIMIT, summary["top"])
    if isinstance(summary.get("targets"), int):
        _measure(bridge, used, "targets", summary["targets"])
    if isinstance(summary.get("accepted"), int):
        for limit in _BATCH_LIMITS:
            _measure(bridge, used, limit, summary["accepted"] + int(summary.get("rejected") or 0))


def _add_event(bridge: RecordedBridge, entry: Mapping[str, Any]) -> None:
    if entry["status"] is not None and str(entry["status"]).startswith("2"):
        used = (entry["service"], str(entry["event"]))
        bridge.events[used] = bridge.events.get(used, 0) + 1


def _measure(bridge: RecordedBridge, used: Use, limit: str, size: int) -> None:
    key = (*used, limit)
    bridge.largest[key] = max(size, bridge.largest.get(key, 0))


# -- recorded traffic --------------------------------------------------------------------------------


def _from_calls(name: str, calls: list[RecordedCall], known: KnownContracts) -> RecordedBridge:
    judge = CallJudge(known)
    bridge = RecordedBridge(name, has_bodies=True)
    for call in calls:
        match = known.find(call)
        if match is not None:
            used = (match.known.simulator.name, judge.operation_of(match, call))
            counted = bridge.events if match.role == CALLBACK else bridge.operations
            counted[used] = counted.get(used, 0) + 1
            bridge.paths.add((used[0], call.request.method, match.path))
            bridge.calls.append(call)
    return bridge
