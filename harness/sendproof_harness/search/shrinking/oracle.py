"""The oracle of shrinking, which knows if the bridge still fails the same requirement with a document.

It runs documents, remembers each result, and counts the runs. Results are also in a file, so that an
interrupted search goes on where it was.
"""

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import msgspec

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.document import Document, document_text, scenario_of
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.search.trial import FailedRequirement, TrialResult

#: Returns the result of one run of a scenario.
Play = Callable[[Scenario], TrialResult]

# A failure that is missed in so many of a hundred cases only makes the result larger.
_MISSED = 0.05
_MOST_PLAYS = 20
# Runs without a verdict that are repeated in one search. A bridge that cannot be started has more of them.
_MOST_ERRORS = 10
# Beginnings of causes that say what happened to a message, or in which call, and not why.
_OF_TEXTS_AND_ADDRESSES = frozenset({"wrong text", "wrong user", "wrong number"})
_OF_MESSAGES = frozenset({"lost", "duplicated", "unexpected", "sent to opted-out"})
_OF_REPORTS = frozenset({"interactions", "saveEvent", "UpdateCampaignInteractions"})
_WITHOUT_REASON = _OF_TEXTS_AND_ADDRESSES | _OF_MESSAGES | _OF_REPORTS
_NUMBER = re.compile(r"\d[\d,.:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The failure to keep: its requirement and check, and the kind of its cause.

    Without a `cause`, any failure of the check counts.
    """

    number: str
    check: str
    cause: str | None

    def is_met(self, failure: FailedRequirement) -> bool:
        """Return True if this is the failure."""
        return failure.key == (self.number, self.check) and self.cause in {None, kind_of(failure.cause)}


def kind_of(cause: str) -> str:
    """Return what stays of a cause in a smaller scenario, with `#` for each number.

    That is its text before the colon. After it are details that the judge derives from other recipients, whom a smaller
    scenario may lack. Only if the text before says no more than what happened is the reason next to it kept, too.
    """
    what, *details = cause.split(": ")
    return _NUMBER.sub("#", ": ".join([what, *details[:1]] if what in _WITHOUT_REASON else [what]))


def target_of(failure: FailedRequirement, *, any_cause: bool = False) -> Target:
    """Return the target of one failure."""
    cause = None if any_cause else kind_of(failure.cause)
    return Target(number=failure.number, check=failure.check, cause=cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often the bridge failed in how many runs of one document."""

    failed: int
    runs: int

    @property
    def is_certain(self) -> bool:
        """True if the bridge failed in every run."""
        return self.failed == self.runs

    def __str__(self) -> str:
        return f"{self.failed} of {self.runs} runs"


class BudgetSpentError(Exception):
    """No run is left; the oracle has the smallest document so far."""


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file of results: how often a document, known by its digest, failed."""

    document: str
    failed: int
    runs: int


@dataclass(kw_only=True)
class Oracle:
    """The results of all documents so far, with the `smallest` one that failed.

    `is_spent` is called before each run. `rate` is that of the failed run; it decides how often a
    document is run before it counts as one that does not fail. `on_result` is called after each run.
    """

    play: Play
    target: Target
    file: Path
    is_spent: Callable[[int], bool]
    rate: Rate = Rate(failed=1, runs=1)
    on_result: Callable[["Oracle"], None] = lambda _: None
    runs: int = field(default=0, init=False)
    recalled_runs: int = field(default=0, init=False)
    smallest: Document | None = field(default=None, init=False)
    last_failed: TrialResult | None = field(default=None, init=False)
    _results: dict[str, Rate] = field(default_factory=dict, init=False)
    _recalled: set[str] = field(default_factory=set, init=False)
    _errors: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Read the results of an interrupted search; `ValueError` if the file has other content, or is a link."""
        if self.file.is_symlink() or (self.file.exists() and not self.file.is_file()):
            raise ValueError(f"{self.file}: expected the results of a search, got something else; remove it")
        if self.file.exists():
            self._results = {kept.document: Rate(failed=kept.failed, runs=kept.runs) for kept in _kept(self.file)}

    def fails(self, document: Document) -> bool:
        """Return True if the bridge still fails with the document, and keep it as the smallest one.

        False if it is no valid scenario, which takes no run. `BudgetSpentError` if it had to run and no run is left.
        """
        try:
            scenario = scenario_of(document)
        except InvalidFileError:
            return False
        name = digest(document)
        known = self._results.get(name)
        if known is None:
            known = self._measure(scenario, self._plays())
            self._remember(name, known)
        elif name not in self._recalled:
            self._recalled.add(name)
            self.recalled_runs += known.runs
        if known.failed:
            self.smallest = document
        return known.failed > 0

    def measure(self, document: Document, runs: int) -> Rate:
        """Run a document this number of times, whatever is remembered, and return its rate."""
        scenario = scenario_of(document)
        failed = sum(self._fails_once(scenario) for _ in range(runs))
        return Rate(failed=failed, runs=runs)

    def _plays(self) -> int:
        """Return how often a document must pass before it counts as one that does not fail."""
        share = self.rate.failed / self.rate.runs
        if share >= 1 or share <= 0:
            return 1
        return min(_MOST_PLAYS, math.ceil(math.log(_MISSED) / math.log(1 - share)))

    def _measure(self, scenario: Scenario, plays: int) -> Rate:
        for number in range(1, plays + 1):
            if self._fails_once(scenario):
                return Rate(failed=1, runs=number)
        return Rate(failed=0, runs=plays)

    def _fails_once(self, scenario: Scenario) -> bool:
        if self.is_spent(self.runs):
            raise BudgetSpentError
        result = self.play(scenario)
        self.runs += 1
        if result.error and self._errors < _MOST_ERRORS:
            # A run without a verdict says nothing about the bridge.
            self._errors += 1
            return self._fails_once(scenario)
        has_failed = any(map(self.target.is_met, result.failures))
        if has_failed:
            self.last_failed = result
        self.on_result(self)
        return has_failed

    def _remember(self, name: str, rate: Rate) -> None:
        self._results[name] = rate
        self._recalled.add(name)
        line = msgspec.json.encode(_Remembered(document=name, failed=rate.failed, runs=rate.runs))
        # Its name is known before, and the folder may come from somebody else: no link is followed.
        with open(self.file, "ab", opener=_opened_without_links) as file:
            file.write(line + b"\n")


def _kept(file: Path) -> Iterator[_Remembered]:
    decoder = msgspec.json.Decoder(_Remembered)
    try:
        yield from map(decoder.decode, file.read_bytes().splitlines())
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"{file}: expected the results of a search, got {error}; --fresh forgets them") from error


def _opened_without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def digest(document: Document) -> str:
    """Return a digest of what a run depends on: all but the texts for readers."""
    content: Mapping[str, object] = {key: value for key, value in document.items() if key not in {"name", "about"}}
    return blake2b(document_text({**content, "name": "-"}).encode(), digest_size=12).hexdigest()
