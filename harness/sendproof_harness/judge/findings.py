"""Findings, and the checks that produce them.

A check is a pure function of a history. It never reports "pass": it counts the items that it examined and returns its
findings, and `verdict` derives the status. A check without any item to examine is `unknown`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import History, Obligation

#: `fail`: it is wrong. `unknown`: it could not be judged. `note`: worth knowing, but not wrong.
#: `error`: the simulators themselves failed, so no result that depends on them is reliable.
Level = Literal["error", "fail", "unknown", "note"]
LEVELS: tuple[Level, ...] = ("error", "fail", "unknown", "note")

#: Who has to act: the bridge's code, its configuration, the simulators, or the network between them.
Blame = Literal["bridge", "config", "harness", "network"]

T = TypeVar("T")

Evidence = Literal["documented", "observed", "assumed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One numbered rule for a bridge, with its source."""

    number: str
    text: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """The subject of a finding; fields that do not apply are None."""

    campaign: int | None = None
    channel: int | None = None
    template: TemplateId | None = None
    customer: str | None = None
    number: str | None = None
    message: str | None = None
    request: int | None = None
    webhook: str | None = None
    listener: str | None = None
    operation: str | None = None

    def __str__(self) -> str:
        values = ((self._word(name), getattr(self, name)) for name in self.__slots__)
        return ", ".join(f"{word} {value}" for word, value in values if word and value is not None) or "the whole run"

    def _word(self, name: str) -> str:
        """Return the word for a field; "" for the address of a message that goes to the customer's id."""
        if name != "number" or self._has_phone_number:
            return name
        return "" if self.number == self.customer else "address"

    @property
    def _has_phone_number(self) -> bool:
        return not any(character.isalpha() or character == "@" for character in self.number or "")


def recipient_location(obligation: Obligation) -> Location:
    """Return the location of a finding about one recipient."""
    return Location(
        campaign=obligation.campaign,
        channel=obligation.channel,
        customer=obligation.customer,
        number=obligation.number,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One statement of a check about one subject. Reports group findings by `cause`.

    `remedy` is the advice, if the judge has any.
    """

    check: str
    level: Level
    blame: Blame
    cause: str
    expected: str
    got: str
    where: Location = Location()
    at: int | None = None
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """The result of a check: the number of items that it looked at, their plural noun, and the findings."""

    looked_at: int
    unit: str
    findings: tuple[Finding, ...] = ()


def _always(history: History) -> bool:
    del history
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of the table `sendproof_harness.judge.checks.CHECKS`.

    The judge only runs it on a history that it `applies` to; `scope` describes those runs in words. A run without
    triggers, for example, has no trigger checks, and its verdict does not suffer from that.
    """

    id: str
    title: str
    requirement: Requirement
    run: Callable[[History], CheckResult]
    applies: Callable[[History], bool] = _always
    scope: str = "every run"


def cached_per_history(derive: Callable[[History], T]) -> Callable[[History], T]:
    """Cache the derived value for the lifetime of its history, because several checks share it."""

    def derived(history: History) -> T:
        known = history.derived
        if derive not in known:
            known[derive] = derive(history)
        value: T = known[derive]
        return value

    return derived
