"""What a check says: findings about single things, and how much it looked at.

A check is a pure function of a history. It never says "pass": it reports what it looked at and what it found
wrong, and `verdict` adds that up. A check that had nothing to look at is `unknown`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar
from weakref import WeakKeyDictionary

from sendproof_harness.history.records import History, TemplateId

#: `fail`: it is wrong. `unknown`: it could not be judged. `note`: worth knowing, nothing wrong.
#: `error`: the simulators themselves broke, so nothing built on them can be trusted.
Level = Literal["error", "fail", "unknown", "note"]
LEVELS: tuple[Level, ...] = ("error", "fail", "unknown", "note")

#: Who has to act: the bridge's code, its configuration, the simulators, or the way between.
Blame = Literal["bridge", "config", "harness", "network"]

T = TypeVar("T")

Evidence = Literal["documented", "observed", "assumed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One numbered rule that a bridge must keep, and where it is from."""

    number: str
    text: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """What a finding is about; whatever does not apply is left out."""

    campaign: int | None = None
    channel: int | None = None
    template: TemplateId | None = None
    customer: str | None = None
    number: str | None = None
    message: str | None = None
    request: int | None = None
    webhook: str | None = None
    listener: str | None = None

    def __str__(self) -> str:
        parts = [f"{name} {value}" for name in self.__slots__ if (value := getattr(self, name)) is not None]
        return ", ".join(parts) or "the run as a whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One statement of a check about one thing. Findings with one `cause` are shown together."""

    check: str
    level: Level
    blame: Blame
    cause: str
    expected: str
    got: str
    where: Location = Location()
    at: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What a check brings back: how many things it looked at, what they are called, and what it found."""

    looked_at: int
    unit: str
    findings: tuple[Finding, ...] = ()


def _always(history: History) -> bool:
    del history
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of the table `sendproof_harness.judge.checks.CHECKS`.

    It is asked only of histories that it `applies` to, which are those `asked_of`; a run without triggers says nothing
    about triggers, and is none the worse for it.
    """

    id: str
    title: str
    requirement: Requirement
    run: Callable[[History], CheckResult]
    applies: Callable[[History], bool] = _always
    asked_of: str = "every run"


def cached_per_history(derive: Callable[[History], T]) -> Callable[[History], T]:
    """Keep what is derived from a history for as long as that history lives: several checks share it."""
    known: WeakKeyDictionary[History, T] = WeakKeyDictionary()

    def derived(history: History) -> T:
        if history not in known:
            known[history] = derive(history)
        return known[history]

    return derived
