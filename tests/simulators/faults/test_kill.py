"""The kill of a bridge, which the harness carries out: pending, completed, recorded, and the restart."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

MINUTE = 60_000
# A bridge that sends one message, prints the result, and waits.
BRIDGE = """
import json, sys, requests
url, form = json.loads(sys.argv[1])
try:
    print(requests.post(url + "/send", data=form, timeout=300).json()["status"], flush=True)
except requests.ConnectionError:
    print("no response", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(bench) -> Iterator[Callable[[], subprocess.Popen]]:
    """Return a function that starts a bridge. All bridges are killed after the test."""
    started = []

    def start_bridge() -> subprocess.Popen:
        arguments = json.dumps([bench.made["services"]["textlocal"]["url"], bench.form()])
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([sys.executable, "-c", BRIDGE, arguments], **pipes))
        return started[-1]

    yield start_bridge
    for process in started:
        process.kill()
        process.communicate(timeout=120)


@pytest.fixture
def advancing(bench) -> Iterator[Callable[[int], Future]]:
    """Return a function that advances the clock in the background."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda by_ms: pool.submit(bench.advance, by_ms)


@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_a_call_loses_the_response(bench, start, when):
    """Time does not move until the kill is completed; the restarted bridge is served."""
    bench.inject("kill", when=when, within_s=600)
    bridge = start()
    assert bench.pending_kill() == {"id": "f1", "fault": "kill", "when": when, "down_ms": 0}
    assert bench.call("GET", "/clock")["in_flight"] == 1
    bridge.kill()
    bridge.wait(timeout=120)
    bench.call("POST", "/faults/f1/completed")
    assert start().stdout.readline() == "success\n"
    assert bench.injections() == [("kill", when == "after", "lost", 200 if when == "after" else 0)]
    assert len(bench.lines("delivery")) == (2 if when == "after" else 1)


def test_kill_drops_the_connection_of_the_call(bench, start):
    """Even if the bridge survives."""
    bench.inject("kill", when="after", within_s=600)
    bridge = start()
    bench.pending_kill()
    bench.call("POST", "/faults/f1/completed")
    assert bridge.stdout.readline() == "no response\n"


def test_kill_that_is_not_carried_out_is_missed(bench):
    """The call then continues as any other."""
    bench.inject("kill", within_s=0.05)
    assert bench.send().json()["status"] == "success"
    assert bench.injections() == [("kill", True, "intact", 200)]
    assert [(line["id"], line["missed"]) for line in bench.lines("fault")] == [("f1", True)]
    assert bench.call("GET", "/faults")[0]["injected"] == 0


@pytest.mark.parametrize(("when", "received"), [("before", 0), ("after", 1)])
def test_kill_at_a_webhook_waits_for_the_harness(bench, advancing, when, received):
    bench.inject("kill", webhook="textlocal.receipt", when=when, within_s=600)
    assert bench.send().ok
    advance = advancing(MINUTE)
    assert bench.pending_kill()["when"] == when
    assert len(bench.listener.calls("receipts")) == received
    bench.call("POST", "/faults/f1/completed")
    advance.result(timeout=300)
    assert [(line["status"], line["fault"]) for line in bench.lines("webhook")] == [(200, "f1")]


def test_killed_bridge_stays_down_for_the_time_of_the_fault(bench, advancing):
    """The harness parks in its place until the restart."""
    bench.inject("kill", webhook="textlocal.receipt", down=10 * MINUTE, within_s=600)
    assert bench.send().ok
    advance = advancing(60 * MINUTE)
    assert bench.pending_kill()["down_ms"] == 10 * MINUTE
    clock = bench.call("GET", "/clock")
    park = {"participant": "harness", "until": clock["now"], "since": clock["delivered"]}
    assert bench.call("POST", "/clock/park", park)["reason"] == "due"
    bench.call("POST", "/faults/f1/completed")
    park |= {"until": "2026-03-02T06:10:03Z"}
    while (parked := bench.call("POST", "/clock/park", park))["reason"] != "due":
        park |= {"since": parked["delivered"]}
    assert parked["now"] == "2026-03-02T06:10:03.000Z"
    bench.call("DELETE", "/clock/participants/harness")
    advance.result(timeout=300)
    changes = [(line["action"], line.get("participant"), line["at"][11:19]) for line in bench.lines("clock")]
    assert changes[1:] == [("joined", "harness", "06:00:03"), ("left", "harness", "06:10:03")]


def test_unknown_fault_and_participant_are_refused(bench):
    with pytest.raises(AssertionError, match=r"409 .*expected the id of a pending fault \(none\), got 'f9'"):
        bench.call("POST", "/faults/f9/completed")
    with pytest.raises(AssertionError, match=r"404 .*no participant is named 'ghost'; there are none yet"):
        bench.call("DELETE", "/clock/participants/ghost")
