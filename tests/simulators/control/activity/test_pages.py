"""Pages of a long journal: bounded work for each, and nothing twice or left out."""

import asyncio
from collections.abc import Iterator

import pytest

from instants import SIX, StillWallClock
from sendproof_simulators.control.activity.entries import entries_with, find_entry
from sendproof_simulators.control.activity.pages import LOOKED_AT_MAX, Page, PageRequest, read_page
from sendproof_simulators.core.recording.journal import Journal

REQUESTS = frozenset({"request"})


@pytest.fixture(scope="module")
def journal() -> Iterator[Journal]:
    """Return a journal with 30,000 requests, a third of its entries, on disk and in memory."""
    journal = Journal(StillWallClock())
    for number in range(1, 30_001):
        journal.append(SIX, "request", {"number": number, "path": f"/page/{number}"})
        journal.append(SIX, "delivery", {"number": number})
        journal.append(SIX, "webhook", {"number": number})
    yield journal
    journal.close()


def page_of(journal: Journal, request: PageRequest, *, only: int | None = None) -> Page:
    """Read a page of all requests, or of one of them."""

    async def read() -> Page:
        return await read_page(
            journal, request, lambda entry: {"n": entry["n"]} if only in {None, entry["number"]} else None
        )

    return asyncio.run(read())


def test_pages_continue_where_the_last_one_ended(journal: Journal) -> None:
    first = page_of(journal, PageRequest(kinds=REQUESTS, limit=1000))
    second = page_of(journal, PageRequest(kinds=REQUESTS, limit=1000, before=first.next))
    numbers = [item["n"] for item in (*first.items, *second.items)]
    assert numbers == [1 + 3 * index for index in range(29_999, 27_999, -1)]


def test_rare_entry_is_found_after_some_pages(journal: Journal) -> None:
    """No page looks at more than its share."""
    first = page_of(journal, PageRequest(kinds=REQUESTS, limit=10), only=5)
    assert (first.items, first.next) == ([], 3 * (30_000 - LOOKED_AT_MAX) - 1)
    second = page_of(journal, PageRequest(kinds=REQUESTS, limit=10, before=first.next), only=5)
    assert (second.items, second.next) == ([{"n": 13}], None)


def test_text_that_no_entry_has_needs_one_page(journal: Journal) -> None:
    """Entries without the text are not decoded, and do not count."""
    page = page_of(journal, PageRequest(kinds=REQUESTS, limit=10, needle="/PAGE/29999"))
    assert ([item["n"] for item in page.items], page.next) == ([89_995], None)


def test_entries_after_a_number_are_newer(journal: Journal) -> None:
    page = page_of(journal, PageRequest(kinds=REQUESTS, limit=10, after=89_990))
    assert [item["n"] for item in page.items] == [89_998, 89_995, 89_992]


def test_entry_is_found_by_its_number(journal: Journal) -> None:
    entries = [find_entry(journal, number) for number in (0, 1, 45_001, 90_000, 90_001)]
    assert [None if entry is None else entry["n"] for entry in entries] == [None, 1, 45_001, 90_000, None]


def test_entries_with_a_word_have_it_whole(journal: Journal) -> None:
    async def read() -> list[int]:
        return [entry["n"] async for entry in entries_with(journal, {"/page/12"})]

    assert asyncio.run(read()) == [34]
