"""One customer's story, as a terminal and a browser show it, and the command that tells it."""

import io
import re
from pathlib import Path

from rich.console import Console

from command_line import sendproof
from history_builder import Story
from sendproof_harness.explain.customer import Explanation, explain, find_customer
from sendproof_harness.report import explain_html, explain_text

HOSTILE = "<script>alert('hello')</script>"


def told(lines: Story, wanted: str) -> Explanation:
    """The story as the command tells it."""
    history = lines.history()
    return explain(history, lines.verdict(), find_customer(history, wanted))


def test_terminal(sound):
    """Who it is, what became of them, and every moment with the day above it."""
    console = Console(file=io.StringIO(), width=140)
    explain_text.print_explanation(told(sound, "C0000003"), console)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines[:5] == [
        "C0000003  447100000003",
        "campaign 7001 on channel 505  ok  got the right text once, at the right number, in time",
        "",
        "UTC         who       what",
        "2026-03-02",
    ]
    assert "09:00:00    provider  textlocal takes message 0000000003 to 447100000003  #13" in lines


def test_terminal_shows_what_is_wrong(sound):
    """The findings about the customer follow the story."""
    console = Console(file=io.StringIO(), width=140)
    explain_text.print_explanation(
        told(sound.change_delivery_to(3, text="Hello [bold]you[/bold]"), "C0000003"), console
    )
    shown = [line.strip() for line in console.file.getvalue().splitlines()]
    assert shown[shown.index("about this customer") + 1 :] == [
        "fail  wrong text: something other than what was owed  (delivery.text, blame: bridge)",
        "expected Hello Dan3, welcome.",
        "got      Hello [bold]you[/bold]",
    ]


def test_page_has_an_anchor_for_each_moment(sound):
    """Every line of the history can be pointed at, and every link leads somewhere."""
    page = explain_html.render(told(sound, "C0000003"), "history.ndjson")
    anchors = re.findall(r'id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert "line-18" in anchors
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_page_needs_nothing_else_and_escapes_what_it_is_given(sound):
    """No script, no address of another machine, whatever a bridge may send."""
    page = explain_html.render(told(sound.change_delivery_to(3, text=HOSTILE), "C0000003"), "history.ndjson")
    assert "&lt;script&gt;alert(&#39;hello&#39;)&lt;/script&gt;" in page
    assert re.findall(r"<script|<link|<img|src=|https?://", page) == []


def test_command(sound, tmp_path: Path):
    """A results folder and an id; the page is written when it is asked for."""
    (tmp_path / "history.ndjson").write_bytes(b"".join(sound.encoded()))
    done = sendproof("explain", tmp_path, "C0000003", "--html", tmp_path / "why.html")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("C0000003  447100000003\n")
    assert "<title>C0000003 · Sendproof</title>" in (tmp_path / "why.html").read_text()


def test_command_refuses_what_is_not_there(sound, tmp_path: Path):
    """Neither a customer nor a run that does not exist has a story: status 3 and one line."""
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(sound.encoded()))
    customer, run = sendproof("explain", file, "C42"), sendproof("explain", tmp_path / "gone", "C42")
    assert (customer.status, customer.err.partition(";")[0]) == (3, "no customer 'C42' in 12 customers")
    assert (run.status, run.err) == (3, f"{tmp_path / 'gone'}: No such file or directory\n")
