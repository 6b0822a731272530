"""The figures of an attack: by port and kind, by process, and the findings with the commands that repeat them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

#: Outcomes of a request, in the order of the columns. `closed`: the server closed the connection without a response.
ACCEPTED, REFUSED, CLOSED, LEFT = "accepted", "refused", "closed", "left"
OUTCOMES = (ACCEPTED, REFUSED, CLOSED, LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must not happen: the port, the number and kind of the request, and what happened."""

    port: str
    number: int
    kind: str
    text: str


@dataclass(kw_only=True)
class PortFigures:
    """The results of one port. `slowest_s` is of a hostile request, `health_s` of the well-behaved client."""

    port: str
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    health_requests: int = 0
    health_slowest_s: float = 0.0

    @property
    def sent(self) -> int:
        """The number of hostile requests."""
        return sum(self.outcomes.values())

    def by_outcome(self, outcome: str) -> int:
        """Return the number of requests with an outcome."""
        return sum(count for (_, found), count in self.outcomes.items() if found == outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """Memory of a process, or of a program with all its processes, in MB: after the warm-up, the most, and at the end.

    `during` names the request during which it last rose; requests to other ports may have done so as well.
    """

    name: str
    before_mb: float
    most_mb: float
    end_mb: float
    during: str = ""

    @property
    def growth_mb(self) -> float:
        """The largest growth."""
        return self.most_mb - self.before_mb


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of an attack, by port and by process.

    `own_delay_s` is the longest time for which the attack kept its own clients waiting, which is no part of theirs.
    """

    ports: Sequence[PortFigures]
    memory: Sequence[ProcessMemory]
    own_delay_s: float


def print_report(console: Console, figures: Figures, *, command: str, warm_up: str, limit_mb: float) -> None:
    """Print all tables, and each finding with the command that repeats it: `command` with the port and the number.

    `warm_up` is what happened before the memory was measured for the first time.
    """
    own = f"without the delays by the attack itself, of which the longest was {figures.own_delay_s:.2f} s"
    console.print(_kind_table(figures.ports))
    console.print(_port_table(figures.ports))
    console.print(f"its slowest: {own}", markup=False, highlight=False)
    console.print(_memory_table(figures.memory))
    console.print(f"memory before: after the warm-up, which is {warm_up}", markup=False, highlight=False)
    for finding in (finding for port in figures.ports for finding in port.findings):
        console.print(f"! {finding.port}, {finding.kind}: {finding.text}", markup=False, highlight=False)
        repeated = f"{command} --port '{finding.port}' --only {finding.number}"
        console.print(f"  repeat with: {repeated}", markup=False, highlight=False)
    for process in figures.memory:
        if process.growth_mb > limit_mb:
            text = f"! {process.name}: expected at most {limit_mb:.0f} MB of growth, got {process.growth_mb:.0f} MB"
            console.print(text, markup=False, highlight=False)


def _kind_table(ports: Sequence[PortFigures]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("kind")
    for port in ports:
        table.add_column(port.port, justify="right")
    counts: Mapping[str, Counter[str]] = {port.port: Counter() for port in ports}
    for port in ports:
        for (kind, _), count in port.outcomes.items():
            counts[port.port][kind] += count
    for kind in sorted({kind for counter in counts.values() for kind in counter}):
        table.add_row(kind, *(f"{counts[port.port][kind]:,}" for port in ports))
    return table


def _port_table(ports: Sequence[PortFigures]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("port", "sent", *OUTCOMES, "findings", "other client", "its slowest"):
        table.add_column(column, justify="left" if column == "port" else "right")
    for port in ports:
        outcomes = [f"{port.by_outcome(outcome):,}" for outcome in OUTCOMES]
        health = [f"{port.health_requests:,}", f"{port.health_slowest_s:.2f} s"]
        table.add_row(port.port, f"{port.sent:,}", *outcomes, str(len(port.findings)), *health)
    return table


def _memory_table(memory: Sequence[ProcessMemory]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("process", "MB before", "most", "at the end", "growth", "last rise during"):
        table.add_column(column, justify="left" if column in {"process", "last rise during"} else "right")
    for process in memory:
        figures = (process.before_mb, process.most_mb, process.end_mb, process.growth_mb)
        table.add_row(process.name, *(f"{figure:.0f}" for figure in figures), process.during)
    return table
