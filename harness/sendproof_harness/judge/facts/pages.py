"""The pages of recipients that the bridge read of each campaign."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sendproof_harness.history.population import population
from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.fault_effects import KILL, reply_visible
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import cached_per_history

#: The request that reads the rows of a campaign.
PAGE_OPERATION = "GetCustomerSendDetailsByChannel"

#: The reason of a customer who is missing from the rows of a conditional campaign.
NOT_CLEARED = "not_cleared"

#: The reason of a customer whom Optimove keeps from a campaign, to compare.
CONTROL_GROUP = "control_group"

#: The reasons of customers who are missing from the rows of their campaign.
WITHOUT_ROW = frozenset({NOT_CLEARED, CONTROL_GROUP})


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page as served: `rows` rows from row `skip`, when the bridge requested `top` of at most `most`."""

    request: int
    at: int
    skip: int
    top: int | None
    most: int
    rows: int
    first: str | None

    @property
    def end(self) -> int:
        """The row after the last one."""
        return self.skip + self.rows


@cached_per_history
def pages(history: History) -> Mapping[CampaignKey, tuple[Page, ...]]:
    """Return the served pages by campaign and channel, in order of the requests."""
    served: defaultdict[CampaignKey, list[Page]] = defaultdict(list)
    for request, summary in _page_requests(history.requests):
        if not reply_visible(request):
            # The rows never reached the bridge, which has to read this page again.
            continue
        served[summary["campaign"], summary["channel"]].append(
            Page(
                request=request.n,
                at=request.at,
                skip=summary.get("skip") or 0,
                top=summary.get("top"),
                most=summary.get("most") or 0,
                rows=summary.get("rows") or 0,
                first=summary.get("first"),
            )
        )
    return {key: tuple(campaign_pages) for key, campaign_pages in served.items()}


def _page_requests(requests: Sequence[Request]) -> Iterator[tuple[Request, dict[str, Any]]]:
    return (
        (request, request.summary)
        for request in requests
        if request.operation == PAGE_OPERATION and request.summary and is_success(request.status)
    )


@cached_per_history
def interruptions(history: History) -> Mapping[CampaignKey | None, tuple[int, ...]]:
    """Return the lines after which a bridge may read rows again, by campaign; those of key None hold for all.

    A page request failed or its response was disturbed, or the bridge was killed or started again.
    """
    lines: defaultdict[CampaignKey | None, list[int]] = defaultdict(list)
    for request in history.requests:
        if request.operation == PAGE_OPERATION and (request.fault is not None or not is_success(request.status)):
            summary = request.summary or {}
            is_of_campaign = "campaign" in summary and "channel" in summary
            lines[(summary["campaign"], summary["channel"]) if is_of_campaign else None].append(request.n)
    lines[None] += [fault.n for fault in history.faults if fault.fault == KILL]
    lines[None] += [event.n for event in history.clocks if event.action == "left"]
    return {key: tuple(numbers) for key, numbers in lines.items()}


@cached_per_history
def rows_never_read(history: History) -> Mapping[CampaignKey, frozenset[str]]:
    """Return the customers with a row that was never served although others of their campaign were.

    Obligations are in the order of the rows. A campaign with pages that contradict this order is left out.
    """
    customers = _customers_with_rows(history)
    return {
        key: _customers_in_gaps(campaign_pages, customers[key])
        for key, campaign_pages in pages(history).items()
        if all(_is_in_order(customers[key], page) for page in campaign_pages)
    }


def rows_not_read_since(history: History, line: int, key: CampaignKey) -> frozenset[str]:
    """Return the customers of a campaign with a row that no request after this line of the history read."""
    return _rows_not_read_since(history)(line, key)


@cached_per_history
def _rows_not_read_since(history: History) -> Callable[[int, CampaignKey], frozenset[str]]:
    customers = _customers_with_rows(history)

    @cache
    def unread(line: int, key: CampaignKey) -> frozenset[str]:
        later = [page for page in pages(history).get(key, ()) if page.request > line]
        in_order = all(_is_in_order(customers[key], page) for page in later)
        return _customers_in_gaps(later if in_order else (), customers[key])

    return unread


@cached_per_history
def _customers_with_rows(history: History) -> Mapping[CampaignKey, Sequence[str]]:
    """Return the customers in the rows of each campaign, in the order of the rows."""
    customers: defaultdict[CampaignKey, list[str]] = defaultdict(list)
    for obligation, _ in population(history):
        if obligation.reason not in WITHOUT_ROW:
            customers[campaign_key(obligation)].append(obligation.customer)
    return customers


def _customers_in_gaps(campaign_pages: Sequence[Page], customers: Sequence[str]) -> frozenset[str]:
    return frozenset(
        customer for start, end in gaps(campaign_pages, len(customers)) for customer in customers[start:end]
    )


def _is_in_order(customers: Sequence[str], page: Page) -> bool:
    return page.first is None or not page.rows or (page.skip < len(customers) and customers[page.skip] == page.first)


def gaps(campaign_pages: Sequence[Page], rows: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each range of rows that no page covers, out of `rows` rows. Empty pages cover nothing."""
    read = 0
    for page in sorted((page for page in campaign_pages if page.rows), key=lambda page: page.skip):
        if page.skip > read:
            yield read, page.skip
        read = max(read, page.end)
    if read < rows:
        yield read, rows
