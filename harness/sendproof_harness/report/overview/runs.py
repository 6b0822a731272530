"""The runs in a results folder, with the earlier ones, as their `verdict.json` files state them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.history.record import JSON_ERRORS
from sendproof_harness.judge.verdict import WORST_FIRST, Status
from sendproof_harness.report.summary import NOT_DUE, OPEN

#: The newest runs of one scenario that a reader sees as a trend.
RUNS_MAX = 30
_VERDICT = "verdict.json"
_REPORT = "report.html"
_EARLIER = "earlier"
# A verdict is some ten kilobytes; that of a long load test some megabytes.
_MAX_BYTES = 50_000_000


class _Scenario(msgspec.Struct):
    name: str
    file: str


class _Circumstances(msgspec.Struct):
    began: datetime
    duration_s: float
    bridge: str


class _Identity(msgspec.Struct):
    sendproof: str
    run: _Circumstances | None = None


class _Part(msgspec.Struct):
    """One check of a run, or one level of a load test."""

    verdict: Status | None = None
    status: Status | None = None


class _Stage(msgspec.Struct):
    unit: str
    per_second: float | None = None


class _LoadResult(msgspec.Struct):
    title: str
    began: datetime
    seconds: float
    seed: int
    settings: dict[str, str] = {}
    stages: list[_Stage] = []


class _Verdict(msgspec.Struct):
    """The members of both kinds of `verdict.json` that the overview shows; it ignores all others."""

    report: str
    verdict: Status
    summary: str
    seed: int | None = None
    scenario: _Scenario | None = None
    identity: _Identity | None = None
    ledger: dict[str, int] = {}
    checks: list[_Part] = []
    levels: list[_Part] = []
    result: _LoadResult | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; `report` is its page, relative to the results folder. Values that a run does not have are None."""

    report: str
    title: str
    verdict: Status
    summary: str
    right: int
    due: int
    passed: int
    parts: int
    began: datetime | None = None
    duration_s: float | None = None
    per_second: float | None = None
    unit: str = ""
    tested: str = ""
    sendproof: str = ""
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """The runs of one scenario or load test, the newest last."""

    name: str
    runs: tuple[Run, ...]

    @property
    def newest(self) -> Run:
        """The last run."""
        return self.runs[-1]

    @property
    def change(self) -> str:
        """How the verdict differs from that of the run before: `better`, `worse`, or empty."""
        if len(self.runs) < 2:  # noqa: PLR2004
            return ""
        before, now = (WORST_FIRST.index(run.verdict) for run in self.runs[-2:])
        return "better" if now > before else "worse" if now < before else ""


def find_series(results: Path) -> tuple[Series, ...]:
    """Return every scenario with a verdict in the results folder: the worst first, then by name."""
    found = (
        Series(name=name, runs=runs) for name, folder in _folders(results) if (runs := _runs(results, folder, name))
    )
    return tuple(sorted(found, key=lambda series: (WORST_FIRST.index(series.newest.verdict), series.name)))


def _folders(results: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the folder of each scenario, and of each client of a scenario with several."""
    for folder in sorted(results.iterdir()):
        if not folder.is_dir():
            continue
        yield folder.name, folder
        clients = {
            path.parent.name for path in (*folder.glob(f"*/{_VERDICT}"), *folder.glob(f"{_EARLIER}/*/*/{_VERDICT}"))
        }
        yield from ((f"{folder.name}/{client}", folder) for client in sorted(clients - {_EARLIER}))


def _runs(results: Path, folder: Path, name: str) -> tuple[Run, ...]:
    client = name.removeprefix(folder.name).strip("/")
    places = [place / client for place in (*_earlier(folder), folder)]
    newest = [place for place in places if (place / _VERDICT).is_file()][-RUNS_MAX:]
    runs = [run for place in newest if (run := _run(results, place, name)) is not None]
    # A run that was judged again has two verdicts; the newer one counts.
    by_start = {run.began or run.report: run for run in runs}
    return tuple(by_start.values())


def _earlier(folder: Path) -> Sequence[Path]:
    """Return the folders of earlier runs, the oldest first."""
    earlier = folder / _EARLIER
    if not earlier.is_dir():
        return []
    return sorted((path for path in earlier.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


def _run(results: Path, place: Path, name: str) -> Run | None:
    """Return the run in a folder; None if its verdict cannot be read, for example because it is being written."""
    try:
        content = msgspec.json.decode(read_bounded(place / _VERDICT, _MAX_BYTES), type=_Verdict)
    except (OSError, FileTooLargeError, *JSON_ERRORS):
        return None
    report = (place / _REPORT).relative_to(results).as_posix()
    return _load_run(content, content.result, report) if content.result else _scenario_run(content, report, name)


def _scenario_run(content: _Verdict, report: str, name: str) -> Run:
    run = content.identity.run if content.identity else None
    due = sum(count for kind, count in content.ledger.items() if kind not in (*NOT_DUE, *OPEN))
    return Run(
        report=report,
        title=content.scenario.name if content.scenario else name,
        verdict=content.verdict,
        summary=content.summary,
        right=content.ledger.get("ok", 0),
        due=due,
        passed=sum(check.verdict == "pass" for check in content.checks),
        parts=len(content.checks),
        began=run.began if run else None,
        duration_s=run.duration_s if run else None,
        tested=run.bridge if run else "",
        sendproof=content.identity.sendproof if content.identity else "",
        seed=content.seed,
    )


def _load_run(content: _Verdict, result: _LoadResult, report: str) -> Run:
    stage = next((stage for stage in reversed(result.stages) if stage.per_second), None)
    return Run(
        report=report,
        title=result.title,
        verdict=content.verdict,
        summary=content.summary,
        right=0,
        due=0,
        passed=sum(level.status == "pass" for level in content.levels),
        parts=len(content.levels),
        began=result.began,
        duration_s=result.seconds,
        per_second=stage.per_second if stage else None,
        unit=stage.unit if stage else "",
        tested=result.settings.get("bridge", ""),
        seed=result.seed,
    )
