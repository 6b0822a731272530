"""The reason for aborting a run: the bridge, or its set-up, is too wrong to continue."""

from dataclasses import dataclass

from sendproof_harness.history.run_records import AbortReason
from sendproof_harness.judge.findings import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """The reason for ending a run before its last step, who has to act on it, and how (`remedy`).

    `unregistered` lists event type and channel of each listener that the scenario needs and the bridge lacks.
    """

    blame: Blame
    cause: str
    expected: str
    got: str
    reason: AbortReason
    remedy: str = ""
    unregistered: tuple[tuple[int, int], ...] = ()


class RunAbortedError(Exception):
    """The run cannot continue; `aborted` has the reason."""

    def __init__(self, aborted: RunAborted) -> None:
        super().__init__(f"expected {aborted.expected}, got {aborted.got}")
        self.aborted = aborted
