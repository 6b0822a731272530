"""What an examination says of one thing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.judge.findings import Blame

#: `unknown`: it could not be looked at.
Status = Literal["ok", "wrong", "unknown"]

EXIT_STATUS: dict[Status, int] = {"ok": 0, "wrong": 1, "unknown": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightResult:
    """`about` is the thing, such as `channel 505`; `todo` and `blame` (whose it is to mend) are empty when it is ok."""

    about: str
    standing: Status
    expected: str
    got: str
    todo: str = ""
    blame: Blame | None = None

    def __str__(self) -> str:
        """One line for a message."""
        told = f"{self.about}: expected {self.expected}, got {self.got}"
        return f"{told}; {self.todo} ({self.blame})" if self.todo else told


def ok(about: str, expected: str, got: str) -> PreflightResult:
    """It is as it should be."""
    return PreflightResult(about=about, standing="ok", expected=expected, got=got)


def wrong(about: str, expected: str, got: str, todo: str, blame: Blame = "config") -> PreflightResult:
    """A bridge cannot work with this."""
    return PreflightResult(about=about, standing="wrong", expected=expected, got=got, todo=todo, blame=blame)


def unknown(about: str, expected: str, got: str, todo: str, blame: Blame = "config") -> PreflightResult:
    """It could not be looked at; `got` says why."""
    return PreflightResult(about=about, standing="unknown", expected=expected, got=got, todo=todo, blame=blame)


def worst_status(results: Iterable[PreflightResult]) -> Status:
    """What all of them add up to."""
    standings = {result.standing for result in results}
    return "wrong" if "wrong" in standings else "unknown" if "unknown" in standings else "ok"
