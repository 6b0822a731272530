"""Where a scenario plays: the steps one after another.

wait_for   `waiting`: real time passes; once the bridge is at rest and has not got there, a little virtual time too
advance    `passing`: until virtual time is there
key        `restarting`: a bridge that the run has started gets its new key by being started again
probing    `contract.probing`: what Optimove may post to the listeners, and what it would not
others     `acts`: a few calls
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from sendproof_harness.conformance.probe import probe_listeners
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.bridge_restart import KillSupervisor, key
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.actions import ACTS
from sendproof_harness.run.wait_for import wait_for
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import Advance, ChangeKey, ProbeListeners, WaitFor, shifted
from sendproof_harness.scenario.values import duration_text


def play(world: RunContext) -> RunAborted | None:
    """Carry out every step; answers why not, if not. `ControlError` when the simulators fail."""
    with ExitStack() as stack:
        if any(fault["fault"] == KILL for fault in world.scenario.faults):
            stack.enter_context(KillSupervisor(world).watched())
        try:
            _play(world)
        except RunAbortedError as error:
            return error.trouble
    return None


def _play(world: RunContext) -> None:
    begun = False
    for step in world.scenario.steps:
        _STEPS[type(step)](world, step)
        if isinstance(step, WaitFor) and not begun:
            _begin(world)
            begun = True


def _advance(world: RunContext, step: Advance) -> None:
    world.watcher.phase(f"letting {duration_text(step.by)} pass")
    world.passing.move(step.by)


_STEPS: Mapping[type, Callable[[RunContext, Any], None]] = {
    WaitFor: wait_for,
    Advance: _advance,
    ChangeKey: key,
    ProbeListeners: probe_listeners,
    **ACTS,
}


def _begin(world: RunContext) -> None:
    """At rate 1, move all times of the scenario so that it begins with the next second.

    A whole one: services tell send times in seconds, and a fraction would be lost on the way.
    """
    if world.passing.rate == 1:
        begins = world.passing.now().replace(microsecond=0) + timedelta(seconds=1)
        world.scenario = shifted(world.scenario, begins - world.scenario.starts)
        world.passing.began = world.scenario.starts
