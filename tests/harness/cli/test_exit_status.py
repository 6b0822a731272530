"""Exit statuses that no command chooses: unforeseen errors and signals."""

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from command_line import sendproof
from sendproof_harness.bounded_file import read_bounded
from sendproof_harness.cli.commands import run_app
from sendproof_harness.program import EXIT_ERROR, EXIT_INTERRUPTED, run_program


@pytest.fixture
def app() -> typer.Typer:
    return typer.Typer()


def test_unforeseen_error_is_status_3(app: typer.Typer, capsys: pytest.CaptureFixture[str]) -> None:
    """Python's own status of an exception is 1, which would say that the bridge failed."""

    @app.command()
    def divide() -> None:
        1 / 0  # noqa: B018 - any error

    assert run_program(lambda: run_app(app, [])) == EXIT_ERROR
    error, details = capsys.readouterr().err.rstrip().split("; details: ")
    assert error == (
        "sendproof: unexpected error (ZeroDivisionError: division by zero), a defect of Sendproof and not of the bridge"
    )
    assert "1 / 0" in Path(details).read_text()
    Path(details).unlink()


def test_full_disk_is_no_defect(app: typer.Typer, capsys: pytest.CaptureFixture[str]) -> None:
    @app.command()
    def write() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "history.ndjson")

    assert run_program(lambda: run_app(app, [])) == EXIT_ERROR
    error, details = capsys.readouterr().err.rstrip().split("; details: ")
    assert error == (
        "sendproof: unexpected error (OSError: [Errno 28] No space left on device: 'history.ndjson'), "
        "a problem of this machine and not of the bridge"
    )
    Path(details).unlink()


@pytest.mark.parametrize(("name", "reason"), [("x" * 300, "File name too long"), ("loop", "Too many levels of")])
def test_name_that_no_file_can_have_is_named(
    name: str, reason: str, tmp_path: Path, app: typer.Typer, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to("loop")

    @app.command()
    def read() -> None:
        read_bounded(tmp_path / name, 10)

    assert run_program(lambda: run_app(app, [])) == EXIT_ERROR
    error = capsys.readouterr().err
    assert error.startswith(f"sendproof: '{tmp_path / name}': {reason}")
    assert error.endswith("; choose another file or folder\n")


def test_file_that_no_user_named_is_unexpected(
    tmp_path: Path, app: typer.Typer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect also leads to such errors, so their details are kept."""

    @app.command()
    def create() -> None:
        tmp_path.mkdir()

    assert run_program(lambda: run_app(app, [])) == EXIT_ERROR
    error, details = capsys.readouterr().err.rstrip().split("; details: ")
    assert "unexpected error (FileExistsError: " in error
    assert "tmp_path.mkdir()" in Path(details).read_text()
    Path(details).unlink()


@pytest.mark.parametrize("words", [["check-scenarios"], ["judge"], ["new"], ["load", "judge"], ["docs", "--copy-to"]])
def test_name_that_is_too_long_is_no_unexpected_error(words: list[str]) -> None:
    result = sendproof(*words, "x" * 300)
    assert ("File name too long" in result.err, "unexpected error" in result.err) == (True, False)


def test_file_over_the_limit_of_the_machine_is_no_defect(app: typer.Typer, capsys: pytest.CaptureFixture[str]) -> None:
    """As with `ulimit -f`."""

    @app.command()
    def write() -> None:
        raise OSError(errno.EFBIG, "File too large")

    assert run_program(lambda: run_app(app, [])) == EXIT_ERROR
    error, details = capsys.readouterr().err.rstrip().split("; details: ")
    assert error.endswith("(OSError: [Errno 27] File too large), a problem of this machine and not of the bridge")
    Path(details).unlink()


def test_current_folder_that_was_removed_is_one_sentence(tmp_path: Path) -> None:
    """Every relative path of a command needs it."""
    words = f"rmdir {tmp_path}; exec {sys.executable} -m sendproof_harness scenarios"
    ended = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (EXIT_ERROR, "")
    assert ended.stderr == "sendproof: the current folder was removed; change to another one\n"


def test_interrupt_that_becomes_another_error_is_status_130(app: typer.Typer) -> None:
    """While a class is built, Python 3.11 turns an interrupt into a `RuntimeError`."""

    class Interrupted:
        def __set_name__(self, owner: type, name: str) -> None:
            signal.raise_signal(signal.SIGINT)

    @app.command()
    def build() -> None:
        type("Built", (), {"name": Interrupted()})

    assert run_program(lambda: run_app(app, [])) == EXIT_INTERRUPTED
