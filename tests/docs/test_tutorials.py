"""The programs of the tutorials pass the scenario of their pages, in each language."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from command_line import sendproof
from tutorial_pages import LANGUAGES, PROGRAMS, parts

SCENARIO = ("scheduled/one_text_one_time", "--provider", "textlocal")
# The jar of Gson, which the page of Java asks for; the local repository of Maven may have it.
JARS = (os.environ.get("GSON_JAR", ""), *Path.home().glob(".m2/repository/com/google/code/gson/gson/*/gson-*.jar"))
GSON = next((path for path in map(Path, JARS) if path.is_file()), None)


def command_of(name: str, folder: Path = PROGRAMS) -> str:
    """Return the command of a page for a program in a folder of this machine; skip if its language is not here."""
    interpreter, *words = LANGUAGES[name].command.split()
    if interpreter != "python3" and shutil.which(interpreter) is None:
        pytest.skip(f"{interpreter} is not installed")
    if "gson.jar" in words and GSON is None:
        pytest.skip("no jar of Gson here; name one in GSON_JAR")
    program = folder / LANGUAGES[name].program
    local = {"gson.jar": str(GSON), program.name: str(program)}
    python = sys.executable if interpreter == "python3" else interpreter
    return " ".join([python, *(local.get(word, word) for word in words)])


@pytest.mark.slow
@pytest.mark.parametrize("name", LANGUAGES)
def test_program_passes_the_scenario_of_its_page(name, tmp_path):
    run = sendproof("run", *SCENARIO, "--command", command_of(name), "--results", tmp_path)
    assert re.search(r"verdict +pass", run.out), run.out + run.err


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", LANGUAGES)
def test_second_step_has_the_result_that_its_page_shows(name, tmp_path):
    """No function handles the event."""
    language = LANGUAGES[name]
    code = parts(language.program)
    (tmp_path / language.program).write_text("\n".join(code[number] for number in (1, 2, 5)))
    run = sendproof("run", *SCENARIO, "--command", command_of(name, tmp_path), "--results", tmp_path / "results")
    assert (f" fail     {language.unhandled}" in run.out, run.status) == (True, 1), run.out + run.err


@pytest.mark.slow
def test_third_step_has_the_result_that_its_page_shows(tmp_path):
    """Each recipient has the message, and no report was made."""
    code = parts("bridge.py")
    (tmp_path / "bridge.py").write_text("\n".join(code[number] for number in (1, 2, 3, 5)))
    command = f"{sys.executable} {tmp_path / 'bridge.py'}"
    run = sendproof("run", *SCENARIO, "--command", command, "--results", tmp_path / "results")
    assert "pass     Each recipient gets exactly one message" in run.out, run.out + run.err
    assert ("fail     Metrics arrive several times a day" in run.out, run.status) == (True, 1)


def test_code_of_a_page_is_its_whole_program():
    """Only the marks of the steps are left out."""
    for language in LANGUAGES.values():
        program = (PROGRAMS / language.program).read_text()
        code = "".join(parts(language.program).values())
        assert [line for line in program.splitlines() if line.strip() and " --- " not in line] == [
            line for line in code.splitlines() if line.strip()
        ]
