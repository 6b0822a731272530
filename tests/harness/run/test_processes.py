"""Child processes, with their logs and their own child processes."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.processes import (
    Child,
    CommandError,
    ProcessError,
    Program,
    free_port,
    listens,
    processor_wait_s,
    split_command,
    wait_until,
)

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
PARENT = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid, flush=True)"


def python(log: Path, code: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Program:
    """Return a program of a few lines of Python."""
    command = [sys.executable, "-c", code, *arguments]
    return Program(name="the bridge", command=command, log=log, environment=environment or {})


def is_alive(pid: int) -> bool:
    """Return True if a process with this id runs and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def has_printed(log: Path) -> bool:
    return log.read_text().endswith("\n")


def test_child_stops_at_the_end_of_the_block(tmp_path: Path) -> None:
    with Child(python(tmp_path / "log", "import time; time.sleep(600)")) as child:
        assert child.exit_status is None
    assert child.exit_status == -15


def test_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """A hanging bridge must not block the run."""
    log = tmp_path / "log"
    with Child(python(log, DEAF), stop_timeout_s=0.1) as child:
        assert wait_until(lambda: has_printed(log), 60)
    assert child.exit_status == -9


def test_grandchild_stops_with_the_child(tmp_path: Path) -> None:
    """`npm start` starts the bridge as its own child process; here the parent has even ended before."""
    log = tmp_path / "log"
    with Child(python(log, PARENT, "import time; time.sleep(600)")) as child:
        assert wait_until(lambda: child.exit_status == 0, 60)
        grandchild = int(log.read_text())
        assert is_alive(grandchild)
    assert wait_until(lambda: not is_alive(grandchild), 60)


def test_ended_child_raises_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Child(python(log, "print('no such database'); raise SystemExit(3)")) as child:
        assert wait_until(lambda: child.exit_status is not None, 60)
        with pytest.raises(ProcessError) as raised:
            child.check_running()
    assert str(raised.value) == f"the bridge ended by itself with exit status 3; the end of {log}:\nno such database"


def test_log_excerpt_has_the_last_15_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Child(python(log, "print(*range(1000), sep='\\n')")) as child:
        assert wait_until(lambda: child.exit_status is not None, 60)
        assert child.tail().splitlines() == [str(number) for number in range(985, 1000)]


def test_environment_is_added_to_that_of_the_harness(tmp_path: Path) -> None:
    """Secrets reach the bridge in neither a file nor a command line."""
    log = tmp_path / "log"
    program = python(log, "import os; print(os.environ['SECRET'], 'PATH' in os.environ)", environment={"SECRET": "s3"})
    with Child(program) as child:
        assert wait_until(lambda: child.exit_status is not None, 60)
    assert log.read_text() == "s3 True\n"


def test_missing_program_is_an_error_without_traceback(tmp_path: Path) -> None:
    program = Program(name="the bridge", command=["/no/such/bridge"], log=tmp_path / "log", environment={})
    with pytest.raises(
        ProcessError, match=r"^the bridge could not be started: No such file or directory: /no/such/bridge$"
    ):
        Child(program)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "--command: expected a program that exists, got ''"),
        ("no-such-bridge --port 1", "--command: expected a program that exists, got 'no-such-bridge --port 1'"),
        ("python 'half", '--command: expected a command line, got "python \'half": No closing quotation'),
    ],
)
def test_wrong_command_is_refused_before_anything_starts(command: str, message: str) -> None:
    with pytest.raises(ProcessError) as raised:
        split_command(command)
    assert str(raised.value) == message


def test_command_that_is_not_executable_is_refused_with_the_repair(tmp_path: Path) -> None:
    (bridge := tmp_path / "bridge.js").write_text("console.log()")
    with pytest.raises(CommandError) as raised:
        split_command(f"{bridge} --port 1")
    assert str(raised.value) == f"--command: {bridge} is not executable; run: chmod +x {bridge}"


def test_free_port_has_no_server_and_is_outside_the_range_of_the_system() -> None:
    """Neither another run nor an outgoing connection may take it before the bridge does."""
    ports = [free_port("127.0.0.1") for _ in range(100)]
    assert (len(set(ports)), max(ports) < 32_768) == (100, True)
    assert not listens("127.0.0.1", ports[0])


def test_bridge_that_runs_already_and_ended_says_so(tmp_path: Path) -> None:
    """The run did not start it, so only its address shows that it is gone."""
    port = free_port("127.0.0.1")
    bridge = Bridge(
        handover={"client": "c", "listen": {"host": "127.0.0.1", "port": port}},
        folder=tmp_path,
        command=None,
        url=f"http://127.0.0.1:{port}",
        database=tmp_path,
    )
    assert bridge.state_text() == f"no server listens at http://127.0.0.1:{port} any more: the bridge has ended"


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux says how long a process waits")
def test_wait_for_a_processor_is_known_of_a_running_process():
    wait_s = processor_wait_s(os.getpid())

    assert wait_s is not None
    assert wait_s >= 0


def test_wait_for_a_processor_is_unknown_of_no_process():
    assert processor_wait_s(2**22 + 1) is None
