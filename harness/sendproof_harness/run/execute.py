"""Executing the steps of a scenario, one after the other."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.bridge_restart import KillSupervisor
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.paced_scenario import changes_rules, instants, shift_to_past
from sendproof_harness.run.steps import StepFunction
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import WaitFor, shifted
from sendproof_harness.scenario.values import iso_utc


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
    """Shift all times of the scenario if the bridge lives by the clock of its machine.

    At clock rate 1, the scenario begins at the next full second: services write send times in seconds, so a fraction
    would be lost. With a paced clock, its last send time is now (see `paced_time`).
    """
    if context.time.is_paced:
        _begin_in_the_past(context)
    if context.time.rate == 1:
        start = context.time.now().replace(microsecond=0) + timedelta(seconds=1)
        context.scenario = shifted(context.scenario, start - context.scenario.starts)
        context.time.started_at = context.scenario.starts


def _begin_in_the_past(context: RunContext) -> None:
    scenario, machine_now = context.scenario, datetime.fromtimestamp(context.control.health()["real"], UTC)
    shift = shift_to_past(scenario, machine_now)
    if shift < timedelta():
        raise RunAbortedError(_in_the_future(scenario.starts, machine_now))
    context.scenario = shifted(scenario, shift)
    context.time.started_at = context.scenario.starts
    context.time.jump(context.scenario.starts)
    context.time.set_instants(instants(context.scenario), change_rules=changes_rules(context.scenario))


def _in_the_future(starts: datetime, machine_now: datetime) -> RunAborted:
    return RunAborted(
        reason="unobserved",
        blame="config",
        cause="the send times of the scenario are in the future for a bridge outside virtual time",
        expected=f"send times before {iso_utc(machine_now)}, a bridge that uses clock_url, or --clock-rate 1",
        got=f"a scenario that begins at {iso_utc(starts)}",
    )
