"""How busy processes are, as the operating system tells it."""

import os
import socket
import subprocess
import sys

from sendproof_harness.load.process_stats import Usage, WatchedProcess, cores_between, is_local, listening_pid


def test_a_process_is_seen_with_its_children():
    """Together with a child it holds more than alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        alone = WatchedProcess("bridge", "bridge", os.getpid(), alone=True).measure()
        together = WatchedProcess("bridge", "bridge", os.getpid()).measure()
        child.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert together.memory_mb > alone.memory_mb > 1


def test_a_process_that_is_gone_cannot_be_seen():
    """Nothing is said of it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert WatchedProcess("bridge", "bridge", child.pid).measure() is None


def test_whoever_listens_is_found_by_its_port():
    """So that a bridge that somebody else has started can be watched."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listening_pid(server.getsockname()[1]) == os.getpid()


def test_processors_in_use_are_seconds_of_work_in_a_second():
    """Of what has been seen before."""
    before, after = {"bridge": Usage(1.0, 50)}, {"bridge": Usage(2.5, 60), "new": Usage(1.0, 5)}
    assert cores_between(before, after, 2.0) == {"bridge": 0.75}


def test_only_addresses_of_this_machine_are_here():
    """Ids of processes mean nothing elsewhere."""
    assert [is_local(url) for url in ("http://127.0.0.1:4100", "http://localhost:1", "http://example.com")] == [
        True,
        True,
        False,
    ]
