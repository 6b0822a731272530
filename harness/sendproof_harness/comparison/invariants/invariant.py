"""An invariant: a change of a scenario after which a correct bridge must do the same, apart from what was changed.

It needs no expected value: the run of the unchanged scenario is the expectation.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sendproof_harness.comparison.observed import Observed
from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.scenario.model import Scenario

#: Send times may differ by this much: a correct message may go out so long after it is due.
OPEN_TIME = 5 * MINUTE


class NotApplicableError(Exception):
    """The invariant does not apply to this scenario; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The scenario, its history with the bridge, and the same scenario for other providers."""

    scenario: Scenario
    history: History
    others: tuple[Scenario, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What must be equal: the first run as the second one must show it, and the second run."""

    expected: Observed
    got: Observed


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A change of a scenario, and how the two runs compare.

    `transform` returns the changed scenario; `NotApplicableError` if the invariant does not apply to it. `relate`
    returns what of the two runs must be equal.
    """

    name: str
    title: str
    change: str
    transform: Callable[[Situation], Scenario]
    relate: Callable[[Situation, Observed, Observed], Pair]
