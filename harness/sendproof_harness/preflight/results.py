"""The results of preflight checks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.judge.findings import Blame

#: `unknown`: the check was not possible.
Status = Literal["ok", "wrong", "unknown"]

EXIT_STATUS: dict[Status, int] = {"ok": 0, "wrong": 1, "unknown": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightResult:
    """The result for one `subject`, such as `channel 505`.

    `action` is the required action, and `blame` names who has to take it; both are empty if the status is ok.
    """

    subject: str
    status: Status
    expected: str
    got: str
    action: str = ""
    blame: Blame | None = None

    def __str__(self) -> str:
        """Return the result as one line."""
        text = f"{self.subject}: expected {self.expected}, got {self.got}"
        return f"{text}; {self.action} ({self.blame})" if self.action else text


def ok(subject: str, expected: str, got: str) -> PreflightResult:
    """Return the result for a subject that is as expected."""
    return PreflightResult(subject=subject, status="ok", expected=expected, got=got)


def wrong(subject: str, expected: str, got: str, action: str, blame: Blame = "config") -> PreflightResult:
    """Return the result for a subject that no bridge can work with."""
    return PreflightResult(subject=subject, status="wrong", expected=expected, got=got, action=action, blame=blame)


def unknown(subject: str, expected: str, got: str, action: str, blame: Blame = "config") -> PreflightResult:
    """Return the result for a subject that could not be checked; `got` is the reason."""
    return PreflightResult(subject=subject, status="unknown", expected=expected, got=got, action=action, blame=blame)


def worst_status(results: Iterable[PreflightResult]) -> Status:
    """Return the status of all results together: wrong before unknown before ok."""
    statuses = {result.status for result in results}
    return "wrong" if "wrong" in statuses else "unknown" if "unknown" in statuses else "ok"
