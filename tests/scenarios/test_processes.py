"""Child processes are really ended, with all that they started, and what they said is kept."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sendproof_scenarios.processes import Child, ProcessError, Program, free_port, listens, split_command, until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
PARENT = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid, flush=True)"


def python(log: Path, code: str, *words: str, environment: Mapping[str, str] | None = None) -> Program:
    """A program in one line of Python."""
    return Program(
        name="the bridge", words=[sys.executable, "-c", code, *words], log=log, environment=environment or {}
    )


def lives(process: int) -> bool:
    """Whether a process of that id runs; one that has ended and was not yet waited for does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def said(log: Path) -> bool:
    """Whether the program has said a whole line."""
    return log.read_text().endswith("\n")


def test_a_child_is_gone_when_the_block_is_left(tmp_path: Path) -> None:
    """Nothing stays behind a run."""
    with Child(python(tmp_path / "log", "import time; time.sleep(600)")) as child:
        assert child.status is None
    assert child.status == -15


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """A hung bridge cannot hang the run."""
    log = tmp_path / "log"
    with Child(python(log, DEAF), end_s=0.1) as child:
        assert until(lambda: said(log), 10)
    assert child.status == -9


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    """A command such as `npm start` starts the bridge as a process of its own; here the parent has even gone before."""
    log = tmp_path / "log"
    with Child(python(log, PARENT, "import time; time.sleep(600)")) as child:
        assert until(lambda: child.status == 0, 10)
        grandchild = int(log.read_text())
        assert lives(grandchild)
    assert until(lambda: not lives(grandchild), 10)


def test_a_child_that_ended_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The reader sees what the bridge said, not only that it is gone."""
    log = tmp_path / "log"
    with Child(python(log, "print('no such database'); raise SystemExit(3)")) as child:
        assert until(lambda: child.status is not None, 10)
        with pytest.raises(ProcessError) as raised:
            child.must_run()
    assert str(raised.value) == (f"the bridge ended by itself with exit status 3; the end of {log}:\nno such database")


def test_only_the_end_of_a_long_log_is_quoted(tmp_path: Path) -> None:
    """Fifteen lines are read; a thousand are not."""
    log = tmp_path / "log"
    with Child(python(log, "print(*range(1000), sep='\\n')")) as child:
        assert until(lambda: child.status is not None, 10)
        assert child.tail().splitlines() == [str(n) for n in range(985, 1000)]


def test_a_child_gets_what_is_added_to_the_environment(tmp_path: Path) -> None:
    """Secrets reach the bridge without standing in a file or on a command line."""
    log = tmp_path / "log"
    program = python(log, "import os; print(os.environ['SECRET'], 'PATH' in os.environ)", environment={"SECRET": "s3"})
    with Child(program) as child:
        assert until(lambda: child.status is not None, 10)
    assert log.read_text() == "s3 True\n"


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    program = Program(name="the bridge", words=["/no/such/bridge"], log=tmp_path / "log", environment={})
    with pytest.raises(
        ProcessError, match=r"^the bridge could not be started: No such file or directory: /no/such/bridge$"
    ):
        Child(program)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the command '' names no program that can be found"),
        ("no-such-bridge --port 1", "the command 'no-such-bridge --port 1' names no program that can be found"),
        ("python 'half", 'the command "python \'half" cannot be read: No closing quotation'),
    ],
)
def test_a_command_that_cannot_be_run_is_told_before_anything_starts(command: str, message: str) -> None:
    """A typing error costs no run."""
    with pytest.raises(ProcessError) as raised:
        split_command(command)
    assert str(raised.value) == message


def test_a_free_port_is_one_where_nothing_listens() -> None:
    """A bridge can be told to listen there, and nobody else is: neither by us nor by the system."""
    ports = [free_port("127.0.0.1") for _ in range(100)]
    assert (len(set(ports)), max(ports) < 32_768) == (100, True)
    assert not listens("127.0.0.1", ports[0])
