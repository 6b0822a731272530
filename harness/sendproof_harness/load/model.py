"""Result of a load test: frozen records, and `result.json`.

The records hold observations only; `verdict` judges them, at any later time and on any machine. Service levels refer to
stages, latencies, losses and processes by name, so each name is unique.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.bounded_http import decode_json
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.judge.findings import Blame

#: Version of the file format. Files of other versions are refused.
VERSION = 1
# The result of an hour is a hundredth of this.
RESULT = "result.json"
#: Number of causes that are kept of each check.
MAX_CAUSES = 3
MAX_BYTES = 100_000_000

Kind = Literal["paging", "campaign", "triggers", "receipts", "preferences", "day", "soak"]
Role = Literal["bridge", "simulators", "load generator"]
#: Start of a latency. A caller that waits for a slow response before its next request starts that request late, so a
#: latency that counts from the request is too small. One that counts from the intended start includes the delay.
Since = Literal["the intended start", "the request"]

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1)]


class ResultPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of a result; an unknown key is an error."""


class Stage(ResultPart, frozen=True, kw_only=True):
    """One stage of the work; `seconds` is real time from its first to its last event."""

    name: Name
    #: Plural: `rows`, `messages`, `receipts`, `statements`, `triggers`, `customers`.
    unit: Name
    count: Count
    seconds: Amount

    @property
    def per_second(self) -> float:
        """Rate per second; 0 if no time passed, because a single event has no rate."""
        return self.count / self.seconds if self.seconds else 0.0


class Latency(ResultPart, frozen=True, kw_only=True):
    """Response times of one kind of call, in milliseconds; `failed` of `count` calls failed."""

    name: Name
    since: Since
    count: Count
    failed: Count = 0
    p50: Amount
    p90: Amount
    p95: Amount
    p99: Amount
    longest: Amount


class Loss(ResultPart, frozen=True, kw_only=True):
    """Number of defects of one kind; a count of 0 is an observation, too.

    `looked_at` is the number of checked items and `unit` their plural noun. If no item was checked, the loss is
    undetermined. There are at most three `examples`.
    """

    name: Name
    count: Count
    looked_at: Count
    unit: Name
    blame: Blame
    examples: Annotated[tuple[str, ...], Meta(max_length=3)] = ()


class HistoryCheck(ResultPart, frozen=True, kw_only=True):
    """One check of `sendproof run` on the history of the load test, with the number of its findings.

    `causes` has the most serious ones, each with its number and its first example.
    """

    id: Name
    title: Name
    requirement: Name
    status: Literal["error", "fail", "unknown", "pass"]
    looked_at: Count
    unit: Name
    count: Count = 0
    blame: Blame | None = None
    causes: Annotated[tuple[str, ...], Meta(max_length=MAX_CAUSES)] = ()


class Process(ResultPart, frozen=True, kw_only=True):
    """One process of the load test and its use of the machine; `peak_mb` is in millions of bytes."""

    role: Role
    name: Name
    pid: int
    peak_mb: Amount
    cpu_seconds: Amount


class Sample(ResultPart, frozen=True, kw_only=True):
    """Observations of about one second of real time; `at` is in seconds since the start."""

    at: Amount
    #: By stage: count since the start.
    counts: Mapping[str, Count] = {}
    #: By latency: 95th percentile since the previous sample, in milliseconds; absent without responses.
    latency: Mapping[str, Amount] = {}
    #: By process: processors in use since the previous sample; 1.0 is one whole processor.
    cores: Mapping[str, Amount] = {}
    #: By process: memory in millions of bytes.
    memory_mb: Mapping[str, Amount] = {}
    #: By process: open file descriptors; absent where they are not known.
    descriptors: Mapping[str, Count] = {}
    #: Share of all processors of the machine in use, by any process.
    machine: Annotated[float, Meta(ge=0, le=1)] = 0.0
    #: Largest delay of the load generator behind its schedule since the previous sample; None without a schedule.
    behind_ms: Amount | None = None


