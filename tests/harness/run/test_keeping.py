"""Nothing below a keeper outlives its harness."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sendproof_harness.run.keeping import keeper
from sendproof_harness.run.keeping.kept_process import KeptProcess, StartError
from sendproof_harness.run.processes import Child, Program, wait_until

# A child process in a session of its own, and one whose parent has ended; neither heeds a signal that can be ignored.
CLINGING = """
import os, signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
def cling(leaves_parent):
    if os.fork() == 0:
        os.setsid()
        if leaves_parent and os.fork():
            os._exit(0)
        print(os.getpid(), flush=True)
        while True:
            signal.pause()
print(os.getpid(), flush=True)
cling(False)
cling(True)
while True:
    signal.pause()
"""
HARNESS = """
import os, signal, sys
from pathlib import Path
from sendproof_harness.run.processes import Child, Program
from sendproof_harness.scratch import scratch_folder
code, log = sys.argv[1:]
command = [sys.executable, "-c", code]
with scratch_folder(), Child(Program(name="it", command=command, log=Path(log), environment={})):
    while True:
        signal.pause()
"""

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no subreaper")


def is_alive(pid: int) -> bool:
    """Return True if a process with this id runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def clinging_processes(log: Path) -> list[int]:
    """Return the process ids in the log, once all three are there."""
    assert wait_until(lambda: log.exists() and log.read_text().count("\n") == 3, 60)
    return [int(line) for line in log.read_text().split()]


@only_linux
def test_stop_ends_processes_with_a_session_of_their_own(tmp_path: Path) -> None:
    """Neither a process group nor a parent leads to them any more."""
    log = tmp_path / "log"
    program = Program(name="the bridge", command=[sys.executable, "-c", CLINGING], log=log, environment={})
    with Child(program, stop_timeout_s=0.1):
        pids = clinging_processes(log)
    assert [pid for pid in pids if is_alive(pid)] == []


@only_linux
def test_killed_harness_leaves_no_process_and_no_scratch_folder(tmp_path: Path) -> None:
    log, temporary = tmp_path / "log", tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", HARNESS, CLINGING, log], env=environment) as harness:
        pids = clinging_processes(log)
        harness.kill()
    assert wait_until(lambda: not any(map(is_alive, pids)) and not list(temporary.iterdir()), 60)


def test_program_whose_log_cannot_be_opened_does_not_start(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An interrupted harness may have removed the folder meanwhile. A traceback would follow its last message."""
    with pytest.raises(StartError, match="No such file or directory"):
        KeptProcess(["true"], {}, tmp_path / "removed" / "log", None)
    assert capfd.readouterr().err == ""


@only_linux
def test_killed_keeper_takes_its_program_along(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = Program(name="the bridge", command=["sleep", "600"], log=log, environment={})
    with Child(program) as child:
        keeper = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(lambda: not is_alive(child.pid), 60)
        assert child.exit_status == -signal.SIGKILL


def test_program_gets_the_usual_signal_handlers(tmp_path: Path) -> None:
    """A background job of a shell ignores SIGINT, and a child process would inherit that."""
    log = tmp_path / "log"
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    with Child(Program(name="p", command=[sys.executable, "-c", code], log=log, environment={})) as child:
        assert wait_until(lambda: child.exit_status is not None, 60)
    assert log.read_text() == "True\n"


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="needs ps")
def test_system_without_proc_lists_processes_by_ps() -> None:
    """As on macOS."""
    assert dict(keeper._ps_parents())[os.getpid()] == os.getppid()


def test_program_can_be_stopped_while_other_threads_wait_for_it() -> None:
    """Each of them finds the end of the reports, but only one may close them."""
    with ThreadPoolExecutor() as threads:
        for _ in range(5):
            process = KeptProcess(["sleep", "600"], {}, log=None)
            waiting = [threads.submit(process.wait) for _ in range(4)]
            process.stop(60)
            assert [status.result() for status in waiting] == [-15] * 4
