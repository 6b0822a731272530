"""Usage of processes, from the operating system."""

import os
import socket
import subprocess
import sys

from sendproof_harness.load.process_stats import (
    Usage,
    WatchedProcess,
    cores_between,
    is_local,
    is_loopback,
    listening_pid,
    simulator_processes,
)


def test_usage_of_a_process_includes_its_children():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        alone = WatchedProcess("bridge", "bridge", os.getpid(), alone=True).measure()
        together = WatchedProcess("bridge", "bridge", os.getpid()).measure()
        child.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert together.memory_mb > alone.memory_mb > 1


def test_each_worker_of_the_simulators_is_a_process_of_its_own():
    """Together, they use more than one processor while none of them is busy."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        watched = simulator_processes(os.getpid())
        child.communicate(b"\n")
    found = [process for process in watched if process.pid in {os.getpid(), child.pid}]
    assert [(process.pid, process.alone) for process in found] == [(os.getpid(), True), (child.pid, True)]
    assert [process.alone for process in simulator_processes(child.pid)] == [False]


def test_child_that_starts_later_counts_from_the_next_list():
    """A list of all processes with every measurement took a quarter of the load generator's time."""
    watched = WatchedProcess("bridge", "bridge", os.getpid())
    before = watched.measure()
    with subprocess.Popen(
        [sys.executable, "-c", "x = b'x' * 50_000_000; print(); input()"], stdin=-1, stdout=-1
    ) as child:
        child.stdout.readline()
        usages = [watched.measure() for _ in range(5)]
        child.communicate(b"\n")
    assert [usage.memory_mb > before.memory_mb + 40 for usage in usages] == [False, False, False, False, True]


def test_process_that_has_ended_has_no_usage():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert WatchedProcess("bridge", "bridge", child.pid).measure() is None


def test_listening_process_is_found_by_its_port():
    """Sendproof did not start the bridge of `--bridge`, so it only knows the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listening_pid(server.getsockname()[1]) == os.getpid()


def test_cores_between_measurements_skip_new_processes():
    before, after = {"bridge": Usage(1.0, 50)}, {"bridge": Usage(2.5, 60), "new": Usage(1.0, 5)}
    assert cores_between(before, after, 2.0) == {"bridge": 0.75}


def test_only_urls_of_this_machine_are_local():
    urls = ("http://127.0.0.1:4100", "http://localhost:1", "http://example.com")
    assert [is_local(url) for url in urls] == [True, True, False]


def test_own_name_of_the_machine_is_local_but_others_may_reach_it():
    url = f"http://{socket.gethostname()}:4100"
    assert (is_local(url), is_loopback(url)) == (True, False)
