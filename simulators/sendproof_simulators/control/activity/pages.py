"""Pages of journal entries, newest first, without reading the whole journal for one of them.

The journal of a long run has gigabytes. A page looks at a bounded number of entries, lets other requests be served in
between, and names the start of the next page. So a page can have fewer items than its limit and still not be the last.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sendproof_simulators.core.clock.costly_work import next_turn
from sendproof_simulators.core.recording.journal import Journal, JournalPart

#: Most entries of the kinds in question that one page looks at.
LOOKED_AT_MAX = 20_000
#: Most parts of the journal that one page reads, each of 256 KiB.
PARTS_MAX = 400
# Entries between two pauses in which other requests are served.
_PAUSE = 50

Entry = Mapping[str, Any]

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page of at most `limit` entries of some kinds, with numbers below `before` (None: all) and above `after`.

    `needle` is a text in every line in question, in any case; empty for no such text.
    """

    kinds: frozenset[str]
    limit: int
    before: int | None = None
    after: int = 0
    needle: str = ""


@dataclass(slots=True, kw_only=True)
class Page:
    """The items of a page, and `before` of the next one, or None."""

    items: list[dict[str, object]]
    next: int | None = None

    def as_json(self, total: int | None) -> dict[str, object]:
        """Return the page as JSON; `total` is the number of all items, None if it is not known."""
        return {"items": self.items, "next": self.next, "total": total}


async def read_page(
    journal: Journal, request: PageRequest, item_of: Callable[[Entry], dict[str, object] | None]
) -> Page:
    """Return a page. `item_of` returns the item of an entry, or None for an entry that is not in question."""
    page, looked_at, parts_read = Page(items=[]), 0, 0
    for part in reversed(journal.parts()):
        if not _may_contain(part, request):
            continue
        for number, entry in _newest_first(part, request):
            if len(page.items) == request.limit or looked_at == LOOKED_AT_MAX:
                page.next = number + 1
                return page
            looked_at += 1
            item = item_of(entry)
            if item is not None:
                page.items.append(item)
            if looked_at % _PAUSE == 0:
                await next_turn()
        parts_read += 1
        if parts_read == PARTS_MAX and part.first > request.after + 1:
            page.next = part.first
            return page
        await next_turn()
    return page


def _may_contain(part: JournalPart, request: PageRequest) -> bool:
    if request.before is not None and part.first >= request.before:
        return False
    return part.first + part.count - 1 > request.after and not part.kinds.isdisjoint(request.kinds)


def _newest_first(part: JournalPart, request: PageRequest) -> Iterator[tuple[int, Entry]]:
    marks = [b'"kind":"%b"' % kind.encode() for kind in sorted(request.kinds)]
    needle, text = json_text(request.needle).lower(), part.text()
    if needle and needle not in text.lower():
        return
    lines = text.splitlines()
    for index in range(len(lines) - 1, -1, -1):
        number, line = part.first + index, lines[index]
        if number <= request.after:
            return
        if request.before is not None and number >= request.before:
            continue
        if any(mark in line for mark in marks) and (not needle or needle in line.lower()):
            entry = msgspec.json.decode(line)
            if entry["kind"] in request.kinds:
                yield number, entry


def json_text(text: str) -> bytes:
    """Return a text as it is written within a string of JSON."""
    return _encode(text)[1:-1]
