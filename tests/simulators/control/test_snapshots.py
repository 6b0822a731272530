"""Snapshots are exact: the same continuation gives the same history, line by line."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from default_sandbox import SETTINGS, send_example
from fuzzing import tries
from local_simulators import LocalSandbox, LocalSimulators, local_simulators, send_to
from repository import CONTRACTS
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.sandbox import Sandbox
from sendproof_simulators.core.sandboxes import SnapshotBounds
from sendproof_simulators.reference.examples import example_requests
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.default_sandbox import create_default_sandbox

SERVICES = ("control", "delivyr", "optimove", "optimove-metrics", "textlocal", "xtremepush")
# Operations of the control API that change a sandbox. Others read, wait in real time, or concern whole sandboxes.
CHANGES = {
    *("addFaults", "removeFaults", "addTemplates", "changeTemplate", "deleteTemplate", "replaceSettings"),
    *("scheduleCampaign", "cancelCampaign", "addTrigger", "recordCustomerEvents", "resendWebhook"),
    *("createKey", "changeKey", "uploadBatchFile", "putAttribute"),
}
REQUESTS = {
    f"{service}:{example}": (service, example)
    for service in SERVICES
    for example in example_requests(load_contract(CONTRACTS / f"{service}.yaml"), credentials={"x-account-id"})
    if service != "control" or example.operation in CHANGES
}
#: Requests of a client with a name of its own, one more than the rate limit allows.
BURST = "burst"
#: A request by its name, a burst, or a number of minutes to wait.
STEPS = st.lists(st.one_of(st.sampled_from(sorted(REQUESTS)), st.sampled_from([BURST, 1, 60, 1_500])), max_size=12)
#: What only real time changes.
REAL = ("real", "duration_ms", "seal", "ms")


@pytest.fixture(scope="module")
def simulators() -> Iterator[LocalSimulators]:
    with local_simulators() as started:
        yield started


async def control(app: Simulators, method: str, path: str, body: object = None) -> Any:
    """Call the control API of the default sandbox."""
    content = b"" if body is None else json.dumps(body).encode()
    reply = await send_to(
        app, method, f"/control/sandboxes/default{path}", "", {"content-type": "application/json"}, content
    )
    assert reply.status < 300, reply.body
    return reply.body


async def park(sandbox: Sandbox) -> None:
    """Take part in the clock, so that it need not wait in real time."""
    known = 0
    while True:
        await sandbox.clock.park("bridge", None, known)
        known = sandbox.clock.delivered


async def burst(app: Simulators, count: int) -> list[int]:
    """Send the same request several times; return the statuses of the responses."""
    headers = {"x-api-key": "sendproof-optimove-key", "user-agent": "burst/1"}
    path = "/optimove/current/general/GetLastDataUpdate"
    return [(await send_to(app, "GET", path, "", headers, b"")).status for _ in range(count)]


async def carry_out(app: Simulators, steps: Sequence[str | int]) -> None:
    for step in steps:
        if isinstance(step, int):
            await control(app, "POST", "/clock/advance", {"by_ms": step * 60_000})
        elif step == BURST:
            await burst(app, 51)
        else:
            await send_example(app, *REQUESTS[step])


async def history(app: Simulators) -> list[dict[str, Any]]:
    """Return the lines of the history without real times."""
    lines = map(json.loads, (await control(app, "GET", "/history")).splitlines())
    return [{name: value for name, value in line.items() if name not in REAL} for line in lines]


async def histories(app: Simulators, before: Sequence[Any], after: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    """Return the histories of one continuation, once right after a snapshot and once after returning to it."""
    sandbox = await create_default_sandbox(app, SETTINGS)
    await control(app, "PATCH", "/clock", {"rate": None})
    bridge = asyncio.create_task(park(sandbox))
    await carry_out(app, before)
    await control(app, "POST", "/snapshots", {"name": "here"})
    told = []
    for detour in (other, ()):
        await carry_out(app, after)
        told.append((await history(app), *[await control(app, "GET", path) for path in ("/digest", "/faults")]))
        await carry_out(app, detour)
        await control(app, "POST", "/snapshots/here/restore")
    bridge.cancel()
    await app.sandboxes.close()
    return told


@pytest.mark.slow
@settings(max_examples=tries(15))
@given(before=STEPS, after=STEPS, other=STEPS)
def test_same_continuation_gives_the_same_history(simulators, before, after, other):
    first, second = simulators.runner.run(histories(simulators.app, before, after, other))
    assert first == second


async def counts_of_limited_requests(app: Simulators) -> list[int]:
    """Use up most of a rate limit, and then twice the rest of it: before and after a return to a snapshot."""
    await create_default_sandbox(app, SETTINGS)
    await control(app, "PATCH", "/clock", {"rate": None})
    await burst(app, 48)
    await control(app, "POST", "/snapshots", {"name": "nearly"})
    limited = [(await burst(app, 6)).count(429)]
    await control(app, "POST", "/snapshots/nearly/restore")
    limited.append((await burst(app, 6)).count(429))
    await app.sandboxes.close()
    return limited


def test_rate_limits_return(simulators):
    first, second = simulators.runner.run(counts_of_limited_requests(simulators.app))
    assert first == second > 0


def test_snapshots_are_kept_side_by_side(simulators):
    """The journal of a later snapshot survives a return to an earlier one."""
    sandbox = simulators.sandbox()
    for name in ("first", "second"):
        sandbox.control("POST", "/providers/textlocal/templates", [{"title": name, "body": name}])
        sandbox.control("POST", "/snapshots", {"name": name})
    texts = {}
    for name in ("first", "second", "first"):
        sandbox.control("POST", f"/snapshots/{name}/restore")
        titles = [row["title"] for row in sandbox.control("GET", "/providers/textlocal/templates")]
        texts[name] = titles, [entry["title"] for entry in sandbox.entries("provider_template")]

    assert texts == {"first": (["first"],) * 2, "second": (["first", "second"],) * 2}
    assert [row["name"] for row in sandbox.control("GET", "/snapshots")] == ["second", "first"]


def test_keys_of_the_snapshot_open_the_sandbox_again(simulators):
    """A key that was created later is unknown, as it was then."""
    sandbox = simulators.sandbox()
    sandbox.control("POST", "/snapshots", {"name": "before"})
    key = sandbox.control("POST", "/services/optimove/keys", {"name": "later"})["key"]
    sandbox.control("POST", "/snapshots/before/restore")

    headers, path = {"x-api-key": key}, "/optimove/current/general/GetLastDataUpdate"
    assert simulators.send("GET", path, "", headers, b"").status == 401


def refusal(sandbox: LocalSandbox, path: str, body: object = None) -> str:
    """Return why the control API refuses a call with 409."""
    path = f"/control/sandboxes/{sandbox.made['sandbox']}{path}"
    content = b"" if body is None else json.dumps(body).encode()
    reply = sandbox.simulators.send("POST", path, "", {"content-type": "application/json"}, content)
    assert reply.status == 409, reply.body
    return reply.json["detail"]


def test_snapshot_is_refused_while_something_is_in_flight(simulators):
    sandbox = simulators.sandbox()
    sandbox.control("POST", "/snapshots", {"name": "idle"})
    clock = simulators.app.sandboxes.get(sandbox.made["sandbox"]).clock
    clock.enter()

    assert "got requests that are being answered: 1" in refusal(sandbox, "/snapshots", {"name": "busy"})
    assert "got requests that are being answered: 1" in refusal(sandbox, "/snapshots/idle/restore")
    clock.leave()
    sandbox.control("POST", "/snapshots/idle/restore")


def test_time_that_passes_by_itself_goes_back_too(simulators):
    sandbox = simulators.sandbox()
    sandbox.control("PATCH", "/clock", {"rate": 1})
    taken = sandbox.control("POST", "/snapshots", {"name": "today"})["at"]
    sandbox.wait(14 * 86_400_000)
    sandbox.control("POST", "/snapshots/today/restore")

    clock = sandbox.control("GET", "/clock")
    assert (clock["rate"], taken <= clock["now"] < "2026-03-09") == (1, True)


def test_snapshot_is_refused_on_a_shared_clock(simulators):
    sandbox = simulators.sandbox()
    shared = {"mode": "shared", "with": sandbox.made["sandbox"]}
    body = json.dumps({"seed": 1, "name": "guest", "clock": shared}).encode()
    simulators.send("POST", "/control/sandboxes", "", {"content-type": "application/json"}, body)

    assert "shares its clock with guest" in refusal(sandbox, "/snapshots", {"name": "alone"})


def test_number_and_size_of_snapshots_are_bounded(simulators):
    sandbox, sandboxes = simulators.sandbox(), simulators.app.sandboxes
    bounds = sandboxes.snapshots
    sandboxes.snapshots = SnapshotBounds(count=1, total_bytes=10_000_000)
    sandbox.control("POST", "/snapshots", {"name": "one"})
    assert refusal(sandbox, "/snapshots", {"name": "two"}).startswith("expected at most 1 snapshots of a sandbox")
    sandboxes.snapshots = SnapshotBounds(count=5, total_bytes=1_000)
    assert "needs more than" in refusal(sandbox, "/snapshots", {"name": "two"})
    sandboxes.snapshots = bounds
