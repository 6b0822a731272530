"""The pages of an audience: gaps, overlaps, repeated pages, and pages above the size limit."""

import pytest

from fault_helpers import key_line, with_key_outage
from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks.paging import CHECKS


def causes(run: HistoryBuilder, *levels: str) -> list[tuple[str, str]]:
    """Return cause and got of each finding."""
    return [(finding.cause, finding.got) for finding in run.findings(CHECKS, *levels)]


def page_request(run: HistoryBuilder, skip: int) -> dict:
    """Return the request of the page from a row."""
    return next(line for line in run.lines_of("request") if line.get("summary", {}).get("skip") == skip)


def with_summary(line: dict, **changes: object) -> dict:
    """Return the request with changes in its summary."""
    return line | {"summary": line["summary"] | changes}


def test_complete_pages_pass(correct_run):
    """Pages 0, 5 and 10 cover all 12 rows."""
    assert causes(correct_run, "fail", "unknown", "note") == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [3, 3]


def test_missing_last_page_fails(correct_run):
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 10))

    assert causes(run) == [("rows never read: the last page was skipped", "rows 10 to 11 never")]


def test_missing_page_in_between_fails(correct_run):
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 5))

    assert causes(run) == [("rows never read", "rows 5 to 9 never")]


def test_missing_page_is_unknown_if_the_history_ends_before_a_message_is_due(correct_run):
    """The service refused the page for a minute, and the history ends half a minute later."""
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 10))
    run = run.change("history", lambda header: header | {"ended": iso(FIRST_SEND - MINUTE)})

    assert causes(run, "fail", "unknown") == [
        ("rows never read: the last page was skipped", "rows 10 to 11 not yet: no message was due")
    ]


def test_campaign_whose_event_13_never_arrived_need_not_be_read(correct_run):
    """Event 1 says that it was processed; no document lets a bridge read it or send then."""
    run = correct_run.without("request", lambda line: "summary" in line)
    processed = run.lines_of("webhook")[0] | {"event": "1", "key": "1:7001:505"}
    run = run.change(
        "webhook", lambda line: line | {"dropped": True, "status": None} if line["event"] == "13" else line
    )

    assert causes(run.plus(processed), "fail", "unknown") == [
        ("the audience was never read", "no page request, and no announcement arrived")
    ]


def test_audience_never_read_fails(correct_run):
    """A check without pages must not pass."""
    run = correct_run.without("request", lambda line: "summary" in line)

    assert causes(run) == [("the audience was never read", "no page request")]


@pytest.mark.parametrize(("hours", "level"), [(-1, "unknown"), (1, "fail")])
@pytest.mark.parametrize("first_unread", [0, 10])
def test_rows_are_unknown_if_the_key_was_disabled_from_the_send_time_to_the_end(
    correct_run, hours, level, first_unread
):
    run = correct_run.without("request", lambda line: "summary" in line and line["summary"]["skip"] >= first_unread)
    run = run.plus(key_line(FIRST_SEND + hours * HOUR, 2_000, "disabled"))

    assert [finding.level for finding in run.findings(CHECKS)] == [level]


def test_rows_are_never_read_if_the_key_worked_again(correct_run):
    run = correct_run.without("request", lambda line: "summary" in line)

    assert causes(with_key_outage(run, FIRST_SEND - HOUR, FIRST_SEND + HOUR), "fail") == [
        ("the audience was never read", "no page request")
    ]


def test_refused_pages_are_named_when_nothing_was_read(correct_run):
    refusal = {"status": 404, "response_excerpt": "CustomerAttributes: NOSUCH not known", "summary": None}
    run = correct_run.change("request", lambda line: line | refusal if "summary" in line else line)
    (_, got), *_ = causes(run)

    assert got.startswith("no page: optimove GetCustomerSendDetailsByChannel was refused 3 times (404: CustomerAttrib")


def test_audience_that_is_only_read_on_another_channel_fails(correct_run):
    (campaign,) = correct_run.lines_of("campaign")

    assert causes(correct_run.plus(campaign | {"channel": 506, "n": 5_000})) == [
        ("the audience was never read on channel 506, but on channel 505", "no page request")
    ]


def test_overlapping_pages_fail(correct_run):
    run = correct_run.plus(with_summary(page_request(correct_run, 5), skip=4, rows=5, first="C0000004"))

    assert causes(run) == [
        ("rows read twice: steps of 4 rows between pages of 5", "rows 4 to 4 again"),
        ("rows read twice: steps of 1 row between pages of 5", "rows 5 to 8 again"),
    ]


def test_repeated_page_is_noted(correct_run):
    """It is correct after a lost response."""
    run = correct_run.plus(page_request(correct_run, 5))

    assert causes(run) == []
    assert causes(run, "note") == [("a page was requested again", "1 repeated, which is correct after a lost response")]


