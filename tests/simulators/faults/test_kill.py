"""The end of a bridge, as whoever started it brings it about: asked for, done, told, and started again."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

MINUTE = 60_000
# A bridge that sends one message, says what came of it, and waits.
BRIDGE = """
import json, sys, requests
url, form = json.loads(sys.argv[1])
try:
    print(requests.post(url + "/send", data=form, timeout=300).json()["status"], flush=True)
except requests.ConnectionError:
    print("no answer", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(bench) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts a bridge; all of them are ended with the test."""
    started = []

    def start_one() -> subprocess.Popen:
        told = json.dumps([bench.made["services"]["textlocal"]["url"], bench.form()])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([sys.executable, "-c", BRIDGE, told], **pipes))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.communicate(timeout=120)


@pytest.fixture
def advancing(bench) -> Iterator[Callable[[int], Future]]:
    """Lets time pass while the test does something else."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda by_ms: pool.submit(bench.advance, by_ms)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bridge_is_killed_at_a_call(bench, start, when):
    """Time stands still until that is done; its call is lost, and when it is started again it is served."""
    bench.strike("kill", when=when)
    bridge = start()
    assert bench.call("GET", "/faults/pending-kill") == {"id": "f1", "fault": "kill", "when": when, "down_ms": 0}
    assert bench.call("GET", "/clock")["in_flight"] == 1
    bridge.kill()
    bridge.wait(timeout=120)
    bench.call("POST", "/faults/f1/completed")
    assert start().stdout.readline() == "success\n"
    assert bench.told() == [("kill", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (2 if when == "after" else 1)


def test_the_connection_of_the_call_is_dropped(bench, start):
    """Whoever lives on all the same is told nothing."""
    bench.strike("kill", when="after")
    bridge = start()
    bench.call("GET", "/faults/pending-kill")
    bench.call("POST", "/faults/f1/completed")
    assert bridge.stdout.readline() == "no answer\n"


def test_a_killing_that_nobody_does_is_missed(bench):
    """The call goes on as any other, and the history says so."""
    bench.strike("kill", within_s=0.05)
    assert bench.send().json()["status"] == "success"
    assert bench.told() == [("kill", True, "intact", 200)]
    assert [(line["id"], line["missed"]) for line in bench.lines("fault")] == [("f1", True)]
    assert bench.call("GET", "/faults")[0]["injected"] == 0


@pytest.mark.parametrize(("when", "came"), [("before", 0), ("after", 1)])
def test_a_bridge_is_killed_at_a_notification(bench, advancing, when, came):
    """Before it is sent, or when it was answered."""
    bench.strike("kill", webhook="textlocal.receipt", when=when)
    assert bench.send().ok
    passing = advancing(MINUTE)
    assert bench.call("GET", "/faults/pending-kill")["when"] == when
    assert len(bench.listener.calls("receipts")) == came
    bench.call("POST", "/faults/f1/completed")
    passing.result(timeout=300)
    assert [(line["status"], line["fault"]) for line in bench.lines("webhook")] == [(200, "f1")]


def test_a_bridge_stays_away_as_long_as_the_fault_says(bench, advancing):
    """Whoever killed it takes part in the clock in its stead, and leaves when it has been started again."""
    bench.strike("kill", webhook="textlocal.receipt", down=10 * MINUTE)
    assert bench.send().ok
    passing = advancing(60 * MINUTE)
    assert bench.call("GET", "/faults/pending-kill")["down_ms"] == 10 * MINUTE
    clock = bench.call("GET", "/clock")
    park = {"participant": "harness", "until": clock["now"], "since": clock["delivered"]}
    assert bench.call("POST", "/clock/park", park)["reason"] == "due"
    bench.call("POST", "/faults/f1/completed")
    park |= {"until": "2026-03-02T06:10:03Z"}
    while (parked := bench.call("POST", "/clock/park", park))["reason"] != "due":
        park |= {"since": parked["delivered"]}
    assert parked["now"] == "2026-03-02T06:10:03.000Z"
    bench.call("DELETE", "/clock/participants/harness")
    passing.result(timeout=300)
    moved = [(line["action"], line.get("participant"), line["at"][11:19]) for line in bench.lines("clock")]
    assert moved[1:] == [("joined", "harness", "06:00:03"), ("left", "harness", "06:10:03")]


def test_there_must_be_something_to_have_done(bench):
    """The message says what waits; nobody leaves who never took part."""
    with pytest.raises(AssertionError, match=r"404 .*expected the id of a pending fault \(none\), got 'f9'"):
        bench.call("POST", "/faults/f9/completed")
    with pytest.raises(AssertionError, match=r"404 .*no participant is named 'ghost'; taking part: nobody"):
        bench.call("DELETE", "/clock/participants/ghost")
