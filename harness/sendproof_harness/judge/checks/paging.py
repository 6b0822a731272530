"""Whether the whole audience was read: every row, none twice, in pages of a permitted size."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sendproof_harness.history.records import Campaign, History, Request
from sendproof_harness.judge.facts.fault_effects import was_read
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import PAGE_SIZE_RESPECTED, PAGES_COMPLETE

_COMPLETE = "paging.complete"
_SIZE = "paging.size"

OPERATION = "GetCustomerSendDetailsByChannel"

# What clients of the live API rely on; a page without `$top` holds as many.
PAGE_ROWS_MAX = 10_000

# Why a customer of a conditional campaign is not among its rows.
NOT_CLEARED = "not_cleared"

CampaignKey = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page as it was served: `rows` rows from row `skip`, when `top` were asked for."""

    request: int
    at: int
    skip: int
    top: int | None
    rows: int
    first: str | None

    @property
    def end(self) -> int:
        """The row after the last one."""
        return self.skip + self.rows


@cached_per_history
def pages(history: History) -> Mapping[CampaignKey, tuple[Page, ...]]:
    """The pages that were served, by campaign and channel, in the order they were asked for."""
    served: defaultdict[CampaignKey, list[Page]] = defaultdict(list)
    for request, note in _notes(history.requests):
        if not was_read(request):
            # The rows never came to the bridge, which reads this page again.
            continue
        served[note["campaign"], note["channel"]].append(
            Page(
                request=request.n,
                at=request.at,
                skip=note.get("skip") or 0,
                top=note.get("top"),
                rows=note.get("rows") or 0,
                first=note.get("first"),
            )
        )
    return {key: tuple(some) for key, some in served.items()}


def rows_never_read(history: History) -> Mapping[CampaignKey, frozenset[str]]:
    """The customers whose row was never served although others of their campaign were.

    Obligations stand in the order of the rows. Where the pages say otherwise, nothing is claimed.
    """
    customers: defaultdict[CampaignKey, list[str]] = defaultdict(list)
    for owed in history.obligations:
        if owed.reason != NOT_CLEARED:
            customers[owed.campaign, owed.channel].append(owed.customer)
    return {
        key: frozenset(name for start, end in _gaps(some, len(customers[key])) for name in customers[key][start:end])
        for key, some in pages(history).items()
        if all(_starts_with(customers[key], page) for page in some)
    }


def _starts_with(customers: Sequence[str], page: Page) -> bool:
    return page.first is None or (page.skip < len(customers) and customers[page.skip] == page.first)


def complete(history: History) -> CheckResult:
    """Gaps and overlaps in what was read of each announced campaign."""
    served = pages(history)
    findings: list[Finding] = []
    for campaign in _announced(history):
        some = served.get((campaign.campaign, campaign.channel), ())
        findings += _judge_campaign(campaign, some)
    count = sum(len(some) for some in served.values())
    return CheckResult(looked_at=count or len(_announced(history)), unit="pages", findings=tuple(findings))


def size_kept(history: History) -> CheckResult:
    """Pages that are larger than the service gives."""
    every = [(key, page) for key, some in pages(history).items() for page in some]
    findings = [_too_large(key, page) for key, page in every if (page.top or 0) > PAGE_ROWS_MAX]
    return CheckResult(looked_at=len(every), unit="pages", findings=tuple(findings))


def _announced(history: History) -> list[Campaign]:
    return [campaign for campaign in history.campaigns if campaign.announced_at is not None]


def _judge_campaign(campaign: Campaign, some: Sequence[Page]) -> Iterator[Finding]:
    where = Location(campaign=campaign.campaign, channel=campaign.channel)
    # Whoever hears of a cancellation need not read on.
    rows = 0 if campaign.cancelled_at is not None else campaign.customers if campaign.rows is None else campaign.rows
    if rows and not some:
        yield _finding("the audience was never read", f"{rows:,} rows read", "no request for them", where)
        return
    for start, end in _gaps(some, rows):
        last = end == rows and start > 0
        cause = "rows never read: the last page was dropped" if last else "rows never read"
        yield _finding(cause, f"all {rows:,} rows read", _rows(start, end, "never"), where)
    for page, start, end in _overlaps(some):
        short = _step(some, page)
        cause = (
            f"rows read twice: steps of {short:,} row{'s' if short > 1 else ''} between pages of {page.top:,}"
            if short
            else "rows read twice"
        )
        yield _finding(cause, "pages that follow each other", _rows(start, end, "again"), where, page)
    yield from _repeats(some, where)


def _gaps(some: Sequence[Page], rows: int) -> Iterator[tuple[int, int]]:
    read = 0
    for page in sorted(some, key=lambda page: page.skip):
        if page.skip > read and page.rows:
            yield read, page.skip
        read = max(read, page.end)
    if read < rows:
        yield read, rows


def _overlaps(some: Sequence[Page]) -> Iterator[tuple[Page, int, int]]:
    """Two different pages that share rows; the same page again is a retry."""
    different = {(page.skip, page.end): page for page in reversed(some) if page.rows}
    for (_, left), ((start, end), page) in pairwise(sorted(different.items(), key=lambda item: item[0])):
        if start < left.end:
            yield page, start, min(end, left.end)


def _step(some: Sequence[Page], page: Page) -> int:
    """The step from the page before, if that is shorter than what was asked for; else 0."""
    before = max((one.skip for one in some if one.skip < page.skip), default=page.skip)
    step = page.skip - before
    return step if page.top is not None and 0 < step < page.top else 0


def _repeats(some: Sequence[Page], where: Location) -> Iterator[Finding]:
    repeated = sum(count - 1 for count in Counter((page.skip, page.top) for page in some).values())
    if repeated:
        yield Finding(
            check=_COMPLETE,
            level="note",
            blame="bridge",
            cause="a page was asked for again",
            expected="each page once",
            got=f"{repeated} repeated, which is right after a lost reply",
            where=where,
        )


def _rows(start: int, end: int, how: str) -> str:
    return f"rows {start:,} to {end - 1:,} {how}"


def _finding(cause: str, expected: str, got: str, where: Location, page: Page | None = None) -> Finding:
    if page is not None:
        where = Location(campaign=where.campaign, channel=where.channel, request=page.request)
    at = page.at if page is not None else None
    return Finding(
        check=_COMPLETE, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where, at=at
    )


def _too_large(key: CampaignKey, page: Page) -> Finding:
    return Finding(
        check=_SIZE,
        level="fail",
        blame="bridge",
        cause=f"a page of more than {PAGE_ROWS_MAX:,} rows",
        expected=f"$top of at most {PAGE_ROWS_MAX:,}",
        got=f"$top={page.top:,}",
        where=Location(campaign=key[0], channel=key[1], request=page.request),
        at=page.at,
    )


def _notes(requests: Sequence[Request]) -> Iterator[tuple[Request, dict[str, Any]]]:
    return ((request, request.summary) for request in requests if request.operation == OPERATION and request.summary)


def _has_campaigns(history: History) -> bool:
    return bool(_announced(history))


_ASKED_OF = "runs with scheduled campaigns"

CHECKS = (
    Check(
        id=_COMPLETE,
        title="The whole audience is read, no row twice",
        requirement=PAGES_COMPLETE,
        run=complete,
        applies=_has_campaigns,
        asked_of=_ASKED_OF,
    ),
    Check(
        id=_SIZE,
        title="Pages hold at most 10,000 rows",
        requirement=PAGE_SIZE_RESPECTED,
        run=size_kept,
        applies=_has_campaigns,
        asked_of=_ASKED_OF,
    ),
)
