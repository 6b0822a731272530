"""Output of every command: it shows what others sent, and neither obeys it nor fails on it."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from command_line import sendproof_in_new_interpreter
from history_builder import build_correct_run
from repository import ROOT
from sendproof_harness.history.timestamps import HOUR, iso, parse_instant
from sendproof_harness.output import echo, visible
from sendproof_harness.terminal import Terminal, Text

FULL_DEVICE = Path("/dev/full")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zażółć 🙂\n\t%", "Zażółć 🙂\n\t%"),
        ("\x1b[2J", "\\u001b[2J"),
        ("\r\x7f\x9b", "\\u000d\\u007f\\u009b"),
        ("\u202eabc\ud83d", "\\u202eabc\\ud83d"),
    ],
)
def test_control_characters_appear_as_escapes(text, shown):
    assert visible(text) == shown


def test_cells_and_styled_texts_are_literal():
    output = io.StringIO()
    table = Table(box=None)
    table.add_row("[red]\x1b[1m", Text("a\rb", "red"), Text.assemble(("c\x08", "bold"), "[/x]"))
    Terminal(output, 80).print(table)

    assert output.getvalue().split() == ["[red]\\u001b[1m", "a\\u000db", "c\\u0008[/x]"]


@pytest.fixture(scope="module")
def failing_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a history with a message that was sent too early, and with a text outside ASCII."""
    run = build_correct_run()
    due = parse_instant(str(run.obligation_of(3)["due"]))
    early = run.change_delivery_to(3, send_at=iso(due - HOUR)).change_delivery_to(4, text="Zażółć 🙂")
    file = tmp_path_factory.mktemp("a\x1b[31mb") / "history.ndjson"
    file.write_bytes(b"".join(early.encoded()))
    return file


def test_long_value_is_cut_in_a_message(capsys):
    """The reason comes before the value or after it, and must not scroll away."""
    echo(f"--port: expected a number, got {'9' * 5_000} (help)", err=True)
    assert capsys.readouterr().err == f"--port: expected a number, got {'9' * 200}... (5,000 characters) (help)\n"


@pytest.mark.slow
def test_encoding_without_a_character_shows_its_escape(failing_history):
    result = sendproof_in_new_interpreter("judge", failing_history, environment={"PYTHONIOENCODING": "ascii"})

    assert (result.status, result.err) == (1, "")
    assert "Za\\u017c\\u00f3\\u0142\\u0107 \\ud83d\\ude42" in result.out
    assert result.out.isascii()
    assert "\x1b" not in result.out


def test_json_stays_json_in_any_encoding():
    result = sendproof_in_new_interpreter("faults", "--json", environment={"PYTHONIOENCODING": "ascii"})

    assert json.loads(result.out)


@pytest.mark.slow
def test_reader_that_has_gone_leaves_the_verdict(failing_history):
    """As in `sendproof judge ... | head -1`: Python's own status would be another one, with a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "sendproof_harness", "judge", str(failing_history)]
    process = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=600, check=False)
    os.close(writer)

    assert (process.returncode, process.stderr) == (1, b"")


@pytest.mark.slow
@pytest.mark.skipif(not FULL_DEVICE.exists(), reason="only Linux has a device that is always full")
def test_output_that_is_lost_is_status_3(failing_history):
    command = [sys.executable, "-m", "sendproof_harness", "judge", str(failing_history)]
    with FULL_DEVICE.open("wb") as full:
        process = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=600, check=False)

    assert process.returncode == 3
    assert process.stderr == b"sendproof: the output could not be written: No space left on device\n"


def test_closed_output_leaves_the_verdict(failing_history):
    command = f'exec "{sys.executable}" -m sendproof_harness judge "{failing_history}" >&- 2>&-'

    assert subprocess.run(["sh", "-c", command], timeout=600, check=False).returncode == 1


def test_no_command_prints_past_the_terminal():
    """Another way to print would obey control characters again."""
    own_way = re.compile(r"(?<![\w.])(Console\(|print\(|typer\.s?echo\(|typer\.secho\(|sys\.std(out|err)\.write)")
    folders = (ROOT / "harness", ROOT / "simulators", ROOT / "loadtests")
    files = [file for folder in folders for file in folder.rglob("*.py") if file.stem not in {"output", "terminal"}]
    found = {file.name for file in files if own_way.search(file.read_text("utf-8"))}

    assert found == set()
