"""Following the journals of a run, to see if the bridge makes progress and what it was given to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.providers import provider

# What follows from these events of Optimove can be seen: messages, pages or a clearance.
_VISIBLE_EVENTS = frozenset({"1", "5", "11", "13"})

# 0 stands for a request that never reached the service.
_PASSING = frozenset({0, 429, *range(500, 600)})

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What happened since the last look.

    `lines`: anything at all. `progress`: the bridge made a request that it had not made before. `event`: Optimove sent
    an event. `invisible`: the bridge got a webhook whose handling leaves no trace, such as a cancellation.
    `failures`: the services of calls that failed, with the delay in seconds that the response demanded, 0 without one.
    """

    lines: bool
    progress: bool
    event: bool
    invisible: bool
    failures: Mapping[str, float] = field(default_factory=dict)


@dataclass(kw_only=True)
class JournalFollower:
    """Reads the journals of all sandboxes, each line once."""

    control: ControlClient
    sandboxes: Sequence[str]
    _positions: dict[str, int] = field(default_factory=dict, init=False)
    _requests: set[object] = field(default_factory=set, init=False)

    def read(self) -> News:
        """Return what happened since the last call."""
        lines = progress = event = invisible = False
        failures: dict[str, float] = {}
        for line in self._new_lines():
            kind = line["kind"]
            lines = lines or kind != "clock"
            if kind == "request":
                progress = self._is_new(line) or progress
                if _has_failed(line):
                    service = line["service"]
                    failures[service] = max(failures.get(service, 0.0), line.get("retry_after") or 0.0)
            elif kind == "webhook":
                event = event or line["service"] == PLATFORM
                invisible = invisible or _is_invisible(line)
        return News(lines=lines, progress=progress, event=event, invisible=invisible, failures=failures)

    def _new_lines(self) -> Iterator[dict[str, Any]]:
        for sandbox in self.sandboxes:
            while part := self.control.journal(sandbox, self._positions.get(sandbox, 0)):
                self._positions[sandbox] = self._positions.get(sandbox, 0) + len(part)
                for text in part.splitlines():
                    yield _decode(text)

    def _is_new(self, request: dict[str, Any]) -> bool:
        """Return True if the bridge had not made this request before: polling is no progress."""
        digest = hash((request["service"], request["path"], repr(request.get("summary")), request["status"]))
        is_new = digest not in self._requests
        self._requests.add(digest)
        return is_new


def _has_failed(request: dict[str, Any]) -> bool:
    """Return True if the bridge should repeat the call: it got an error that passes, or no usable response."""
    fault = request.get("fault")
    return request["status"] in _PASSING or (fault is not None and fault["response"] != "intact")


def _is_invisible(webhook: dict[str, Any]) -> bool:
    if webhook["service"] == PLATFORM:
        return webhook["event"] not in _VISIBLE_EVENTS
    return webhook["event"] in provider(webhook["service"]).opt_out_events
