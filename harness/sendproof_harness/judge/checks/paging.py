"""Check that the bridge read the whole audience: every row once, in pages of a permitted size."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.history.timestamps import HOUR
from sendproof_harness.judge.causes.calls import is_refused, refusal_text
from sendproof_harness.judge.facts.clients.campaigns import read_for_others_text
from sendproof_harness.judge.facts.clients.key_outages import with_key_after
from sendproof_harness.judge.facts.deliveries.deadlines import CAMPAIGN_EVENTS
from sendproof_harness.judge.facts.fault_effects import first_received
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key, channel_text
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, Page, gaps, interruptions, pages
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import PAGE_SIZE_RESPECTED, PAGES_COMPLETE

_COMPLETE = "paging.complete"
_SIZE = "paging.size"

# Clients of the live API rely on this limit; a page without `$top` has this size. A sandbox can permit more.
PAGE_ROWS_MAX = 10_000
# Positions of empty pages in a finding.
_SHOWN = 3
# A bridge may read a page again after a lost response, a failure or a restart, but not this often within an hour.
_OFTEN = 100


def check_pages_complete(history: History) -> CheckResult:
    """Find gaps and overlaps in the rows that the bridge read of each announced campaign.

    Order and size of the pages do not matter. Empty pages count for a campaign without rows only.
    """
    served, announced = pages(history), _announced(history)
    findings: list[Finding] = []
    looked_at = 0
    for campaign in announced:
        campaign_pages = served.get(campaign_key(campaign), ())
        rows = _rows_to_read(campaign)
        looked_at += sum(bool(page.rows) or not rows for page in campaign_pages)
        findings += _campaign_findings(history, campaign, campaign_pages, rows)
    return CheckResult(looked_at=looked_at, unit="pages", findings=tuple(findings))


def check_page_size(history: History) -> CheckResult:
    """Find requests for pages that are larger than the service permits."""
    all_pages = [(key, page) for key, campaign_pages in pages(history).items() for page in campaign_pages]
    findings = [_too_large(key, page) for key, page in all_pages if (page.top or 0) > _permitted(page)]
    return CheckResult(looked_at=len(all_pages), unit="pages", findings=tuple(findings))


def _announced(history: History) -> list[Campaign]:
    return [campaign for campaign in history.campaigns if campaign.announced_at is not None]


def _campaign_findings(
    history: History, campaign: Campaign, campaign_pages: Sequence[Page], rows: int
) -> Iterator[Finding]:
    where = Location(campaign=campaign.campaign, channel=campaign.channel)
    if rows and not any(page.rows for page in campaign_pages):
        yield _never_read(history, campaign, campaign_pages, rows)
        return
    for start, end in gaps(campaign_pages, rows):
        is_last = end == rows and start > 0
        cause = f"rows never read{_gap_reason(campaign_pages, start, is_last=is_last)}"
        finding = _finding(cause, f"all {rows:,} rows read", _rows_text(start, end, "never"), where)
        not_yet = _rows_text(start, end, "not yet")
        is_early = _is_before_all_sends(history, campaign)
        yield _not_due_yet(finding, not_yet) if is_early else _unless_without_key(history, campaign, finding)
    interrupted = interruptions(history)
    excuses = (*interrupted.get(campaign_key(campaign), ()), *interrupted.get(None, ()))
    for page, start, end in _overlaps(campaign_pages, excuses):
        cause = f"rows read twice{_step_text(campaign_pages, page)}"
        yield _finding(cause, "pages that do not overlap", _rows_text(start, end, "again"), where, page)
    yield from _repeated_pages(campaign_pages, where)


def _gap_reason(campaign_pages: Sequence[Page], start: int, *, is_last: bool) -> str:
    """Return why the rows from `start` on were not read: the page before them was read again, or reading ended."""
    before = [page for page in campaign_pages if page.rows and page.end == start]
    if len(before) > 1 and not before[0].skip:
        return ": the first page was read again instead of the next one, as without $skip"
    if len(before) > 1:
        return ": the page before them was read again instead of the next one"
    return ": the last page was skipped" if is_last else ""


def _never_read(history: History, campaign: Campaign, campaign_pages: Sequence[Page], rows: int) -> Finding:
    """Return the finding about a campaign without a page with rows: unknown if the bridge had no reason to read it."""
    where = Location(campaign=campaign.campaign, channel=campaign.channel)
    if campaign_pages:
        skips = ", ".join(f"{page.skip:,}" for page in campaign_pages[:_SHOWN])
        cause = "the audience was never read: every page was beyond its end"
        return _finding(cause, f"{rows:,} rows read", f"0 rows, from row {skips}", where, campaign_pages[0])
    read = (key for key, of_campaign in pages(history).items() if of_campaign)
    key = campaign_key(campaign)
    cause = f"the audience was never read{channel_text(key, read) or read_for_others_text(history, key)}"
    refused = [request for request in history.requests if request.operation == PAGE_OPERATION and is_refused(request)]
    got = f"no page: {refusal_text(refused)}" if refused else "no page request"
    finding = _finding(cause, f"{rows:,} rows read", got, where)
    keys = [f"{event}:{campaign.campaign}:{campaign.channel}" for event in CAMPAIGN_EVENTS]
    # Event 1 says that a campaign was processed. No document lets a bridge read it then, if there is an event 13.
    received = [first_received(history)[key] for key in keys if key in first_received(history)][:1]
    if received == [None]:
        return replace(finding, level="unknown", blame="harness", got="no page request, and no announcement arrived")
    is_early = _is_before_all_sends(history, campaign)
    late = _unless_without_key(history, campaign, finding)
    return _not_due_yet(finding, "no page request yet") if is_early else late


def _is_before_all_sends(history: History, campaign: Campaign) -> bool:
    """Return True if the history ends before a message was due: the bridge can still read the rows in time."""
    return all(split.send_at > history.header.ended for split in campaign.splits)


def _not_due_yet(finding: Finding, got: str) -> Finding:
    return replace(finding, level="unknown", blame="harness", got=f"{got}: no message was due")


def _unless_without_key(history: History, campaign: Campaign, finding: Finding) -> Finding:
    """Return a finding about rows as unknown if the bridge had no valid key from the first send time to the end."""
    due = min((split.send_at for split in campaign.splits), default=None)
    if due is None or not due <= history.header.ended < with_key_after(history, due, 0):
        return finding
    got = f"{finding.got}, and no valid key until the end of the history"
    return replace(finding, level="unknown", blame="config", got=got)


def _rows_to_read(campaign: Campaign) -> int:
    """Return the number of rows; after a cancellation the bridge may stop reading."""
    if campaign.cancelled_at is not None:
        return 0
    return campaign.customers if campaign.rows is None else campaign.rows


def _overlaps(campaign_pages: Sequence[Page], excuses: Sequence[int]) -> Iterator[tuple[Page, int, int]]:
    """Yield the second of two pages that share rows, with these rows, if no interruption is between their requests.

    Equal pages are retries. Pages of different sizes may be two complete readings of the same rows.
    """
    different = {(page.skip, page.end): page for page in reversed(campaign_pages) if page.rows}
    ordered = [different[key] for key in sorted(different)]
    may_differ_in_size = _is_tiled(ordered)
    for position, page in enumerate(ordered):
        previous = max(
            (other for other in ordered[:position] if other.top == page.top or not may_differ_in_size),
            key=lambda other: other.end,
            default=None,
        )
        if previous is None or page.skip >= previous.end:
            continue
        first, second = sorted((previous.request, page.request))
        if not any(first <= line <= second for line in excuses):
            yield page, page.skip, min(page.end, previous.end)


def _is_tiled(ordered: Sequence[Page]) -> bool:
    """Return True if some of the pages hold every row that was read exactly once."""
    reached, last = {0}, 0
    for page in ordered:
        if page.skip in reached:
            reached.add(page.end)
        last = max(last, page.end)
    return last in reached


def _step_text(campaign_pages: Sequence[Page], page: Page) -> str:
    """Describe the step from the previous page if it is shorter than the requested page size."""
    previous = max((other.skip for other in campaign_pages if other.skip < page.skip), default=page.skip)
    step = page.skip - previous
    if page.top is None or not 0 < step < page.top:
        return ""
    return f": steps of {step:,} row{'s' if step > 1 else ''} between pages of {page.top:,}"


def _repeated_pages(campaign_pages: Sequence[Page], where: Location) -> Iterator[Finding]:
    times: defaultdict[tuple[int, int | None], list[int]] = defaultdict(list)
    for page in campaign_pages:
        times[page.skip, page.top].append(page.at)
    for (skip, _), ats in times.items():
        if any(later - at <= HOUR for at, later in zip(ats, ats[_OFTEN:], strict=False)):
            got = f"the page from row {skip:,} was read {len(ats):,} times"
            yield _finding("rows read twice: the same page, again and again", "each page once", got, where)
            return
    repeated = sum(len(ats) - 1 for ats in times.values())
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


def _permitted(page: Page) -> int:
    """Return the maximum number of rows. No bridge can know that a sandbox permits fewer than usual."""
    return max(page.most, PAGE_ROWS_MAX)


def _too_large(key: CampaignKey, page: Page) -> Finding:
    return Finding(
        check=_SIZE,
        level="fail",
        blame="bridge",
        cause=f"a page of more than {_permitted(page):,} rows",
        expected=f"$top of at most {_permitted(page):,}",
        got=f"$top={page.top:,}",
        where=Location(campaign=key[0], channel=key[1], request=page.request),
        at=page.at,
    )


def _has_pages_to_read(history: History) -> bool:
    """Return True unless every campaign was cancelled before its announcement, and none was read."""
    return any(map(_rows_to_read, _announced(history))) or bool(_announced(history) and pages(history))


_SCOPE = "runs with scheduled campaigns"

CHECKS = (
    Check(
        id=_COMPLETE,
        title="Every audience row is read exactly once",
        requirement=PAGES_COMPLETE,
        run=check_pages_complete,
        applies=_has_pages_to_read,
        scope=_SCOPE,
    ),
    Check(
        id=_SIZE,
        title="Pages hold at most 10,000 rows",
        requirement=PAGE_SIZE_RESPECTED,
        run=check_page_size,
        applies=_has_pages_to_read,
        scope=_SCOPE,
    ),
)
