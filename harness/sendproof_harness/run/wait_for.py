"""The step wait_for: real time passes, and once the bridge is at rest and has not got there, a little virtual time.

Templates are synchronised when each channel lists what its provider has: by the provider's id, or under a name that
contains the title, and nothing else.
"""

from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.processes import pause
from sendproof_harness.run.time_control import at_rest
from sendproof_harness.scenario.model import WaitFor
from sendproof_harness.scenario.values import duration_text, pluralized

# A bridge that has registered its listener joins the clock within moments, if it means to.
JOIN_S = 3.0
# What a wait_for may take of virtual time, so that a bridge that must keep a rate limit, or looks for templates now
# and then, can.
WAIT_STEP = timedelta(minutes=1)
WAIT_LIMIT = timedelta(hours=1)

_LOOK_EVERY_S = 0.05


def wait_for(world: RunContext, wanted: WaitFor) -> None:
    """Wait until every client has got there, and takes part in the clock. `RunAbortedError` when that does not come."""
    world.watcher.phase(f"waiting for the bridge: {_said(wanted)}")
    limit, waited = monotonic() + world.timeout_s, timedelta()
    while True:
        world.check_bridge()
        # The clock first: once the bridge is at rest, the state that is read afterwards is the last it will reach.
        at_rest = world.passing.at_rest()
        if all(_reached(world, sandbox, wanted) for sandbox in world.sandboxes):
            break
        if at_rest and waited < WAIT_LIMIT:
            world.passing.move(WAIT_STEP)
            waited += WAIT_STEP
        elif at_rest or monotonic() > limit:
            raise RunAbortedError(_not_ready(world, wanted, waited))
        else:
            pause(_LOOK_EVERY_S)
    join(world)


def join(world: RunContext) -> None:
    """Wait until the bridge takes part in the clock, and is at rest. Time that runs by itself needs nobody."""
    if world.passing.rate is not None:
        return
    limit, seen = _join_limit(world), _requests(world)
    # One snapshot decides: a bridge that joins between two looks at the clock must not be taken for an absent one.
    while not world.participants(clock := world.clock()):
        world.check_bridge()
        if clock["participants"] and at_rest(clock):
            # Killed on purpose: only the harness waits, until the bridge has been down for long enough.
            world.passing.move(WAIT_STEP)
        elif (now_seen := _requests(world)) != seen:
            # It is still at work, so it had no reason to park yet.
            limit, seen = _join_limit(world), now_seen
        elif monotonic() > limit:
            _without_clock(world)
            return
        pause(_LOOK_EVERY_S)
    world.passing.move(timedelta())


def _join_limit(world: RunContext) -> float:
    """Return the `monotonic` time until which a bridge that makes no request may join the clock."""
    return monotonic() + (world.timeout_s if world.bridge.shares_clock else JOIN_S)


def _requests(world: RunContext) -> int:
    """Return how many requests have reached the services so far."""
    return sum(int(world.control.state(sandbox)["counts"].get("request", 0)) for sandbox in world.sandboxes)


def _without_clock(world: RunContext) -> None:
    if world.bridge.shares_clock:
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                cause="the bridge did not join the virtual clock",
                expected=f"a bridge that parks at its clock_url within {world.timeout_s:.0f} s",
                got="no park",
            )
        )
    world.note_once(
        "The bridge does not take part in the virtual clock (clock_url of the handover file),"
        " so its times cannot be judged."
    )


def _reached(world: RunContext, sandbox: str, wanted: WaitFor) -> bool:
    state = world.control.state(sandbox)
    enough = len(state["listeners"]) >= wanted.listeners and _templates(state) >= wanted.templates
    return enough and (not wanted.synchronised or not differences(world, sandbox, state["channel_templates"]))


def differences(world: RunContext, sandbox: str, listed: Mapping[str, Any]) -> list[str]:
    """In words, what the channels list otherwise than their providers have it."""
    found = []
    for channel in world.scenario.channels:
        titles = {one["title"]: str(one["id"]) for one in world.control.templates(sandbox, channel.provider)}
        names = {str(one["id"]): str(one["name"]) for one in listed.get(str(channel.id), ())}
        place = f"channel {channel.id}"
        for title, id_ in titles.items():
            own = names.get(id_)
            if not (title in own if own is not None else any(title in name for name in names.values())):
                found.append(f"{place} lacks {title!r}" if own is None else f"{place} lists {title!r} as {own!r}")
        for id_, name in names.items():
            if id_ not in titles.values() and not any(title in name for title in titles):
                found.append(f"{place} still lists {name!r}")
    return found


def _templates(state: Mapping[str, Any]) -> int:
    return sum(len(templates) for templates in state["channel_templates"].values())


def _said(wanted: WaitFor) -> str:
    if wanted.synchronised and not (wanted.listeners or wanted.templates):
        return "its templates to be synchronised"
    parts = [pluralized(wanted.listeners, "listener"), pluralized(wanted.templates, "template")]
    return ", ".join([*parts, "all synchronised"] if wanted.synchronised else parts)


def _not_ready(world: RunContext, wanted: WaitFor, waited: timedelta) -> RunAborted:
    refused = world.unauthenticated_requests()
    got = "; ".join(_state(world, sandbox, wanted) for sandbox in world.sandboxes)
    if refused:
        last = refused[-1]
        got += (
            f"; no credential of this sandbox was shown by {len(refused)} of the requests, of which the last is"
            f" {last['method']} {last['path']} to {last['service']}"
        )
    if world.bridge.ours_to_start:
        got += f"; {world.bridge.last_words()}"
    within = f"{duration_text(waited)} of virtual time" if waited else f"{world.timeout_s:.0f} s"
    return RunAborted(
        blame="config" if refused or not world.bridge.ours_to_start else "bridge",
        cause="the bridge did not become ready",
        expected=f"{_said(wanted)} within {within}",
        got=got,
    )


def _state(world: RunContext, sandbox: str, wanted: WaitFor) -> str:
    state = world.control.state(sandbox)
    said = [pluralized(len(state["listeners"]), "listener"), pluralized(_templates(state), "template")]
    if wanted.synchronised:
        said += differences(world, sandbox, state["channel_templates"])
    return ", ".join(said)
