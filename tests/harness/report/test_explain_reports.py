"""The explanation of one customer in a terminal and a browser, and the command `explain`."""

import io
import re
from pathlib import Path

from rich.console import Console

from command_line import sendproof
from history_builder import HistoryBuilder
from sendproof_harness.explain.customer import Explanation, explain, find_customer
from sendproof_harness.report import explain_html, explain_text, html

HOSTILE = "<script>alert('hello')</script>"


def explained(run: HistoryBuilder, customer: str) -> Explanation:
    history = run.history()
    return explain(history, run.verdict(), find_customer(history, customer))


def printed_lines(explanation: Explanation) -> list[str]:
    console = Console(file=io.StringIO(), width=140)
    explain_text.print_explanation(explanation, "first_campaign, seed 42", console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_terminal_shows_customer_results_and_timeline(correct_run):
    lines = printed_lines(explained(correct_run, "C0000003"))

    assert lines[:6] == [
        "C0000003  447100000003",
        "run  first_campaign, seed 42",
        "campaign 7001 on channel 505  ok  got the right message once, at the right address, in time",
        "",
        "UTC         who       what",
        "2026-03-02",
    ]
    assert "09:00:00    provider  textlocal accepts message 0000000003 to 447100000003  #13" in lines


def test_right_message_is_not_called_in_time_where_times_are_not_judged(correct_run):
    """The bridge did not take part in virtual time."""
    clock = correct_run.lines[0]["clock"] | {"participants": []}
    run = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.without("clock").lines[1:]))
    meaning = "got the right message once, at the right address; its time was not judged"

    assert [result.meaning for result in explained(run, "C0000003").campaigns] == [meaning]
    assert meaning in html.render(run.verdict(), run.history())


def test_terminal_shows_findings_after_timeline(correct_run):
    run = correct_run.change_delivery_to(3, text="Hello [bold]you[/bold]")
    lines = [line.strip() for line in printed_lines(explained(run, "C0000003"))]

    assert lines[lines.index("about this customer") + 1 :] == [
        "fail  wrong text: a text other than the due one  (delivery.text, blame: bridge)",
        "expected Hello Dan3, welcome.",
        "got      Hello [bold]you[/bold]",
    ]


def test_page_has_a_unique_anchor_for_each_entry(correct_run):
    page = explain_html.render(explained(correct_run, "C0000003"), correct_run.history(), "history.ndjson")
    anchors = re.findall(r'id="([^"]+)"', page)

    assert len(anchors) == len(set(anchors))
    assert "line-18" in anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_page_is_self_contained_and_escapes_texts(correct_run):
    """A bridge may send any text."""
    run = correct_run.change_delivery_to(3, text=HOSTILE)
    page = explain_html.render(explained(run, "C0000003"), run.history(), "history.ndjson")

    assert "&lt;script&gt;alert(&#39;hello&#39;)&lt;/script&gt;" in page
    assert re.findall(r"<script>alert|<script .*src|<link|<img|src=|https?://", page) == []


def test_command_prints_explanation_and_writes_page(correct_run, tmp_path: Path):
    (tmp_path / "history.ndjson").write_bytes(b"".join(correct_run.encoded()))
    done = sendproof("explain", tmp_path, "C0000003", "--html", tmp_path / "explanation.html")

    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("C0000003  447100000003\n")
    assert "<title>C0000003 · s1 · Sendproof</title>" in (tmp_path / "explanation.html").read_text()


def test_page_replaces_only_another_one(correct_run, tmp_path: Path):
    """The words of the command are easily confused with those of a file that is still needed."""
    (history := tmp_path / "history.ndjson").write_bytes(b"".join(correct_run.encoded()))
    words = ("explain", history, "C0000003", "--html")
    assert [sendproof(*words, tmp_path / "page.html").status for _ in range(2)] == [0, 0]
    reason = "expected a new name or a file with a page of Sendproof, got a file with other content"
    done = sendproof(*words, history)
    assert (done.status, done.err) == (3, f"--html: {history} cannot be written: {reason}; choose another file\n")


def test_command_rejects_unknown_customer_and_missing_run(correct_run, tmp_path: Path):
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(correct_run.encoded()))
    customer, run = sendproof("explain", file, "C42"), sendproof("explain", tmp_path / "gone", "C42")

    assert (customer.status, customer.err.partition(";")[0]) == (
        3,
        "expected the id of one of 12 customers, or a phone number of at least ten digits, got 'C42'",
    )
    assert run.status == 3
    assert run.err.startswith(f"{tmp_path / 'gone'}: no run; {tmp_path} holds 1 run; name one")
