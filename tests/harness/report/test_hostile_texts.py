"""A history whose texts, names, ids and errors hold what a terminal, a console or XML would obey."""

import io
import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from history_builder import HistoryBuilder
from sendproof_harness.explain.customer import explain, find_customer
from sendproof_harness.output import visible
from sendproof_harness.report import explain_html, explain_text, print_verdict, write_reports
from sendproof_harness.report.identity import run_text
from sendproof_harness.report.json import document
from sendproof_harness.terminal import Terminal
from wrong_run import build_wrong_run

# Colour, title, a colour of rich, an 8-bit control sequence, start of line, the reverse direction, no XML.
HOSTILE = "\x1b[31m\x1b]0;title\x07[red][/none]:smile:\x9b31m\r\u202e\u2028\ufffe<b>"
ESCAPED = "\\u001b[31m\\u001b]0;title\\u0007[red][/none]:smile:\\u009b31m\\u000d\\u202e\\u2028\\ufffe"


def run_with(inserted: str) -> HistoryBuilder:
    text = json.dumps(list(build_wrong_run(60).lines), ensure_ascii=False)
    insertion = json.dumps(inserted, ensure_ascii=False)[1:-1]
    for value in ("Hello", "C0000", "ConnectionRefusedError", "/current/"):
        text = text.replace(value, value + insertion)
    return HistoryBuilder(tuple(json.loads(text)))


@pytest.fixture(scope="module")
def hostile_run() -> HistoryBuilder:
    return run_with(HOSTILE)


def explained(run: HistoryBuilder):
    history, verdict = run.history(), run.verdict()
    return explain(history, verdict, find_customer(history, history.obligations[0].customer, []))


def assert_harmless(text: str) -> None:
    """Assert that the text holds no character that is obeyed, and shows the escapes instead."""
    assert visible(text) == text
    assert ESCAPED in text


def test_terminal_shows_escapes(hostile_run: HistoryBuilder) -> None:
    output = io.StringIO()
    print_verdict(hostile_run.verdict(), Terminal(output, 10_000))
    assert_harmless(output.getvalue())


@pytest.mark.parametrize("width", [40, 10_000])
def test_no_text_is_a_command_to_a_ci_server(width: int) -> None:
    """GitHub obeys `::` at the beginning of a line, also after spaces; Azure DevOps obeys `##vso[` anywhere."""
    output = io.StringIO()
    hostile = "\n::error title=x::y ::stop-commands::z ##vso[task.setvariable variable=PATH]/tmp"
    print_verdict(run_with(hostile).verdict(), Terminal(output, width))

    lines = output.getvalue().splitlines()
    assert [line for line in lines if line.lstrip().startswith("::") or "##vso[" in line] == []
    assert "\\u003a:error" in output.getvalue()


def test_names_with_colons_stay_as_they_are() -> None:
    """Errors of bridges in Ruby, PHP or C++ have them, and logs have IPv6 addresses."""
    text = "Net::HTTP::Post: App\\Log::error() at ::1, [::1]:80 and std::map::at, # [x] ## y"

    assert visible(text) == text


def test_explanation_shows_escapes(hostile_run: HistoryBuilder) -> None:
    output = io.StringIO()
    explain_text.print_explanation(explained(hostile_run), run_text(hostile_run.history()), Terminal(output, 10_000))
    assert_harmless(output.getvalue())
    assert_harmless(explain_html.render(explained(hostile_run), hostile_run.history(), "history.ndjson"))


@pytest.mark.parametrize("name", ["html", "junit"])
def test_files_show_escapes(hostile_run: HistoryBuilder, tmp_path: Path, name: str) -> None:
    reports = write_reports(hostile_run.verdict(), hostile_run.history(), tmp_path)
    assert_harmless(reports[name].read_text("utf-8"))
    if name == "junit":
        fromstring(reports[name].read_text("utf-8"))


def test_json_has_the_same_content_in_escapes(hostile_run: HistoryBuilder, tmp_path: Path) -> None:
    text = write_reports(hostile_run.verdict(), hostile_run.history(), tmp_path)["json"].read_text("utf-8")

    assert visible(text) == text
    assert json.loads(text) == json.loads(json.dumps(document(hostile_run.verdict(), hostile_run.history())))
