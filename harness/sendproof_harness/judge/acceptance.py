"""Accepted failures: findings that the owner of a bridge knows, each with a reason and a last day."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

#: `accepted`: the run has the finding. `gone`: the check ran without it. `expired`: its last day is over. `unseen`: the
#: check did not run, or could not judge.
AcceptanceState = Literal["accepted", "gone", "expired", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFailure:
    """One entry of the file of accepted failures.

    `scenario` is the name of the results folder, followed by `/` and the client if the scenario has several. `cause` is
    the beginning of the finding's cause. `expires` is the last day of the acceptance. `place` is the file and the line.
    """

    scenario: str
    check: str
    cause: str
    reason: str
    expires: date
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An accepted failure in one run: its state, and the number of findings that it accepts."""

    failure: AcceptedFailure
    state: AcceptanceState
    count: int = 0

    @property
    def is_broken(self) -> bool:
        """True if the entry must be changed or removed, which fails the run."""
        return self.state in {"gone", "expired"}

    @property
    def text(self) -> str:
        """The state in a sentence, with what to do."""
        failure = self.failure
        subject = f"{failure.check}: {failure.cause}"
        match self.state:
            case "accepted":
                return f"{subject} ({self.count:,}), accepted until {failure.expires}: {failure.reason}"
            case "gone":
                return f"{subject}: passes again; remove the entry at {failure.place}"
            case "expired":
                return (
                    f"{subject}: accepted until {failure.expires} only; fix the bridge, or change the entry at "
                    f"{failure.place}"
                )
        return f"{subject}: not judged in this run, so the entry at {failure.place} was not used"
