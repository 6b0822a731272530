"""The record of a results folder, `session.json`: each scenario with its status, and those that did not run."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.judge.verdict import Status, worst_status
from sendproof_harness.replacement import replacing

RECORD = "session.json"
VERDICT = "verdict.json"
#: The folder of earlier runs in the folder of a scenario.
EARLIER = "earlier"
#: Why a scenario did not run.
NOT_REACHED, FAILED_FAST = (
    "not run: the session ended before",
    "not run: an earlier scenario did not pass (--fail-fast)",
)
# A path with one of these names leads to the results themselves, or to earlier results.
_NO_FOLDERS = frozenset({"", EARLIER})
# A scenario takes some hundred bytes.
_MAX_BYTES = 10_000_000


class RecordError(ValueError):
    """A folder without a record, or with one that cannot be read; the message has the reason and what to do."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario: its status, or None if it did not run.

    `why` is the reason of an error, or why an earlier scenario prevented this one; such a scenario has no reports.
    `file` is the scenario file below the working folder, empty for one of the library. `shard` and `shards` are the
    part of the scenarios to which it belongs and their number, None without shards.
    """

    scenario: str
    verdict: Status | None = None
    why: str = ""
    file: str = ""
    shard: int | None = None
    shards: int | None = None

    @property
    def status(self) -> Status:
        """The status for the exit status: `unknown` if it did not run, `error` if its shard is missing."""
        if self.verdict is not None:
            return self.verdict
        return "unknown" if self.why else "error"

    @property
    def has_reports(self) -> bool:
        """True if the run ended with a verdict; what an earlier run left in its folder proves nothing."""
        return self.verdict is not None and not self.why

    @property
    def is_neutral(self) -> bool:
        """True if it did not run because of a failure that fails the job anyway."""
        return self.verdict is None and self.why == FAILED_FAST

    @property
    def reason(self) -> str:
        """Why there is no verdict; empty if there is one."""
        if self.verdict is None and not self.why:
            return f"shard {self.shard} of {self.shards} has no results; name its results folder too"
        return self.why


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All scenarios of a results folder. `unused` are scenarios and clients of accepted failures that did not run."""

    report: Literal["sendproof-session"] = "sendproof-session"
    version: Literal[1] = 1
    sendproof: str = ""
    outcomes: tuple[Outcome, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The worst status."""
        return worst_status(outcome.status for outcome in self.outcomes)


def verdict_files(folder: Path) -> list[Path]:
    """Return the `verdict.json` of a run, or that of each client, without those of earlier runs."""
    found = (folder / VERDICT, *(file for file in folder.glob(f"*/{VERDICT}") if not is_hidden(file.parent.name)))
    return sorted(file for file in found if file.is_file() and file.parent.name != EARLIER)


def is_hidden(name: str) -> bool:
    """Return True for a name that no run gives to a folder, such as `..`, and `.git`, which git would obey."""
    return name.startswith(".")


def read_record(folder: Path) -> Record:
    """Return the record of a results folder; `RecordError` if it has none, or another file of this name.

    It may come from someone else, and its names of scenarios become folders.
    """
    try:
        record = msgspec.json.decode(read_bounded(folder / RECORD, _MAX_BYTES), type=Record)
    except FileNotFoundError as error:
        raise RecordError(
            f"expected the results folder of sendproof run or contract, got {folder}, which has no {RECORD}"
        ) from error
    except (OSError, FileTooLargeError, *JSON_ERRORS) as error:
        raise RecordError(f"{folder / RECORD}: expected the record of a session: {error}") from error
    for outcome in record.outcomes:
        name = outcome.scenario
        if name in _NO_FOLDERS or is_hidden(name) or "\0" in name or Path(name).name != name:
            raise RecordError(f"{folder / RECORD}: expected the name of a results folder, got {name!r}")
    return record


def record_outcomes(folder: Path, outcomes: Iterable[Outcome], accepted: Iterable[str] = ()) -> Record:
    """Add the outcomes of a session to the record of its folder, in place of earlier ones; return the record.

    An earlier outcome with reports that were removed is left out. One that another shard left here stays. `accepted`
    are the scenarios of accepted failures.
    """
    try:
        earlier = read_record(folder).outcomes
    except RecordError:
        earlier = ()
    by_scenario = {
        outcome.scenario: outcome
        for outcome in earlier
        if not outcome.has_reports or verdict_files(folder / outcome.scenario)
    }
    for outcome in outcomes:
        old = by_scenario.get(outcome.scenario)
        is_of_other_shard = outcome.status == "error" and outcome.verdict is None
        if old is None or not is_of_other_shard or (old.shard, old.shards) != (outcome.shard, outcome.shards):
            by_scenario[outcome.scenario] = outcome
    unused = tuple(name for name in dict.fromkeys(accepted) if _is_unused(name, by_scenario, folder))
    record = Record(sendproof=version("sendproof"), outcomes=tuple(by_scenario.values()), unused=unused)
    write_record(folder, record)
    return record


def _is_unused(name: str, outcomes: Mapping[str, Outcome], folder: Path) -> bool:
    """Return True if neither a scenario nor a client of one has this name. Without a run, its clients are unknown."""
    outcome = outcomes.get(name.partition("/")[0])
    if outcome is None or not outcome.has_reports:
        return outcome is None
    return folder / name not in {file.parent for file in verdict_files(folder / outcome.scenario)}


def write_record(folder: Path, record: Record) -> None:
    """Replace the record of a folder as a whole, because another command may read it."""
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / RECORD) as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
