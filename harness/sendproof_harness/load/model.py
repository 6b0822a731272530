"""What a load test brought: frozen records, to and from the file `result.json`.

They hold what was observed and no opinion; `verdict` judges them, here or elsewhere, now or later. Names of stages,
latencies, losses and processes are those by which the levels of `levels` are asked for, so each stands once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sendproof_harness.judge.findings import Blame

#: The version of the file. A file of another version is refused.
VERSION = 1

Kind = Literal["paging", "campaign", "triggers", "receipts", "preferences"]
Role = Literal["bridge", "simulators", "load generator"]
#: From when a latency counts. Who waits for a slow answer before the next call has not intended to call meanwhile,
#: and sees too little; what counts from the intended start sees all of it.
Since = Literal["the intended start", "the request"]

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Name = Annotated[str, Meta(min_length=1)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of a result have in common: an unknown key is an error."""


class Stage(Part, frozen=True, kw_only=True):
    """One part of the way, by real time from its first to its last event."""

    name: Name
    #: In the plural: `rows`, `messages`, `receipts`, `statements`, `triggers`, `customers`.
    unit: Name
    count: Count
    seconds: Amount

    @property
    def per_second(self) -> float:
        """How many a second; 0 where no time passed, as of one event alone nobody can say."""
        return self.count / self.seconds if self.seconds else 0.0


class Latency(Part, frozen=True, kw_only=True):
    """How long one kind of answer took, in milliseconds. `failed` of `count` calls did not succeed."""

    name: Name
    since: Since
    count: Count
    failed: Count = 0
    p50: Amount
    p90: Amount
    p95: Amount
    p99: Amount
    longest: Amount


class Loss(Part, frozen=True, kw_only=True):
    """One way in which something can be wrong, counted; that it is 0 is a statement, too.

    Of `looked_at` things that could be wrong so, `count` were; when nothing was looked at, nobody can say. `unit` is
    the plural of what was looked at. There are at most three `examples`.
    """

    name: Name
    count: Count
    looked_at: Count
    unit: Name
    blame: Blame
    examples: Annotated[tuple[str, ...], Meta(max_length=3)] = ()


class Process(Part, frozen=True, kw_only=True):
    """One process that took part, and what it took; `peak_mb` in millions of bytes."""

    role: Role
    name: Name
    pid: int
    peak_mb: Amount
    cpu_seconds: Amount


class Sample(Part, frozen=True, kw_only=True):
    """What was seen about once a second of real time; `at` counts seconds from the beginning."""

    at: Amount
    #: By stage, from the beginning until now.
    counts: Mapping[str, Count] = {}
    #: By latency, the 95th percentile since the last sample, in milliseconds; absent when nothing came.
    latency: Mapping[str, Amount] = {}
    #: By process, the processors in use since the last sample: 1.0 is one whole processor.
    cores: Mapping[str, Amount] = {}
    #: By process, in millions of bytes.
    memory_mb: Mapping[str, Amount] = {}
    #: The share of all processors of the machine that were in use, by whomever.
    machine: Annotated[float, Meta(ge=0, le=1)] = 0.0
    #: How late the load generator was with its own plan, the worst since the last sample; None where it has no plan.
    behind_ms: Amount | None = None


class LoadResult(Part, frozen=True, kw_only=True, tag_field="sendproof_load", tag=VERSION):
    """Everything that a load test brought.

    `settings` is what was asked for, in words for people. `began` is ISO 8601 in UTC. `trouble` says why it ended early
    and `trouble_blame` whose fault that was; both are None when it came to its end.
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
    processes: tuple[Process, ...] = ()
    samples: tuple[Sample, ...] = ()
    abort_reason: str | None = None
    abort_blame: Blame | None = None

    def __post_init__(self) -> None:
        for part, entries in (
            ("stage", self.stages),
            ("latency", self.latencies),
            ("loss", self.losses),
            ("process", self.processes),
        ):
            _must_stand_once(part, entries)
        if any(later.at <= earlier.at for earlier, later in pairwise(self.samples)):
            raise ValueError("expected samples each later than the one before it, got another order")
        if (self.abort_reason is None) != (self.abort_blame is None):
            raise ValueError("expected trouble with trouble_blame, or neither, got one of them")


class ResultError(ValueError):
    """The file is not a result that can be judged; the message says what was expected."""


def write_result(result: LoadResult, file: Path) -> None:
    """Save it; `OSError` when that cannot be."""
    file.write_bytes(as_json(result))


def read_result(file: Path) -> LoadResult:
    """Read it again; `ResultError` says what is wrong with the content, `OSError` that there is none."""
    return from_json(file.read_bytes())


def as_json(result: LoadResult) -> bytes:
    """The content of `result.json`."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def from_json(content: bytes) -> LoadResult:
    """The result that was saved so; `ResultError` for anything else."""
    try:
        version = msgspec.json.decode(content, type=_Opening).sendproof_load
    except msgspec.DecodeError as error:
        raise ResultError(_NOT_A_RESULT.format(error)) from error
    if version != VERSION:
        raise ResultError(_OTHER_VERSION.format(VERSION, version))
    try:
        return msgspec.json.decode(content, type=LoadResult)
    except msgspec.DecodeError as error:
        raise ResultError(f"this result cannot be read: {error}; run the load test again") from error


class _Opening(msgspec.Struct):
    sendproof_load: int


_NOT_A_RESULT = 'this is not the result of a load test: expected {{"sendproof_load": 1, ...}}, got: {}'
_OTHER_VERSION = "expected a result of version {}, got {}; judge it with the Sendproof that wrote it"


def _must_stand_once(part: str, entries: Iterable[Stage | Latency | Loss | Process]) -> None:
    for name, times in Counter(entry.name for entry in entries).items():
        if times > 1:
            raise ValueError(f'expected each {part} once, got "{name}" {times} times')
