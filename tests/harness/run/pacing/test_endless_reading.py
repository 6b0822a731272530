"""A bridge that reads the same customers forever, which would keep the run from ending."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sendproof_harness.run.pacing.endless_reading import ReadingWatch

BEGAN = datetime(2026, 3, 2, 6, 40, tzinfo=UTC)


@dataclass
class PagesServed:
    """A control API whose journal has these pages of campaign 7001, 200 ms apart, after an event."""

    skips: list[int]
    rows: int = 200
    apart: timedelta = timedelta(milliseconds=200)

    def state(self, _sandbox: str) -> dict[str, Any]:
        return {"counts": {"request": 100 + 2 * len(self.skips), "clock": 3, "webhook": 1}}

    def journal(self, _sandbox: str, start: int) -> bytes:
        lines = [{"kind": "webhook"}, *(self._page(*page) for page in enumerate(self.skips))]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()[start:]

    def _page(self, index: int, skip: int) -> dict[str, Any]:
        summary = {"campaign": 7001, "channel": 505, "skip": skip, "rows": self.rows}
        operation, at = "GetCustomerSendDetailsByChannel", (BEGAN + index * self.apart).isoformat()
        return {"kind": "request", "operation": operation, "at": at, "summary": summary}


def endless(pages: PagesServed) -> str:
    """Return what a watch got that has seen the event before; empty if it is content."""
    watch = ReadingWatch(control=PagesServed([]), sandbox="s", most_messages=200)
    watch.endless_work()
    watch.control = pages
    aborted = watch.endless_work()
    return "" if aborted is None else f"{aborted.blame}: {aborted.got}"


def test_page_that_is_read_for_ever_ends_the_run() -> None:
    """A bridge that counts `$skip` in pages gets the first page again and again."""
    assert endless(PagesServed([0] * 150)) == (
        "bridge: 30,000 rows of about 200 customers in 150 pages, and nothing else"
    )


def test_pages_that_each_begin_one_row_later_end_the_run() -> None:
    """With more than 10,000 customers, no page is the same."""
    assert endless(PagesServed(list(range(150)), rows=10_000)).startswith("bridge: 1,500,000 rows of about 10,149")


def test_large_audience_that_is_read_once_goes_on() -> None:
    assert endless(PagesServed([10_000 * page for page in range(150)], rows=10_000)) == ""


def test_audience_that_is_read_each_minute_goes_on() -> None:
    """It is unusual, but the run ends."""
    assert endless(PagesServed([0] * 150, apart=timedelta(minutes=1))) == ""
