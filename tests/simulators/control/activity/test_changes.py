"""Waiting for changes: what has changed, when a wait ends, and that it is no work for others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from running import RunningSimulators
from sandbox_by_hand import SandboxByHand, sandbox_by_hand

NUMBER = "447123456789"


@pytest.fixture
def sandbox(simulators: RunningSimulators) -> SandboxByHand:
    return sandbox_by_hand(simulators)


def version(box: SandboxByHand) -> str:
    """Return the current version."""
    return str(box.call("GET", "/changes")["version"])


def parts_since(box: SandboxByHand, since: str) -> set[str]:
    """Return the parts that have changed since a version, without those that belong to no sandbox."""
    return set(box.call("GET", f"/changes?since={since}&timeout_s=0")["parts"]) - {"unauthenticated"}


def test_default_version_differs_in_all_parts(sandbox: SandboxByHand) -> None:
    changes = sandbox.call("GET", "/changes")
    assert {"clock", "requests", "messages", "webhooks", "faults", "campaigns", "customers"} <= set(changes["parts"])
    assert (changes["counts"]["requests"], changes["counts"]["customers"]) == (0, 100)


def test_wait_without_a_change_has_no_parts(sandbox: SandboxByHand) -> None:
    assert parts_since(sandbox, version(sandbox)) == set()


def test_only_what_has_changed_is_named(sandbox: SandboxByHand) -> None:
    since = version(sandbox)
    sandbox.textlocal(NUMBER, "Hello")
    assert parts_since(sandbox, since) == {"requests", "messages"}
    since = version(sandbox)
    sandbox.call("POST", "/faults", [{"fault": "status", "status": 503, "call": "textlocal.send"}])
    assert parts_since(sandbox, since) == {"faults"}
    since = version(sandbox)
    sandbox.advance(1)
    assert parts_since(sandbox, since) == {"clock"}
    since = version(sandbox)
    sandbox.schedule(7001, customers=10)
    # The history has what a user did, as an action.
    assert parts_since(sandbox, since) == {"requests", "campaigns", "templates", "account"}


def test_change_ends_a_wait(sandbox: SandboxByHand) -> None:
    """The wait would last for 25 seconds."""
    since = version(sandbox)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(sandbox.call, "GET", f"/changes?since={since}&timeout_s=25")
        sandbox.textlocal(NUMBER, "Hello")
        assert "requests" in waiting.result()["parts"]


def test_reset_changes_all_parts(sandbox: SandboxByHand) -> None:
    sandbox.textlocal(NUMBER, "Hello")
    before = sandbox.call("GET", "/changes")
    sandbox.call("POST", "/reset")
    after = sandbox.call("GET", f"/changes?since={before['version']}")
    assert after["generation"] != before["generation"]
    assert {"requests", "messages", "faults", "clock"} <= set(after["parts"])