def test_page_that_is_read_for_ever_fails(correct_run):
    """As by a bridge that counts `$skip` in pages; nothing else of such a run shows the defect."""
    run = correct_run.plus(*[page_request(correct_run, 5)] * 100)

    assert causes(run) == [
        ("rows read twice: the same page, again and again", "the page from row 5 was read 101 times")
    ]


def test_empty_page_after_the_end_passes(correct_run):
    """It is a way to find the end."""
    run = correct_run.plus(with_summary(page_request(correct_run, 10), skip=15, rows=0, first=None))

    assert causes(run) == []


def test_page_above_size_limit_fails(correct_run):
    run = correct_run.change(
        "request", lambda line: with_summary(line, top=20_000) if line == page_request(correct_run, 0) else line
    )

    assert causes(run) == [("a page of more than 10,000 rows", "$top=20,000")]


def test_page_size_that_the_sandbox_permits_passes(correct_run):
    run = correct_run.change(
        "request",
        lambda line: with_summary(line, top=20_000, most=20_000) if line == page_request(correct_run, 0) else line,
    )

    assert causes(run) == []


def only_page(run: HistoryBuilder, **summary: object) -> HistoryBuilder:
    """Return the run with a single page request."""
    page = with_summary(page_request(run, 0), **summary)
    return run.without("request", lambda line: "summary" in line).plus(page)


def test_page_beyond_the_end_reads_nothing(correct_run):
    """A page without rows makes no progress, however far it begins."""
    run = only_page(correct_run, skip=80_000, rows=0, first=None, last=None)

    assert causes(run) == [("the audience was never read: every page was beyond its end", "0 rows, from row 80,000")]
    assert CHECKS[0].run(run.history()).looked_at == 0


def test_page_beyond_the_end_hides_no_gap(correct_run):
    far = with_summary(page_request(correct_run, 0), skip=80_000, rows=0, first=None, last=None)
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 10)).plus(far)

    assert causes(run) == [("rows never read: the last page was skipped", "rows 10 to 11 never")]


def test_pages_in_another_order_pass(correct_run):
    """The order of requests does not matter."""
    lines = {skip: page_request(correct_run, other)["summary"] for skip, other in ((0, 10), (5, 0), (10, 5))}
    swapped = {other["n"]: lines[skip] for skip in lines for other in [page_request(correct_run, skip)]}
    run = correct_run.change("request", lambda line: line | {"summary": swapped[line["n"]]}
                             if line["n"] in swapped else line)  # fmt: skip

    assert causes(run) == []


def test_first_row_read_alone_before_pages_passes(correct_run):
    """A bridge may look at one row first."""
    assert causes(correct_run.plus(with_summary(page_request(correct_run, 0), top=1, rows=1))) == []


def test_rows_read_again_after_an_error_pass(correct_run):
    """After a failed request, a bridge may continue from another row or with smaller pages."""
    again = with_summary(page_request(correct_run, 5), skip=3, top=5, rows=5, first="C0000003") | {"n": 9_002}
    failed = page_request(correct_run, 0) | {"n": 9_001, "status": 503, "summary": None}

    assert [cause for cause, _ in causes(correct_run.plus(again))] == [
        "rows read twice: steps of 3 rows between pages of 5",
        "rows read twice: steps of 2 rows between pages of 5",
    ]
    assert causes(correct_run.plus(failed, again)) == []


def test_overlap_of_pages_of_different_sizes_fails(correct_run):
    """Without these pages, the rows were not read completely, so the overlap is no second reading."""
    first = with_summary(page_request(correct_run, 0), rows=6, top=6)
    run = correct_run.without("request", lambda line: line == page_request(correct_run, 0)).plus(first)

    assert [got for _, got in causes(run)] == ["rows 5 to 5 again"]


def test_audience_of_an_announcement_that_never_arrived_is_unknown(correct_run):
    lost = {"status": None, "error": "lost", "dropped": True, "fault": "f1"}
    run = correct_run.without("request", lambda line: "summary" in line).change(
        "webhook", lambda line: line | lost if line["event"] == "13" else line
    )

    assert [finding.level for finding in run.findings(CHECKS)] == ["unknown"]


def test_audience_not_yet_due_is_unknown(correct_run):
    """A bridge may read the rows just before the messages are due."""
    run = correct_run.without("request", lambda line: "summary" in line)
    run = HistoryBuilder((run.lines[0] | {"ended": iso(FIRST_SEND - MINUTE)}, *run.lines[1:]))

    assert [finding.level for finding in run.findings(CHECKS)] == ["unknown"]


def test_first_page_read_again_instead_of_the_next_names_the_offset(correct_run):
    """A service ignores a parameter with a wrong name, such as skip without the dollar sign."""
    run = correct_run.change(
        "request",
        lambda line: (
            line | {"summary": line["summary"] | {"skip": 0, "rows": 5, "first": "C0000000"}}
            if "summary" in line
            else line
        ),
    )

    assert [finding.cause for finding in run.findings(CHECKS, "fail")] == [
        "rows never read: the first page was read again instead of the next one, as without $skip"
    ]
