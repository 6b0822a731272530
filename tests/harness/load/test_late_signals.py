"""SIGTERM while Locust ends."""

import subprocess
import sys

import pytest

from repository import ROOT

# What Locust does at its end, with its handler of the signal, which takes a while.
LOCUST = """
import atexit, os, signal, sys
import gevent
sys.path.append(sys.argv[1])
from late_signals import ignore_sigterm_from_now_on
def handle():
    gevent.sleep(0.2)
    sys.exit(3)
gevent.signal_handler(signal.SIGTERM, handle)
atexit.register(gevent.sleep, 0.5)
gevent.sleep(0)
{}
print("ended", flush=True)
"""
SEND = "os.kill(os.getpid(), signal.SIGTERM)"
IGNORE = "ignore_sigterm_from_now_on()"


@pytest.mark.parametrize("lines", [(SEND, IGNORE), (IGNORE, SEND)], ids=["before", "after"])
def test_signal_around_the_end_of_locust_leaves_no_traceback(lines: tuple[str, str]) -> None:
    command = [sys.executable, "-c", LOCUST.format("\n".join(lines)), str(ROOT / "loadtests")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")
