"""The budget of a search: a number of runs, or a length of real time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from sendproof_harness.scenario.values import parse_duration

_RUNS = re.compile(r"([1-9][0-9]{0,5})( runs?)?")
_DURATION = re.compile(r"[1-9][0-9]{0,5} (second|minute|hour|day)s?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most `runs`, or the most real `seconds`; None is no limit."""

    runs: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.runs:,} runs" if self.runs is not None else f"{self.seconds:,.0f} s"

    def start(self, real_s: Callable[[], float] = monotonic) -> Callable[[int], bool]:
        """Begin to count now; return a function from a number of runs to True if the budget is spent."""
        began = real_s()

        def is_spent(runs: int) -> bool:
            has_runs = self.runs is None or runs < self.runs
            return not has_runs or (self.seconds is not None and real_s() - began >= self.seconds)

        return is_spent


def parse_budget(text: str) -> Budget:
    """Return the budget of `200 runs`, `200` or `10 minutes`; `ValueError` names the expected form."""
    match = _RUNS.fullmatch(text)
    if match is not None:
        return Budget(runs=int(match[1]))
    if _DURATION.fullmatch(text):
        return Budget(seconds=parse_duration(text).total_seconds())
    raise ValueError(f"--budget: expected a number of runs or a time, such as 200 or '10 minutes', got {text!r}")
