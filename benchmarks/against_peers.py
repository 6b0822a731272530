"""Benchmark of the simulators beside mock servers and nginx, under the same load in one run.

Rates are only comparable within one run on one machine, so all servers take turns in every round, after a warm-up.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.progress import track
from rich.table import Table

from content import Case, Content, cases, content_of
from load import load, requests_of
from peers import Peer, install
from server import BenchmarkError, Server
from simulators import OURS, fill, simulators

START_TIMEOUT_S = 60
# Java compiles what is called often.
WARM_UP_S = 2.0
PAUSE_S = 0.02
IDLE_S = 0.25
# The system counts processor time in steps of 10 ms, and a busy machine gives a server little of it in a second.
LEAST_CPU_S = 0.3
LONGEST_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One measurement of a case: responses per second, and processor µs of the server per response."""

    per_second: float
    cpu_us: float


@dataclass(kw_only=True)
class Measured:
    """All measurements: shots by case and server, and by server the start, the memory and the waits beside pages."""

    shots: dict[tuple[str, str], list[Shot]] = field(default_factory=dict)
    start_cpu_s: dict[str, list[float]] = field(default_factory=dict)
    start_s: dict[str, list[float]] = field(default_factory=dict)
    idle_mb: dict[str, float] = field(default_factory=dict)
    loaded_mb: dict[str, float] = field(default_factory=dict)
    waits_ms: dict[str, list[float]] = field(default_factory=dict)


def measure_all(console: Console, rounds: int, seconds: float, starts: int, only: Iterable[str]) -> Measured:
    """Install the peers, and measure them and the simulators."""
    wanted = tuple(word.lower() for word in only)
    peers = [peer for peer in install(console) if not wanted or peer.name.lower().startswith(wanted)]
    measured = Measured()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        control, default = stack.enter_context(simulators())
        ours = fill(control, default)
        content = _content(ours)
        console.print(f"Measuring the start of each server, {starts} times")
        _measure_starts(measured, OURS, starts, simulators, lambda started: started[1])
        for number, peer in enumerate(peers):
            starter = _starter(peer, content, Path(name) / f"start{number}")
            _measure_starts(measured, peer.name, starts, starter, lambda started: started)
        servers = [ours]
        servers += [stack.enter_context(peer.start(content, Path(name) / str(n))) for n, peer in enumerate(peers)]
        for server in servers:
            wait_for_response(server)
        _measure_cases(measured, servers, rounds, seconds, console)
        for server in servers:
            measured.loaded_mb[server.name] = server.memory_mb()
            if "pages" in server.serves:
                measured.waits_ms[server.name] = waits_beside_pages(server, 3 * seconds)
    return measured


def _starter(peer: Peer, content: Content, folder: Path) -> Callable[[], AbstractContextManager[Server]]:
    return lambda: peer.start(content, folder)


def _content(ours: Server) -> Content:
    """Return the responses of the simulators, which the peers serve as fixed bytes."""
    by_kind = {case.kind: case for case in cases()}
    small = send(ours, by_kind["small"], by_kind["small"].paths[0]).content
    pages = tuple(send(ours, by_kind["pages"], path).content for path in by_kind["pages"].paths)
    return content_of(small, pages)


def send(server: Server, case: Case, path: str) -> requests.Response:
    """Send one request of a case."""
    headers = {**server.headers, **({"Content-Type": "application/json"} if case.body else {})}
    return requests.request(case.method, server.url + path, data=case.body, headers=headers, timeout=60)


def wait_for_response(server: Server) -> None:
    """Wait until a server responds correctly to the small request."""
    small, pause, began = cases()[0], threading.Event(), time.perf_counter()
    while time.perf_counter() - began < START_TIMEOUT_S:
        try:
            if send(server, small, small.paths[0]).ok:
                return
        except requests.ConnectionError:
            pass
        pause.wait(PAUSE_S)
    raise BenchmarkError(f"{server.name}: expected a response to {small.paths[0]} in {START_TIMEOUT_S} s, got none")


def _measure_starts(
    measured: Measured,
    name: str,
    times: int,
    start: Callable[[], AbstractContextManager[Any]],
    server_of: Callable[[Any], Server],
) -> None:
    for _ in range(times):
        began = time.perf_counter()
        with start() as started:
            server = server_of(started)
            wait_for_response(server)
            measured.start_s.setdefault(name, []).append(time.perf_counter() - began)
            measured.start_cpu_s.setdefault(name, []).append(server.cpu_s())
            measured.idle_mb[name] = server.memory_mb()


def _measure_cases(measured: Measured, servers: list[Server], rounds: int, seconds: float, console: Console) -> None:
    pairs = [(case, server) for case in cases() for server in servers if case.kind in server.serves]
    for case, server in track(pairs, description="Warming up", console=console, transient=True):
        check(server, case)
        shoot(server, case, WARM_UP_S)
    for number in track(range(rounds), description="Measuring", console=console, transient=True):
        for case, server in pairs if number % 2 == 0 else pairs[::-1]:
            measured.shots.setdefault((case.name, server.name), []).append(shoot(server, case, seconds))


