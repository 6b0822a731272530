"""Recognising a bridge that reads a campaign's customers forever, for example because it counts `$skip` in pages.

Virtual time passes meanwhile, at the pace of the rate limit, so such a run would last for hours or forever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sendproof_harness.control_client import ControlClient
from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.run.pacing.endless_sending import endless_sending

# Less than this is no reason to read the journal.
_MANY_REQUESTS = 200
# Bridges read an audience again after a failure or a restart, or to refresh it, but never this often in an hour.
_READINGS = 100
_WITHIN = timedelta(hours=1)

_PAGE_OPERATION = "GetCustomerSendDetailsByChannel"
_decode = msgspec.json.Decoder().decode


@dataclass(kw_only=True, slots=True)
class _Reading:
    """What was read of one campaign on one channel since the last event and within an hour."""

    began: datetime
    rows: int = 0
    pages: int = 0
    end: int = 1

    def add(self, summary: dict[str, Any]) -> None:
        """Count a page."""
        rows = summary.get("rows") or 0
        self.rows += rows
        self.pages += bool(rows)
        self.end = max(self.end, (summary.get("skip") or 0) + rows)

    @property
    def is_endless(self) -> bool:
        """True if the rows would be the whole audience many times over."""
        return self.rows >= _READINGS * self.end


@dataclass(kw_only=True)
class ReadingWatch:
    """Follows the requests for pages in one sandbox, while nothing else happens in it, and the number of messages.

    `most_messages` is an upper limit of the messages that are due in it.
    """

    control: ControlClient
    sandbox: str
    most_messages: int
    _position: int = field(default=0, init=False)
    _events: int = field(default=0, init=False)
    _requests: int = field(default=0, init=False)
    _readings: dict[tuple[int, int], _Reading] = field(default_factory=dict, init=False)

    def endless_work(self) -> RunAborted | None:
        """Return the end of a run whose bridge reads the same customers, or sends messages, for ever; else None."""
        counts = self.control.state(self.sandbox)["counts"]
        return endless_sending(counts.get("delivery", 0), self.most_messages) or self._endless_reading(counts)

    def _endless_reading(self, counts: Mapping[str, int]) -> RunAborted | None:
        requests = counts.get("request", 0)
        events = sum(counts.values()) - requests - counts.get("clock", 0)
        if events != self._events:
            self._events, self._requests = events, requests
        if requests - self._requests < _MANY_REQUESTS:
            return None
        self._read_journal()
        return next((_aborted(*key, reading) for key, reading in self._readings.items() if reading.is_endless), None)

    def _read_journal(self) -> None:
        while part := self.control.journal(self.sandbox, self._position):
            self._position += len(part)
            for line in map(_decode, part.splitlines()):
                if line["kind"] not in {"request", "clock"}:
                    self._readings.clear()
                elif line.get("operation") == _PAGE_OPERATION and "rows" in (summary := line.get("summary") or {}):
                    self._add_page(datetime.fromisoformat(line["at"]), summary)

    def _add_page(self, at: datetime, summary: dict[str, Any]) -> None:
        key = summary["campaign"], summary["channel"]
        reading = self._readings.get(key)
        if reading is None or at - reading.began > _WITHIN:
            reading = self._readings[key] = _Reading(began=at)
        reading.add(summary)


def _aborted(campaign: int, channel: int, reading: _Reading) -> RunAborted:
    return RunAborted(
        blame="bridge",
        reason="stuck",
        cause="the bridge reads the customers of a campaign again and again, without an end",
        expected=f"the customers of campaign {campaign} on channel {channel}, each once",
        got=f"{reading.rows:,} rows of about {reading.end:,} customers in {reading.pages:,} pages, and nothing else",
        remedy="add the rows of the last page to $skip, and end at an empty page or one below the requested size",
    )
