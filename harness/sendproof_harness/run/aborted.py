"""Why a run ended early: whatever a bridge does wrong so early, or so badly, that no message tells of it.

It says what was expected, what came instead, and whose it is to mend.
"""

from dataclasses import dataclass

from sendproof_harness.judge.findings import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """Why a run ended before its last step."""

    blame: Blame
    cause: str
    expected: str
    got: str


class RunAbortedError(Exception):
    """The run cannot go on; `trouble` says why."""

    def __init__(self, trouble: RunAborted) -> None:
        super().__init__(f"expected {trouble.expected}, got {trouble.got}")
        self.trouble = trouble
