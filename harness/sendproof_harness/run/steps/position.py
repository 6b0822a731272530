"""The position of a step in its scenario."""

from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import Step


def position(context: RunContext, step: Step) -> int:
    """Return the index of a step; it is part of the name of each random value for the step."""
    return next(index for index, candidate in enumerate(context.scenario.steps) if candidate is step)
