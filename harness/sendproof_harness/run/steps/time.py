"""The step `advance`."""

from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import Advance
from sendproof_harness.scenario.values import duration_text


def advance(context: RunContext, step: Advance) -> None:
    """Advance the clock, or wait until it has run that far by itself."""
    context.progress.phase(f"advancing the clock by {duration_text(step.by)}")
    context.time.advance(step.by)