class LoadResult(ResultPart, frozen=True, kw_only=True, tag_field="sendproof_load", tag=VERSION):
    """All observations of a load test.

    `settings` is the requested configuration as text. `began` is ISO 8601 in UTC. If the load test ended early,
    `abort_reason` is the reason and `abort_blame` the responsible party; otherwise both are None.
    """

    kind: Kind
    title: Name
    settings: Mapping[str, str] = {}
    seed: int
    began: str
    seconds: Amount
    processors: Annotated[int, Meta(ge=1)]
    stages: tuple[Stage, ...] = ()
    latencies: tuple[Latency, ...] = ()
    losses: tuple[Loss, ...] = ()
    #: Only of tests that keep a history until it is judged: `campaign`, `receipts` and `day`.
    checks: tuple[HistoryCheck, ...] = ()
    processes: tuple[Process, ...] = ()
    samples: tuple[Sample, ...] = ()
    abort_reason: str | None = None
    abort_blame: Blame | None = None

    def __post_init__(self) -> None:
        for part, entries in (
            ("stage", self.stages),
            ("latency", self.latencies),
            ("loss", self.losses),
            ("check", self.checks),
            ("process", self.processes),
        ):
            _require_unique_names(part, entries)
        if any(after.at <= before.at for before, after in pairwise(self.samples)):
            raise ValueError("expected samples in increasing order of time, got another order")
        if (self.abort_reason is None) != (self.abort_blame is None):
            raise ValueError("expected both abort_reason and abort_blame, or neither, got one of them")


class ResultError(ValueError):
    """Content that is not a load test result; the message names what was expected."""


def write_result(result: LoadResult, file: Path) -> None:
    """Save a result as `result.json`. Raises `OSError` if the file cannot be written."""
    file.write_bytes(as_json(result))


def read_result(file: Path) -> LoadResult:
    """Read `result.json`, given the file or its folder. `ResultError` if it is missing or invalid."""
    try:
        path = file / RESULT if file.is_dir() else file
        content = read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise ResultError(
            f"{file}: no load result ({error.strerror}); expected the {RESULT} of a load test, or its folder, "
            "such as results/load_campaign"
        ) from error
    except FileTooLargeError as error:
        raise ResultError(f"{path}: " + _NOT_A_RESULT.format(error)) from error
    try:
        return from_json(content)
    except ResultError as error:
        raise ResultError(f"{path}: {error}") from error


def as_json(result: LoadResult) -> bytes:
    """Return the content of `result.json`."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def from_json(content: bytes) -> LoadResult:
    """Parse the content of `result.json`. Raises `ResultError` if it is invalid."""
    try:
        version = msgspec.json.decode(content, type=_Header).sendproof_load
    except JSON_ERRORS as error:
        raise ResultError(_NOT_A_RESULT.format(_reason(content, error))) from error
    if version != VERSION:
        raise ResultError(_OTHER_VERSION.format(VERSION, version))
    try:
        return msgspec.json.decode(content, type=LoadResult)
    except JSON_ERRORS as error:
        raise ResultError(f"this load test result cannot be read: {error}; run the load test again") from error


def _reason(content: bytes, error: Exception) -> str:
    """Return where the content is no JSON, or how else it is wrong."""
    try:
        decode_json(content)
    except ValueError as syntax:
        return str(syntax)
    return str(error)


class _Header(msgspec.Struct):
    sendproof_load: int


_NOT_A_RESULT = (
    'this is not a load test result: expected {{"sendproof_load": 1, ...}}, got: {}; '
    "name the result.json of a load test"
)
_OTHER_VERSION = "expected a result of version {}, got {}; judge it with the Sendproof version that wrote it"


def _require_unique_names(part: str, entries: Iterable[Stage | Latency | Loss | HistoryCheck | Process]) -> None:
    names = (entry.id if isinstance(entry, HistoryCheck) else entry.name for entry in entries)
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f'expected each {part} once, got "{name}" {times} times')
