"""Benchmark of the simulators beside mock servers and nginx, under the same load in one run.

Rates are only comparable within one run on one machine, so all servers take turns in every round, after a warm-up.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import requests
from rich.console import Console
from rich.progress import track

from content import Case, Content, cases, content_of
from load import load, requests_of
from peers import Peer, install
from report import Sheet, spread
from server import BenchmarkError, Server
from simulators import OURS, fill, simulators

START_TIMEOUT_S = 180
# Java compiles what is called often.
WARM_UP_S = 2.0
PAUSE_S = 0.02
IDLE_S = 0.25
# The system counts processor time in steps of 10 ms, and a busy machine gives a server little of it in a second.
LEAST_CPU_S = 0.3
WAITS_S = 5.0
LONGEST_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One measurement of a case: responses per second, and processor µs of the server per response."""

    per_second: float
    cpu_us: float


class Wait(NamedTuple):
    """The time of one small request, and the processor time of the server in it, in ms."""

    ms: float
    cpu_ms: float


@dataclass(kw_only=True)
class Measured:
    """All measurements: shots by case and server, and by server the start, the memory and the waits beside pages."""

    shots: dict[tuple[str, str], list[Shot]] = field(default_factory=dict)
    start_cpu_s: dict[str, list[float]] = field(default_factory=dict)
    start_s: dict[str, list[float]] = field(default_factory=dict)
    idle_mb: dict[str, float] = field(default_factory=dict)
    loaded_mb: dict[str, float] = field(default_factory=dict)
    waits: dict[str, list[Wait]] = field(default_factory=dict)


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
                measured.waits[server.name] = waits_beside_pages(server, WAITS_S)
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


def waits_beside_pages(server: Server, seconds: float) -> list[Wait]:
    """Return the waits of small requests, one after the other, while two connections read different pages."""
    wait_until_idle(server)
    small, pages = (next(case for case in cases() if case.kind == kind) for kind in ("small", "pages"))
    encoded = requests_of(server.url, "GET", pages.paths, dict(server.headers), b"")
    reader = threading.Thread(target=load, args=(server.url, encoded, seconds, 2), daemon=True)
    waits: list[Wait] = []
    with requests.Session() as session:
        reader.start()
        while reader.is_alive():
            began, used = time.perf_counter(), server.cpu_s()
            session.get(server.url + small.paths[0], headers=dict(server.headers), timeout=60)
            waits.append(Wait(1000 * (time.perf_counter() - began), 1000 * (server.cpu_s() - used)))
    return waits


# -- the report --------------------------------------------------------------------------------------


def ratios(more: Sequence[float], less: Sequence[float]) -> str:
    """Return the ratios of pairs of one round: smallest / median / largest."""
    return spread([first / max(1e-9, second) for first, second in zip(more, less, strict=True)])


def peer_sheet(measured: Measured) -> Sheet:
    """Return the costs and rates of each case and server, with the ratios of the same rounds."""
    rows = []
    for (case, server), shots in sorted(measured.shots.items(), key=lambda item: _order(item[0])):
        cpu, rate = _figures(shots)
        own_cpu, own_rate = _figures(measured.shots[case, OURS])
        compared = ["", ""] if server == OURS else [ratios(cpu, own_cpu), ratios(own_rate, rate)]
        rows.append([case, server, f"{median(cpu):,.0f}", f"{median(rate):,.1f}", *compared])
    return Sheet(columns=("case", "server", "CPU µs", "per second", "their CPU / ours", "our rate / theirs"), rows=rows)


def _figures(shots: Sequence[Shot]) -> tuple[list[float], list[float]]:
    return [shot.cpu_us for shot in shots], [shot.per_second for shot in shots]


def _order(key: tuple[str, str]) -> tuple[int, bool, str]:
    case, server = key
    return [case.name for case in cases()].index(case), server != OURS, server


def process_sheet(measured: Measured) -> Sheet:
    """Return the start and the memory of each server."""
    rows = []
    for name, cpu in measured.start_cpu_s.items():
        memory = [f"{mb:,.0f}" for mb in (measured.idle_mb[name], measured.loaded_mb.get(name, 0))]
        rows.append([name, spread(cpu, 2), spread(measured.start_s[name], 2), *memory])
    columns = ("server", "CPU s to the first response", "seconds", "idle MB", "MB after the load")
    return Sheet(columns=columns, rows=rows, notes=("Small requests while two connections read different pages:",))


def wait_sheet(measured: Measured) -> Sheet:
    """Return the waits of small requests beside pages."""
    rows = []
    for name, waits in measured.waits.items():
        by_time, by_cpu = sorted(wait.ms for wait in waits), sorted(wait.cpu_ms for wait in waits)
        chosen = [f"{by_time[int(len(waits) * share)]:.1f}" for share in (0.5, 0.99)]
        longest = [f"{by_time[-1]:.1f}", f"{by_cpu[int(len(waits) * 0.99)]:.0f}", f"{by_cpu[-1]:.0f}"]
        rows.append([name, f"{len(waits):,}", *chosen, *longest])
    columns = ("server", "requests", "p50 ms", "p99 ms", "longest ms", "p99 CPU ms", "longest CPU ms")
    note = (
        "The processor time is that of the server during the wait, which other programs of the machine do not change."
    )
    return Sheet(columns=columns, rows=rows, notes=(note,))