def check(server: Server, case: Case) -> None:
    """Check the status and the number of rows of the first and the last path: no wrong response is measured."""
    for path in (case.paths[0], case.paths[-1]):
        response = send(server, case, path)
        rows = len(response.json()) if case.rows is not None and response.ok else None
        if not response.ok or rows != case.rows:
            got = f"{response.status_code} {response.text[:300]}"
            raise BenchmarkError(f"{server.name}, {case.name}: expected {case.rows} rows, got {got}")


def shoot(server: Server, case: Case, seconds: float) -> Shot:
    """Load a server with a case, and return what a response costs."""
    headers = {**server.headers, "Content-Type": "application/json"}
    encoded = requests_of(server.url, case.method, case.paths, headers, case.body)
    wait_until_idle(server)
    before, latest = server.cpu_s(), time.perf_counter() + LONGEST_S

    def is_enough() -> bool:
        return server.cpu_s() - before >= LEAST_CPU_S or time.perf_counter() > latest

    loaded = load(server.url, encoded, seconds, is_enough=is_enough)
    cpu_us = 1e6 * (server.cpu_s() - before) / max(1, loaded.responses)
    return Shot(per_second=loaded.responses / loaded.seconds, cpu_us=cpu_us)


def wait_until_idle(server: Server) -> None:
    """Wait until a server has finished the requests of clients that have gone, so that they do not count."""
    pause, used = threading.Event(), -1.0
    latest = time.perf_counter() + START_TIMEOUT_S
    while used < (used := server.cpu_s()) and time.perf_counter() < latest:
        pause.wait(IDLE_S)


def waits_beside_pages(server: Server, seconds: float) -> list[float]:
    """Return the times (ms) of small requests, one after the other, while two connections read different pages."""
    wait_until_idle(server)
    small, pages = (next(case for case in cases() if case.kind == kind) for kind in ("small", "pages"))
    encoded = requests_of(server.url, "GET", pages.paths, dict(server.headers), b"")
    reader = threading.Thread(target=load, args=(server.url, encoded, seconds, 2), daemon=True)
    reader.start()
    waits = []
    with requests.Session() as session:
        while reader.is_alive():
            began = time.perf_counter()
            session.get(server.url + small.paths[0], headers=dict(server.headers), timeout=60)
            waits.append(1000 * (time.perf_counter() - began))
    return waits


# -- the report --------------------------------------------------------------------------------------


def ratios(ours: list[float], theirs: list[float]) -> str:
    """Return the ratios of pairs of one round: smallest / median / largest."""
    values = sorted(our / max(1e-9, their) for our, their in zip(ours, theirs, strict=True))
    return " / ".join(f"{value:.1f}" for value in (values[0], statistics.median(values), values[-1]))


def peer_table(measured: Measured) -> Table:
    """Return the costs and rates of each case and server, with the ratios of the same rounds."""
    table = Table(
        "case", "server", "CPU µs", "per second", "their CPU / ours", "our rate / theirs", box=None, width=130
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for (case, server), shots in sorted(measured.shots.items(), key=lambda item: _order(item[0])):
        ours = measured.shots[case, OURS]
        cpu, rate = ([getattr(shot, name) for shot in shots] for name in ("cpu_us", "per_second"))
        own_cpu, own_rate = ([getattr(shot, name) for shot in ours] for name in ("cpu_us", "per_second"))
        compared = ["", ""] if server == OURS else [ratios(cpu, own_cpu), ratios(own_rate, rate)]
        figures = [f"{statistics.median(cpu):,.0f}", f"{statistics.median(rate):,.1f}"]
        table.add_row(case if server == OURS else "", server, *figures, *compared)
    return table


def _order(key: tuple[str, str]) -> tuple[int, bool, str]:
    case, server = key
    return [case.name for case in cases()].index(case), server != OURS, server


def process_table(measured: Measured) -> Table:
    """Return the start and the memory of each server."""
    table = Table("server", "CPU s to first response", "seconds", "idle MB", "MB after load", box=None)
    for name, cpu in measured.start_cpu_s.items():
        figures: Mapping[str, float] = {
            "cpu": statistics.median(cpu),
            "seconds": statistics.median(measured.start_s[name]),
        }
        memory = [f"{measured.idle_mb[name]:,.0f}", f"{measured.loaded_mb.get(name, 0):,.0f}"]
        table.add_row(name, f"{figures['cpu']:.2f}", f"{figures['seconds']:.2f}", *memory)
    return table


def wait_lines(measured: Measured) -> list[str]:
    """Return the waits of small requests beside pages, as text."""
    lines = []
    for name, waits in measured.waits_ms.items():
        ordered = sorted(waits)
        middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        lines.append(f"{name}: p50 {middle:.1f} ms, p99 {late:.1f} ms, longest {ordered[-1]:.1f} ms of {len(waits):,}")
    return lines
