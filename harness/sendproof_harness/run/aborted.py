"""The reason for aborting a run: the bridge, or its set-up, is too wrong to continue."""

from dataclasses import dataclass
from typing import Literal

from sendproof_harness.judge.findings import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """The reason for ending a run before its last step, and who has to act on it.

    `level` is `unknown` if the run could not observe whether that is wrong.
    """

    blame: Blame
    cause: str
    expected: str
    got: str
    level: Literal["fail", "unknown"] = "fail"


class RunAbortedError(Exception):
    """The run cannot continue; `aborted` has the reason."""

    def __init__(self, aborted: RunAborted) -> None:
        super().__init__(f"expected {aborted.expected}, got {aborted.got}")
        self.aborted = aborted
