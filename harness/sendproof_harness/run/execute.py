"""Executing the steps of a scenario, one after the other."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.bridge_restart import KillSupervisor
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps import StepFunction
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import WaitFor, shifted


def execute_steps(context: RunContext, steps: Mapping[type, StepFunction]) -> RunAborted | None:
    """Execute every step with the function of its type; return the reason if the run is aborted.

    `ControlError` if the simulators fail.
    """
    with ExitStack() as stack:
        if any(fault["fault"] == KILL for fault in context.scenario.faults):
            stack.enter_context(KillSupervisor(context).active())
        try:
            _execute(context, steps)
        except RunAbortedError as error:
            return error.aborted
    return None


def _execute(context: RunContext, steps: Mapping[type, StepFunction]) -> None:
    is_ready = False
    for step in context.scenario.steps:
        steps[type(step)](context, step)
        if isinstance(step, WaitFor) and not is_ready:
            _begin_now(context)
            is_ready = True


def _begin_now(context: RunContext) -> None:
    """At clock rate 1, shift all times of the scenario so that it begins at the next full second.

    Services write send times in seconds, so a fraction would be lost.
    """
    if context.time.rate == 1:
        start = context.time.now().replace(microsecond=0) + timedelta(seconds=1)
        context.scenario = shifted(context.scenario, start - context.scenario.starts)
        context.time.started_at = context.scenario.starts
