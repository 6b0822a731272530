"""Logs of programs that write without end: the first and the last lines stay."""

import sys
from pathlib import Path

from sendproof_harness.run.keeping import bounded_log
from sendproof_harness.run.keeping.bounded_log import NOTE, BoundedLog, is_cut
from sendproof_harness.run.processes import Child, Program, wait_until

CHATTY = """
print("first line")
for _ in range(60):
    print(("x" * 99 + "\\n") * 10_000, end="")
print("Traceback (most recent call last):\\nValueError: the end")
"""


def write_lines(log: BoundedLog, numbers: range) -> None:
    for number in numbers:
        log.write(f"line {number}\n".encode())


def test_short_log_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    path.write_text("of an earlier program\n")
    write_lines(BoundedLog(path, 50, 50), range(10))

    assert path.read_text() == "of an earlier program\n" + "".join(f"line {number}\n" for number in range(10))


def test_long_log_keeps_whole_lines_of_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    write_lines(BoundedLog(path, 50, 50), range(1000))
    # A program that is started again adds to the same log.
    write_lines(BoundedLog(path, 50, 50), range(1000, 2000))
    head, note, tail = path.read_bytes().partition(NOTE)
    first, last = head.decode().splitlines(), tail.decode().splitlines()

    assert (first, note) == ([f"line {number}" for number in range(len(first))], NOTE)
    assert last == [f"line {number}" for number in range(2000 - len(last), 2000)]
    assert 50 <= len(head) < 60
    assert 40 <= len(tail) <= 250


def test_line_without_an_end_is_kept_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    log = BoundedLog(path, 50, 50)
    for _ in range(1000):
        log.write(b"x" * 40)

    assert path.stat().st_size < 50 + 3 * 50 + len(NOTE)


def test_log_of_a_chatty_program_has_a_limit(tmp_path: Path) -> None:
    """The last lines, which explain its end, are in the log when the end is known."""
    path = tmp_path / "bridge.log"
    program = Program(name="the bridge", command=[sys.executable, "-c", CHATTY], log=path, environment={})
    with Child(program) as child:
        assert wait_until(lambda: child.exit_status is not None, 60)
        assert child.tail().endswith("ValueError: the end")

    assert path.read_bytes().startswith(b"first line\n")
    assert (is_cut(path), path.stat().st_size < 4 * bounded_log.HEAD_BYTES) == (True, True)
