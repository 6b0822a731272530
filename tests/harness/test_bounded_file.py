"""Files that are named by mistake, or come from others: each is refused with a sentence, whatever its size."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from repository import ROOT
from sendproof_harness.bounded_file import FileTooLargeError, Kind, NamedFileError, read_bounded, write_whole
from sendproof_harness.handover import reader as handover
from sendproof_harness.handover.write import write_private
from sendproof_harness.history.reader import read_history
from sendproof_harness.load.model import read_result
from sendproof_harness.scenario.yaml_source import parse_document, read_text


def read_scenario(path: Path) -> object:
    return parse_document(read_text(path, "a scenario"), "a.yaml")


READERS = [read_scenario, handover.read, read_history, read_result]


@pytest.mark.parametrize("read", READERS)
def test_endless_file_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """A sparse file acts as a device without an end."""
    path = tmp_path / "a.file"
    with path.open("wb") as file:
        file.truncate(200_000_000)

    with pytest.raises(ValueError, match=r"expected .* at most|this is no history"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_file_nested_too_deeply_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "a.file"
    path.write_bytes(b'{"kind":"history","version":1,"sendproof_load":1,"a":' + b"[" * 100_000)

    with pytest.raises(ValueError, match=r"expected|line 1"):
        read(path)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "a.pipe"
    os.mkfifo(path)
    return path


def test_pipe_without_writer_is_refused(pipe: Path) -> None:
    with pytest.raises(NamedFileError, match="expected a file, or a pipe that a program writes, got one without"):
        read_bounded(pipe, 100)


def test_pipe_that_does_not_end_is_given_up(pipe: Path) -> None:
    with pipe.open("r+b", buffering=0) as writer:
        writer.write(b"a: 1")

        with pytest.raises(TimeoutError, match=r"expected a file, got a pipe or device without end after 0\.01 s"):
            read_bounded(pipe, 100, pipe_s=0.01)


def test_pipe_of_a_command_is_read_to_its_end(pipe: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", f"seq 30000 > {pipe}"]):
        content = read_bounded(pipe, 1_000_000)

    assert content.splitlines()[-1] == b"30000"


def test_endless_pipe_is_refused(pipe: Path) -> None:
    with subprocess.Popen(["/bin/sh", "-c", f"cat /dev/zero > {pipe}"]), pytest.raises(FileTooLargeError):
        read_bounded(pipe, 100_000)


def test_pipe_that_no_program_reads_is_not_waited_for(pipe: Path) -> None:
    with pytest.raises(OSError, match="expected a pipe that a program reads, got one without a reader"):
        write_whole(pipe, "text", None)


def test_text_for_a_command_is_written(tmp_path: Path) -> None:
    """As with `--html >(command)` in a shell. The text is longer than what a pipe holds."""
    reading, writing = os.pipe()
    with subprocess.Popen(["wc", "-c"], stdin=reading, stdout=subprocess.PIPE) as reader:
        os.close(reading)
        write_whole(Path(f"/dev/fd/{writing}"), "x" * 200_000, None)
        os.close(writing)
        assert reader.communicate()[0].strip() == b"200000"


def test_only_a_file_is_replaced(pipe: Path, tmp_path: Path) -> None:
    """A user with enough rights would replace a device, such as /dev/null, for all programs."""
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    write_private("text", tmp_path / "link")
    assert (tmp_path / "file").read_text() == "text"
    for path in (pipe, tmp_path, tmp_path / "loop"):
        with pytest.raises(OSError, match="expected a file or a new name, got a folder, a device or a pipe"):
            write_private("text", path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pipe", "file", "link", "loop"]


NOTE = Kind("a note", re.compile(b"note: "))


def test_file_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    """Such as the source of a bridge that is named by mistake."""
    (file := tmp_path / "bridge.py").write_text("import os")
    for write in (lambda: write_whole(file, "note: 1", NOTE), lambda: write_private("note: 1", file, NOTE)):
        with pytest.raises(NamedFileError, match="expected a new name or a file with a note, got a file with other"):
            write()
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("import os", [file])


@pytest.mark.parametrize("before", ["", "note: 1, and more"])
def test_file_of_its_kind_is_replaced(tmp_path: Path, before: str) -> None:
    (file := tmp_path / "note").write_text(before)
    write_whole(file, "note: 2", NOTE)
    assert file.read_text() == "note: 2"


def test_programs_have_the_same_reader_of_files() -> None:
    """They share no code, so a repair of one copy must reach the others."""
    packages = ["bridge/sendproof_bridge", "harness/sendproof_harness", "simulators/sendproof_simulators"]
    assert len({(ROOT / package / "bounded_file.py").read_bytes() for package in packages}) == 1
