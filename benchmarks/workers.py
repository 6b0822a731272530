"""A bridge of several processes on one PostgreSQL database: what a recipient costs, and what follows for a large one.

    python benchmarks workers --customers 5000

plays a campaign with 1, 2, 3 and 4 workers and two webhook processes. The processes themselves count their processor
time, their writing transactions, and for how long these waited and lasted. One transaction writes at a time, so its
duration is the part that more processes do not shorten. On a machine that does other work, durations are long, so the
model takes the processor time in these transactions, and adds a time for the network and the disk.
"""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median

import psutil
import psycopg
from rich.console import Console

from report import Sheet
from revisions import ROOT, working_tree
from usage import measure

# The group of processes, and the server, are those of the kills.
sys.path.extend([str(ROOT / "chaos"), str(ROOT / "mutants")])

from bridge_group import MEASURED
from postgres_server import URL_VARIABLE, PostgresServer, postgres_server

WEBHOOK_PROCESSES = 2
_CPU, _WRITES, _WAITED, _LASTED, _IN_WRITES = MEASURED
_RECIPIENTS_A_DAY = 100_000_000
#: The times of a day in which all its messages are sent.
_WINDOWS_H = (24, 8, 4)
# What a writing transaction waits for the network, and for the disk if it is durable: a common server and its disk.
_WRITE_WAITS_S = 0.001
# Above this share of its time, a processor or the one writer makes work wait for long.
_LOAD = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one recipient costs: processor µs by role, writing transactions, and µs that these waited and lasted.

    `in_writes` is the processor µs of the bridge in writing transactions. `log_bytes` is the growth of the server's
    log, `stored_bytes` that of the database.
    """

    workers: float
    webhooks: float
    database: float
    writes: float
    waited: float
    lasted: float
    in_writes: float
    log_bytes: float
    stored_bytes: float

    @property
    def processor(self) -> float:
        """All processor µs of bridge and database."""
        return self.workers + self.webhooks + self.database

    @property
    def writer(self) -> float:
        """The µs for which no other transaction can write, by the model: the server does little else."""
        return self.in_writes + self.database + self.writes * 1e6 * _WRITE_WAITS_S


def play(workers: int, customers: int, server: PostgresServer) -> Cost:
    """Play a campaign; return the cost of a recipient."""
    with tempfile.TemporaryDirectory() as name, psycopg.connect(server.url(), autocommit=True) as connection:
        folder, measured = Path(name), Path(name) / "measured.json"
        before = _database_counts(server, connection)
        group = [sys.executable, str(ROOT / "chaos" / "bridge_group.py"), "--workers", str(workers)]
        command = shlex.join([*group, "--webhooks", str(WEBHOOK_PROCESSES), "--measure", str(measured)])
        load = [sys.executable, "-m", "sendproof_harness", "load", "campaign", "--customers", str(customers)]
        load += ["--days", "1"]
        options = ["--timeout", "600", "--results", name, "--command", command]
        environment = {**working_tree().environment, URL_VARIABLE: os.environ[URL_VARIABLE]}
        measure([*load, *options], environment, folder / "load.log")
        used = [after - start for start, after in zip(before, _database_counts(server, connection), strict=True)]
        return _cost(json.loads(measured.read_text("utf-8")), used, customers)


def _database_counts(server: PostgresServer, connection: psycopg.Connection) -> tuple[float, float, float]:
    """Return the processor seconds of the server, the end of its log, and the bytes of the database."""
    root = psutil.Process(server.pid)
    ended = root.cpu_times()
    running = [process.cpu_times() for process in (root, *root.children())]
    seconds = sum(times.user + times.system for times in running) + ended.children_user + ended.children_system
    counted = connection.execute(
        "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_database_size(current_database())"
    ).fetchone()
    log_end, size = counted or (0, 0)
    return seconds, float(log_end), float(size)


def _cost(measured: Mapping[str, Mapping[str, float]], database: Sequence[float], customers: int) -> Cost:
    def total(counter: str, role: str = "") -> float:
        return sum(counts[counter] for process, counts in measured.items() if process.startswith(role)) / customers

    seconds, log_bytes, stored_bytes = database
    return Cost(
        workers=1e6 * total(_CPU, "worker"),
        webhooks=1e6 * total(_CPU, "webhooks"),
        database=1e6 * seconds / customers,
        writes=total(_WRITES),
        waited=1e6 * total(_WAITED),
        lasted=1e6 * total(_LASTED),
        in_writes=1e6 * total(_IN_WRITES),
        log_bytes=log_bytes / customers,
        stored_bytes=stored_bytes / customers,
    )


def predicted(costs: Mapping[int, Sequence[Cost]]) -> Mapping[int, float]:
    """Return the processor µs of a recipient by the number of workers, as the first two numbers say.

    Work is done once, by any worker. In virtual time, each worker looks for work at each instant.
    """
    first, second, *_ = [*costs, *costs]
    ends = [median(cost.processor for cost in costs[workers]) for workers in (first, second)]
    looks = (ends[1] - ends[0]) / (second - first) if second > first else 0.0
    return {workers: ends[0] + looks * (workers - first) for workers in costs}


def cost_sheet(costs: Mapping[int, Sequence[Cost]], customers: int) -> Sheet:
    """Return the medians by the number of workers, and their ratio to the model."""
    model = predicted(costs)
    rows = []
    for workers, played in costs.items():
        values = [
            median(getattr(cost, name) for cost in played)
            for name in ("workers", "webhooks", "database", "processor", "in_writes", "lasted", "waited")
        ]
        ratio = median(cost.processor for cost in played) / model[workers]
        writes = median(cost.writes for cost in played)
        rows.append([str(workers), *(f"{value:,.0f}" for value in values), f"{writes:.3f}", f"{ratio:.2f}"])
    columns = (
        f"workers, {customers:,} customers: µs each",
        "workers CPU",
        "webhooks CPU",
        "database CPU",
        "all CPU",
        "bridge CPU in writes",
        "writes lasted",
        "and waited",
        "writes",
        "all CPU / model",
    )
    bytes_ = [median(getattr(cost, name) for cost in costs[min(costs)]) for name in ("log_bytes", "stored_bytes")]
    first, last = min(costs), max(costs)
    looks = (model[last] - model[first]) / max(1, last - first)
    rule = (
        f"Model: {model[first] - looks:,.0f} µs of work, done once, and {looks:,.0f} µs for each worker, from the first"
        " two rows. In virtual time, each worker looks for work at each of the many instants with a receipt. In real"
        " time it looks when work is added, or something is due."
    )
    note = (
        f"The server writes {bytes_[0]:,.0f} bytes to its log for each recipient, and stores {bytes_[1]:,.0f}. It runs"
        " without fsync here: a flush of the disk lasts in addition, once for each durable transaction."
    )
    return Sheet(columns=columns, rows=rows, notes=(rule, note))


def size_sheet(cost: Cost) -> Sheet:
    """Return the machine for 100 million recipients a day, if all are sent within some hours, by the model."""
    rows = [_size_row(hours, cost) for hours in _WINDOWS_H]
    columns = (
        "100 million recipients within",
        "recipients/s",
        "worker processes",
        "webhook processes",
        "database processors",
        "writer in use",
        "databases or schemas",
        "log MB/s",
    )
    limit = _LOAD * 1e6 / cost.writer
    model = (
        f"A process uses one processor, and each is planned for a load of {_LOAD:.0%}. The rate is multiplied with the"
        " cost of a recipient with one worker, whose looks are included."
    )
    writer = (
        f"One database takes up to {limit:,.0f} recipients per second, because one transaction writes at a time: for"
        f" the processor time of bridge and database, and {1e3 * _WRITE_WAITS_S:.0f} ms of each write for network and"
        " disk. Beyond that, give groups of clients a bridge and a schema of their own: they share nothing, and one"
        " server can hold several schemas."
    )
    storage = f"A day needs {_RECIPIENTS_A_DAY * cost.stored_bytes / 1e9:,.0f} GB of storage."
    return Sheet(columns=columns, rows=rows, notes=(model, writer, storage))


def _size_row(hours: int, cost: Cost) -> list[str]:
    rate = _RECIPIENTS_A_DAY / (hours * 3_600)
    processes = [ceil(rate * us / 1e6 / _LOAD) for us in (cost.workers, cost.webhooks, cost.database)]
    writer = rate * cost.writer / 1e6
    figures = [f"{writer:.0%}", str(ceil(writer / _LOAD)), f"{rate * cost.log_bytes / 1e6:,.0f}"]
    return [f"{hours} hours", f"{rate:,.0f}", *map(str, processes), *figures]


def measure_workers(customers: int, numbers: Sequence[int], rounds: int, console: Console) -> list[Sheet]:
    """Play the campaign with each number of workers in turns; return the costs and the sizes."""
    costs: dict[int, list[Cost]] = {number: [] for number in numbers}
    with postgres_server() as server:
        os.environ[URL_VARIABLE] = server.url()
        # The first campaign of a server is dearer: its caches are empty.
        play(min(numbers), min(customers, 300), server)
        for round_number in range(rounds):
            for number in numbers if round_number % 2 == 0 else numbers[::-1]:
                console.print(f"Round {round_number + 1} of {rounds}: {number} workers", style="dim")
                costs[number].append(play(number, customers, server))
    alone = min(costs[min(costs)], key=lambda cost: cost.processor)
    return [cost_sheet(costs, customers), size_sheet(alone)]
