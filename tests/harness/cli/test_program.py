"""What all commands have in common: short options, JSON, completion, and the name of the program."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from command_line import sendproof
from commands_page import commands
from sendproof_harness.cli.commands import build_app


def test_each_command_prints_json():
    """Scripts need the result of any command. A worker has none: its load test prints it."""
    assert [name for name, command in commands().items() if "--json" not in _options(command)] == ["load worker"]


def test_each_command_that_drives_a_sandbox_takes_its_url_and_name():
    """So the two environment variables work with all of them."""
    lacking = [name for name in commands() if name.split()[0] in {"clock", "fault", "log", "messages"}]
    options = [_options(commands()[name]) for name in lacking]
    assert all({"--control-url", "--sandbox"} <= found for found in options)


@pytest.mark.parametrize("words", [["-h"], ["clock", "-h"], ["messages", "show", "-h"], ["load", "paging", "-h"]])
def test_short_option_prints_help(words):
    result = CliRunner().invoke(build_app(), words)
    assert (result.exit_code, "Usage: " in result.output) == (0, True)


def test_module_of_the_program_s_name_runs_it():
    """For installations without the script on the path."""
    command = [sys.executable, "-m", "sendproof", "--version"]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert completed.stdout == sendproof("--version").out
    assert completed.stdout.startswith("sendproof 0.")


@pytest.mark.parametrize(
    ("words", "position", "expected"),
    [("sendproof cl", 1, "clock"), ("sendproof clock ad", 2, "advance"), ("sendproof messages re", 2, None)],
)
def test_shell_completes_commands(words, position, expected):
    """A group that lists without a command still completes its commands."""
    environment = {"_SENDPROOF_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    assert sendproof(environment=environment).out.split() == ([expected] if expected else [])


@pytest.mark.slow
def test_dialects_and_test_numbers_are_printed_as_json():
    dialects = json.loads(sendproof("dialects", "--json").out)
    numbers = json.loads(sendproof("test-numbers", "--json").out)
    assert {"name", "question", "options"} <= dialects["optimove"][0].keys()
    assert (numbers[1]["outcome"], numbers[1]["numbers"]["GB"]) == ("delivered after 1 h", "447555000001")


def _options(command):
    return {name for parameter in command.params for name in parameter.opts}
