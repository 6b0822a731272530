"""Check that the bridge read the whole audience: every row once, in pages of a permitted size."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import Page, gaps, pages
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import PAGE_SIZE_RESPECTED, PAGES_COMPLETE

_COMPLETE = "paging.complete"
_SIZE = "paging.size"

# Clients of the live API rely on this limit; a page without `$top` has this size.
PAGE_ROWS_MAX = 10_000


def check_pages_complete(history: History) -> CheckResult:
    """Find gaps and overlaps in the pages that the bridge read of each announced campaign."""
    served, announced = pages(history), _announced(history)
    findings = [
        finding
        for campaign in announced
        for finding in _campaign_findings(campaign, served.get(campaign_key(campaign), ()))
    ]
    count = sum(map(len, served.values()))
    return CheckResult(looked_at=count or len(announced), unit="pages", findings=tuple(findings))


def check_page_size(history: History) -> CheckResult:
    """Find requests for pages that are larger than the service permits."""
    all_pages = [(key, page) for key, campaign_pages in pages(history).items() for page in campaign_pages]
    findings = [_too_large(key, page) for key, page in all_pages if (page.top or 0) > PAGE_ROWS_MAX]
    return CheckResult(looked_at=len(all_pages), unit="pages", findings=tuple(findings))


def _announced(history: History) -> list[Campaign]:
    return [campaign for campaign in history.campaigns if campaign.announced_at is not None]


def _campaign_findings(campaign: Campaign, campaign_pages: Sequence[Page]) -> Iterator[Finding]:
    where = Location(campaign=campaign.campaign, channel=campaign.channel)
    rows = _rows_to_read(campaign)
    if rows and not campaign_pages:
        yield _finding("the audience was never read", f"{rows:,} rows read", "no page request", where)
        return
    for start, end in gaps(campaign_pages, rows):
        is_last = end == rows and start > 0
        cause = "rows never read: the last page was skipped" if is_last else "rows never read"
        yield _finding(cause, f"all {rows:,} rows read", _rows_text(start, end, "never"), where)
    for page, start, end in _overlaps(campaign_pages):
        cause = f"rows read twice{_step_text(campaign_pages, page)}"
        yield _finding(cause, "pages that do not overlap", _rows_text(start, end, "again"), where, page)
    yield from _repeated_pages(campaign_pages, where)


def _rows_to_read(campaign: Campaign) -> int:
    """Return the number of rows; after a cancellation the bridge may stop reading."""
    if campaign.cancelled_at is not None:
        return 0
    return campaign.customers if campaign.rows is None else campaign.rows


def _overlaps(campaign_pages: Sequence[Page]) -> Iterator[tuple[Page, int, int]]:
    """Yield the second of two different pages that share rows, with these rows; an equal page is a retry."""
    different = {(page.skip, page.end): page for page in reversed(campaign_pages) if page.rows}
    for (_, previous), ((start, end), page) in pairwise(sorted(different.items(), key=lambda item: item[0])):
        if start < previous.end:
            yield page, start, min(end, previous.end)


def _step_text(campaign_pages: Sequence[Page], page: Page) -> str:
    """Describe the step from the previous page if it is shorter than the requested page size."""
    previous = max((other.skip for other in campaign_pages if other.skip < page.skip), default=page.skip)
    step = page.skip - previous
    if page.top is None or not 0 < step < page.top:
        return ""
    return f": steps of {step:,} row{'s' if step > 1 else ''} between pages of {page.top:,}"


def _repeated_pages(campaign_pages: Sequence[Page], where: Location) -> Iterator[Finding]:
    counts = Counter((page.skip, page.top) for page in campaign_pages)
    repeated = sum(count - 1 for count in counts.values())
    if repeated:
        yield Finding(
            check=_COMPLETE,
            level="note",
            blame="bridge",
            cause="a page was requested again",
            expected="each page once",
            got=f"{repeated} repeated, which is correct after a lost response",
            where=where,
        )


def _rows_text(start: int, end: int, how: str) -> str:
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


def _has_announced_campaign(history: History) -> bool:
    return bool(_announced(history))


_SCOPE = "runs with scheduled campaigns"

CHECKS = (
    Check(
        id=_COMPLETE,
        title="Every audience row is read exactly once",
        requirement=PAGES_COMPLETE,
        run=check_pages_complete,
        applies=_has_announced_campaign,
        scope=_SCOPE,
    ),
    Check(
        id=_SIZE,
        title="Pages hold at most 10,000 rows",
        requirement=PAGE_SIZE_RESPECTED,
        run=check_page_size,
        applies=_has_announced_campaign,
        scope=_SCOPE,
    ),
)
