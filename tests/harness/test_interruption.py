"""SIGINT, SIGTERM and SIGHUP end a program once, in an orderly way, and in time."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, threading
from sendproof_harness.interruption import enter_stage, interruptible, keep
from sendproof_harness.program import end_program, run_program

def program():
    enter_stage("reading")
    try:
        {body}
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        keep("Kept: everything")
    return 0

end_program(run_program(program))
"""
STUCK = """
import os, signal, threading
from sendproof_harness.interruption import enter_stage, interruptible

with interruptible(deadline_s=0.1):
    enter_stage("hanging")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        threading.Event().wait()
"""
STUCK_WITH_FOLDER = """
import signal, sys, threading
from pathlib import Path
from sendproof_harness.interruption import interruptible
from sendproof_harness.scratch import remove_own_folders, scratch_folder

with interruptible(0.1, remove_own_folders), scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "history.ndjson").write_text("half a line")
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        threading.Event().wait()
"""
WAITING = """
import signal
from concurrent.futures import ThreadPoolExecutor
from sendproof_harness.interruption import interruptible
from sendproof_harness.run.processes import wait_until

with interruptible(deadline_s=600), ThreadPoolExecutor(1) as pool:
    pool.submit(wait_until, lambda: False, 600)
    signal.raise_signal(signal.SIGINT)
"""
EARLY = """
import os, signal, sys
from sendproof_harness.program import end_program, run_program

def send_early(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "delayed_signals":
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGHUP)

sys.setprofile(send_early)
end_program(run_program(lambda: 0))
"""

# The tests themselves can be a background job, or below `nohup`, whose children inherit ignored signals.
DEFAULT_SIGNALS = """
import signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""


def run(code: str) -> tuple[int, str]:
    completed = subprocess.run(
        [sys.executable, "-c", DEFAULT_SIGNALS + code], capture_output=True, text=True, check=False, timeout=120
    )
    return completed.returncode, completed.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_ends_the_program_with_its_status_and_one_message(name: str) -> None:
    """A second signal during the clean-up changes nothing: terminals and CI servers often send several."""
    status, message = run(PROGRAM.format(body=f"os.kill(os.getpid(), signal.{name})"))
    assert status == 128 + signal.Signals[name]
    assert message == f"sendproof: interrupted by {name} while reading\nKept: everything\n"


def test_signal_while_a_text_is_executed_ends_the_program_as_any_other(tmp_path: Path) -> None:
    """Python executes a text to make each dataclass. It would end a program that `-m` started by SIGINT."""
    code = PROGRAM.format(body="exec('os.kill(os.getpid(), signal.SIGTERM)')")
    (tmp_path / "program.py").write_text(DEFAULT_SIGNALS + code)
    command = [sys.executable, "-m", "program"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (ended.returncode, ended.stderr) == (
        128 + signal.SIGTERM,
        "sendproof: interrupted by SIGTERM while reading\nKept: everything\n",
    )


def test_signal_while_the_handlers_are_installed_ends_the_program_as_any_other() -> None:
    assert run(EARLY) == (128 + signal.SIGHUP, "sendproof: interrupted by SIGHUP while starting\nNothing is kept.\n")


def test_clean_up_that_hangs_ends_at_the_deadline() -> None:
    assert run(STUCK) == (
        128 + signal.SIGTERM,
        "sendproof: interrupted by SIGTERM while hanging\nNothing is kept.\n",
    )


def test_clean_up_that_hangs_leaves_no_temporary_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DEFAULT_SIGNALS + STUCK_WITH_FOLDER, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 128 + signal.SIGTERM
    assert [*tmp_path.iterdir()] == []


def test_other_thread_that_waits_ends_too() -> None:
    """The signal reaches the main thread alone, which waits for the others: without this, until the deadline."""
    status, message = run(WAITING)
    assert (status, message.splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt")


def test_ignored_signal_stays_ignored() -> None:
    """`nohup` ignores SIGHUP, and a shell ignores SIGINT for its background jobs."""
    body = "signal.raise_signal(signal.SIGHUP); os._exit(7)"
    code = PROGRAM.format(body=body)
    assert run(f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n{code}") == (7, "")
