"""The reason for aborting a run: the bridge, or its set-up, is too wrong to continue."""

from dataclasses import dataclass

from sendproof_harness.judge.findings import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """The reason for ending a run before its last step, and who has to act on it."""

    blame: Blame
    cause: str
    expected: str
    got: str


class RunAbortedError(Exception):
    """The run cannot continue; `aborted` has the reason."""

    def __init__(self, aborted: RunAborted) -> None:
        super().__init__(f"expected {aborted.expected}, got {aborted.got}")
        self.aborted = aborted
