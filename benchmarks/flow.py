"""Benchmark of the whole flow: one campaign from its first page to its last report, judged.

    python benchmarks flow --customers 5000 --against main

prints processor µs per recipient, by stage and process, of this tree and of another revision. Both take turns. The
stages follow from the history: its lines have the virtual time, which separates the stages, and the real time, at which
the processor time of each process is read.
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console

from report import Sheet, spread
from revisions import Revision
from usage import ROLES, Measured, measure

# From `load/scenarios.py`: the campaign is sent at nine, and the first report is due at a quarter past.
_ANNOUNCED, _SENT, _REPORTED = "2026-03-02T06:30", "2026-03-02T09:00", "2026-03-02T09:15"
STAGES = ("start", "reading", "obligations", "sending", "receipts", "reports", "end")
#: Stages in which a user of a quick bridge waits for it; the cores in use are those of these stages.
BUSY = ("reading", "obligations", "sending", "receipts", "reports")
JUDGE, EXPLAIN = "judge", "explain"
#: What grows with the campaign: without start, export and end, which dominate a small one.
FLOW = (*BUSY, JUDGE)


class _Line(msgspec.Struct):
    kind: str
    at: str
    real: float
    owed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One flow: recipients, processor seconds by stage and role, seconds of the stages, and peak memory by role."""

    recipients: int
    cpu_s: Mapping[tuple[str, str], float]
    seconds: Mapping[str, float]
    peak_mb: Mapping[str, float]

    def per_recipient(self, stage: str | None = None, role: str | None = None) -> float:
        """Return the processor µs per recipient of a stage and a role; None means all of them."""
        parts = (s for (of, by), s in self.cpu_s.items() if stage in {None, of} and role in {None, by})
        return 1e6 * sum(parts) / self.recipients

    @property
    def cores(self) -> float:
        """Processors in use between the announcement and the last report."""
        used = sum(seconds for (stage, _), seconds in self.cpu_s.items() if stage in BUSY)
        return used / sum(self.seconds[stage] for stage in BUSY)


def play(revision: Revision, customers: int, provider: str) -> Flow:
    """Play a campaign with the programs of a revision, judge its history, and explain one customer."""
    with tempfile.TemporaryDirectory() as name:
        folder, environment = Path(name), revision.environment
        sendproof = [sys.executable, "-m", "sendproof_harness"]
        load = [*sendproof, "load", "campaign", "--customers", str(customers), "--provider", provider]
        options = ["--keep-history", "--results", name]
        played = measure([*load, *options], environment, folder / "load.log")
        history = folder / "load_campaign" / "history.ndjson"
        judged = measure([*sendproof, "judge", str(history)], environment, folder / "judge.log")
        explain = [*sendproof, "explain", str(folder / "load_campaign"), "C0000042"]
        explained = measure(explain, environment, folder / "explain.log")
        return _flow(played, {JUDGE: judged, EXPLAIN: explained}, _lines(history))


def _lines(history: Path) -> Iterator[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    with history.open("rb") as lines:
        yield from (decode(line) for line in lines if not line.isspace())


def _flow(played: Measured, after: Mapping[str, Measured], lines: Iterable[_Line]) -> Flow:
    recipients, read, sent, firsts = 0, 0.0, 0.0, dict.fromkeys((_ANNOUNCED, _SENT, _REPORTED), 0.0)
    last = 0.0
    for line in lines:
        recipients += line.kind == "obligation" and line.owed
        if line.real and line.kind != "clock":
            last = max(last, line.real)
            for moment, first in firsts.items():
                if not first and line.at >= moment:
                    firsts[moment] = line.real
            read = line.real if line.kind == "request" and line.at < _SENT else read
            sent = line.real if line.kind == "delivery" else sent
    edges = (played.began, firsts[_ANNOUNCED], read, firsts[_SENT], sent, firsts[_REPORTED], last, played.ended)
    spans = dict(zip(STAGES, pairwise(edges), strict=True))
    cpu_s = {
        (stage, role): usage.until(end) - usage.until(start)
        for stage, (start, end) in spans.items()
        for role, usage in played.usages.items()
    }
    cpu_s |= {(stage, "harness"): measured.cpu_s for stage, measured in after.items()}
    seconds = {stage: end - start for stage, (start, end) in spans.items()}
    peaks = {role: usage.peak_mb for role, usage in played.usages.items()}
    peaks |= {stage: max(usage.peak_mb for usage in measured.usages.values()) for stage, measured in after.items()}
    return Flow(recipients=recipients, cpu_s=cpu_s, seconds=seconds, peak_mb=peaks)


def flow_sheet(name: str, flows: Sequence[Flow]) -> Sheet:
    """Return the median processor µs per recipient, by stage and process, of the flows of one revision."""
    rows = [_row(stage, (stage,), flows) for stage in (*STAGES, JUDGE, EXPLAIN)]
    rows += [_row("all", (None,), flows), _row("without start and end", FLOW, flows)]
    memory = ", ".join(f"{role} {max(flow.peak_mb[role] for flow in flows):,.0f} MB" for role in flows[0].peak_mb)
    cores = f"Processors in use from the announcement to the last report: {median(flow.cores for flow in flows):.2f}."
    columns = (f"{name}, {flows[0].recipients:,} recipients: CPU µs each", *ROLES, "all", "seconds")
    return Sheet(columns=columns, rows=rows, notes=(f"Peak memory: {memory}. {cores}",))


def _row(title: str, stages: Sequence[str | None], flows: Sequence[Flow]) -> list[str]:
    values = [
        median(sum(flow.per_recipient(stage, role) for stage in stages) for flow in flows) for role in (*ROLES, None)
    ]
    seconds = median(sum(flow.seconds.get(stage or "", 0.0) for stage in stages) for flow in flows)
    return [title, *(f"{value:,.1f}" for value in values), f"{seconds:.1f}" if seconds else ""]


def ratio_sheet(name: str, before: Sequence[Flow], now: Sequence[Flow]) -> Sheet:
    """Return how many times more processor time another revision needs, by stage: each pair of one round."""
    rows = []
    for title, stages in (*((stage, (stage,)) for stage in (*STAGES, *FLOW[-1:])), ("without start and end", FLOW)):
        costs = [[sum(flow.per_recipient(stage) for stage in stages) for flow in flows] for flows in (before, now)]
        ratios = [old / max(0.1, new) for old, new in zip(*costs, strict=True)]
        rows.append([title, spread(ratios, 2)])
    return Sheet(columns=(f"CPU of {name} / CPU of this tree", "smallest / median / largest of the rounds"), rows=rows)


def compare(revisions: Sequence[Revision], customers: int, provider: str, rounds: int, console: Console) -> list[Sheet]:
    """Play the flow with each revision in turns, and return its tables and the ratios between the revisions."""
    flows: dict[str, list[Flow]] = {revision.name: [] for revision in revisions}
    for number in range(rounds):
        for revision in revisions if number % 2 == 0 else revisions[::-1]:
            console.print(f"Round {number + 1} of {rounds}: {revision.name}", style="dim")
            flows[revision.name].append(play(revision, customers, provider))
    first, *others = flows
    sheets = [flow_sheet(name, played) for name, played in flows.items()]
    return [*sheets, *(ratio_sheet(other, flows[other], flows[first]) for other in others)]
