"""Send hostile requests to every port of the simulators and of the reference bridge, and check what follows.

A request is determined by the seed, the port and its number, so each can be repeated alone. All ports are attacked at
once. The exit status is 0 without findings, 1 with some, and 3 if the attack could not be carried out.

After each request it must hold: no server error but those that a contract intends, an answer or the end of the
connection in time, and the same state as before if the request was refused or never ended.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console

# The modules register the kinds.
import kinds_bodies
import kinds_http
import kinds_lengths
import kinds_mails
import kinds_values
from attack_report import ACCEPTED, CLOSED, LEFT, REFUSED, Figures, Finding, PortFigures, print_report
from hostile_requests import DISCONNECT, KINDS, Draw, HostileRequest, ValidRequest, hostile
from messages import message
from ports import WAITING, AttackError, BridgePort, Control, Port, SandboxData, SimulatorPort
from process_watch import WARM_UP, OwnDelay, ProcessWatch
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.processes import Child, Program, free_port, listens, wait_until
from sendproof_simulators.core.recording.exchanges import EXCHANGES_MAX
from smtp_attack import SCRIPTS, SMTP_PORT, SmtpAttack
from wire import Exchange, HttpResponse, exchange

__all__ = ["kinds_bodies", "kinds_http", "kinds_lengths", "kinds_mails", "kinds_values", "main"]

#: The kinds of HTTP requests, and those of SMTP conversations.
ALL_KINDS = frozenset(KINDS) | frozenset(SCRIPTS)
PROVIDERS = ("textlocal", "xtremepush", "delivyr", "smtp")
REQUESTS = 10_000
#: The largest growth of any process, in MB.
MEMORY_MB = 100.0
# Real seconds, without those for which processes waited for a processor. A complete request takes milliseconds, and one
# of many megabytes seconds. A server waits two minutes for the end of a request.
_ANSWER_S, _UNFINISHED_S = 60.0, 240.0
_SLOW_AT_ONCE = 100
_READY_S = 120.0
_HEALTH_PAUSE_S = 0.1
# A state must come to rest in this time.
_SETTLED_S = 300.0
# One in so many requests to an operation that waits is really sent to it.
_RARELY = 200
# A sandbox is replaced after so many requests, because accepted requests fill it.
_RENEWED_AFTER = 250
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500
_GIVEN_UP = b"so its call was given up"
_FAILURES = (b"the simulator failed", b"Traceback")
# JSON whose depth only a closer look finds, with numpy: its brackets are in a string with escapes.
_CLOSELY_LOOKED_AT = json.dumps(['"[{' * 1_000]).encode()
# Refusals with status 200.
_REFUSALS = (b'"status":"failure"', b'"status": "failure"', b"<status>failure", b'"success":false', b'"success": false')

# A column for each port.
console = Console(width=160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The requests to send: their numbers (only those of `kinds` are sent), to each of `ports` (None: all).

    `workers` is the number of processes of the simulators that have sandboxes.
    """

    seed: int
    numbers: Sequence[int]
    kinds: frozenset[str] = ALL_KINDS
    ports: Sequence[str] | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One hostile request with its number and kind, and the valid request that it was made from."""

    number: int
    kind: str
    base: ValidRequest
    request: HostileRequest


def attempt(port: str, requests: Sequence[ValidRequest], seed: int, number: int) -> Attempt:
    """Return the hostile request of a number."""
    draw = Draw(seed, f"{port}:{number}")
    kinds = list(KINDS)
    while True:
        kind, base = draw.choice(kinds), draw.choice(requests)
        if base.operation in WAITING and draw.below(_RARELY):
            continue
        request = KINDS[kind](draw, base)
        if request is not None:
            return Attempt(number=number, kind=kind, base=base, request=request)


@dataclass
class PortAttack:
    """The attack on one port."""

    port: Port
    seed: int
    figures: PortFigures
    watch: ProcessWatch
    delay: OwnDelay = field(default_factory=OwnDelay)
    kinds: frozenset[str] = frozenset(KINDS)
    slow: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_SLOW_AT_ONCE))
    state: str = ""

    async def run(self, numbers: Sequence[int]) -> None:
        """Send the requests of these numbers: the slow ones together, all others one after the other."""
        health = asyncio.ensure_future(self._check_health())
        waiting, position = [], 0
        try:
            for number in numbers:
                sent = self._attempt(number)
                if sent.kind not in self.kinds:
                    continue
                if sent.request.is_slow:
                    waiting.append(number)
                    continue
                if position % _RENEWED_AFTER == 0:
                    await self._renew()
                    # With the credentials of the new sandbox.
                    sent = self._attempt(number)
                await self._send(sent)
                position += 1
            await self._send_slow(waiting)
        finally:
            health.cancel()

    async def _renew(self) -> None:
        await self.port.renew()
        self.state = await self.port.digest()

    def _attempt(self, number: int) -> Attempt:
        return attempt(self.port.name, self.port.requests, self.seed, number)

    async def _send(self, sent: Attempt) -> None:
        came = await self._exchange(sent.request, _ANSWER_S)
        self.watch.sample(f"{self.port.name} {sent.number} ({sent.kind})")
        outcome = self._record(sent, came)
        before, self.state = self.state, await self.port.digest()
        if before != self.state and _must_change_nothing(sent.request, came, outcome):
            await self._confirm_change(sent)

    async def _confirm_change(self, sent: Attempt) -> None:
        """Report a change of state if the request alone causes it: the change may be the work of an earlier one."""
        await self.port.renew()
        before = await self._settled()
        again = self._attempt(sent.number)
        came = await self._exchange(again.request, _ANSWER_S)
        self.state = await self._settled()
        if before != self.state and _must_change_nothing(again.request, came, _outcome(again.request, came)):
            changed = _changed_parts(before, self.state)
            answer = _answer_text(came)
            self._report(again, f"expected no change of state, got one of {changed} after {answer}")

    async def _settled(self) -> str:
        """Return the digest when it no longer changes by itself; `AttackError` if it does for minutes."""
        digest = await self.port.digest()
        ends = monotonic() + _SETTLED_S
        while monotonic() < ends:
            await asyncio.sleep(_HEALTH_PAUSE_S)
            last, digest = digest, await self.port.digest()
            if last == digest:
                return digest
        raise AttackError(
            f"{self.port.name}: expected a state at rest without requests, got changes for {_SETTLED_S:.0f} s"
        )

    async def _send_slow(self, numbers: Sequence[int]) -> None:
        """Send requests that never end, many at once; together they must change nothing."""
        await self.port.renew()
        attempts = [self._attempt(number) for number in numbers]
        before = await self._settled()

        async def send(sent: Attempt) -> None:
            async with self.slow:
                came = await self._exchange(sent.request, _UNFINISHED_S)
                self._record(sent, came)

        async with asyncio.TaskGroup() as group:
            for sent in attempts:
                group.create_task(send(sent))
        if attempts and before != await self._settled():
            self._report(attempts[0], "expected no change of state by requests that never end, got one")

    async def _exchange(self, request: HostileRequest, limit_s: float) -> Exchange:
        return await exchange(*self.port.address, request, limit_s, lambda: self.watch.waited_s)

    def _record(self, sent: Attempt, came: Exchange) -> str:
        outcome = _outcome(sent.request, came)
        self.figures.outcomes[sent.kind, outcome] += 1
        for text in _violations(sent, came, self.port.intended_errors, outcome):
            self._report(sent, text)
        return outcome

    def _report(self, sent: Attempt, text: str) -> None:
        text = f"{text} ({sent.base.operation})"
        self.figures.findings.append(Finding(port=self.port.name, number=sent.number, kind=sent.kind, text=text))

    async def _check_health(self) -> None:
        """Send the requests of another client until cancelled, and report each that is not served."""
        request = self.port.health()
        healthy = HostileRequest(blocks=(message(request).encoded(),))
        while True:
            started, delay_s = monotonic(), self.delay.total_s
            came = await self._exchange(healthy, _ANSWER_S)
            self.figures.health_requests += 1
            # The delay that comes last is only measured when its task has had its turn.
            await asyncio.sleep(_HEALTH_PAUSE_S)
            took_s = monotonic() - started - _HEALTH_PAUSE_S - (self.delay.total_s - delay_s)
            self.figures.health_slowest_s = max(self.figures.health_slowest_s, took_s)
            if not came.responses or came.responses[0].status >= _FIRST_ERROR:
                text = f"expected another client to be served, got {_answer_text(came)}"
                self.figures.findings.append(Finding(port=self.port.name, number=0, kind="other client", text=text))
                return


async def _warm_up(port: Port) -> None:
    """Send usual requests, until the port has loaded all that it needs, and its record of requests is full."""
    await port.renew()
    usual = [request for request in port.requests if request.operation not in WAITING]
    # Only the full check of a contract, by Connexion, knows what to do with another parameter.
    unusual = [replace(request, query=(*request.query, ("other", "1"))) for request in usual]
    kinds = [
        *((request, None) for request in (*usual, *unusual)),
        *((request, _CLOSELY_LOOKED_AT) for request in usual),
    ]
    for request, body in islice(cycle(kinds), EXCHANGES_MAX):
        came = await exchange(*port.address, hostile(message(request, body)), _ANSWER_S)
        if came.error or (errors := _server_errors(request.operation, came, port.intended_errors)):
            raise AttackError(f"{port.name}, {request.operation}, before the attack: {came.error or errors[0]}")


def _must_change_nothing(request: HostileRequest, came: Exchange, outcome: str) -> bool:
    if request.is_mixed:
        return False
    if any(_GIVEN_UP in response.body for response in came.responses):
        # The request was accepted, and its client left: an advance ends where it is.
        return False
    return request.is_incomplete or outcome == REFUSED or (outcome == CLOSED and request.ending != DISCONNECT)


def _outcome(request: HostileRequest, came: Exchange) -> str:
    if came.responses:
        return REFUSED if all(map(_is_refusal, came.responses)) else ACCEPTED
    return LEFT if request.ending == DISCONNECT else CLOSED


def _is_refusal(response: HttpResponse) -> bool:
    return response.status >= _FIRST_ERROR or any(refusal in response.body for refusal in _REFUSALS)


def _violations(sent: Attempt, came: Exchange, intended: frozenset[tuple[str, int]], outcome: str) -> list[str]:
    """Return what must not happen, in words."""
    request, found = sent.request, []
    if came.error:
        return [f"expected a connection, got {came.error}"]
    if not came.has_ended:
        found.append("expected a response or the end of the connection, got neither in time")
    found += _server_errors(sent.base.operation, came, intended)
    if any("injected" in name for response in came.responses for name, _ in response.headers):
        found.append("expected no header of the client's in the response, got X-Injected")
    if came.rest and not came.rest.startswith(b"HTTP/1."):
        found.append(f"expected HTTP, got {came.rest[:80]!r}")
    if request.is_wrong and outcome == ACCEPTED:
        found.append(f"expected a refusal, got {_answer_text(came)}")
    if request.must_respond and came.has_ended and not came.responses:
        found.append("expected a response to a complete request, got the end of the connection")
    if request.most_responses is not None and len(came.responses) > request.most_responses:
        found.append(f"expected at most {request.most_responses} responses, got {len(came.responses)}")
    return found


def _server_errors(operation: str, came: Exchange, intended: frozenset[tuple[str, int]]) -> list[str]:
    """Return the responses with errors that no contract intends, in words."""
    found = []
    for response in came.responses:
        is_failure = any(failure in response.body for failure in _FAILURES)
        if response.status >= _FIRST_SERVER_ERROR and (is_failure or (operation, response.status) not in intended):
            found.append(f"expected no server error, got {_response_text(response)}")
    return found


def _response_text(response: HttpResponse) -> str:
    return f"{response.status} {response.body[:200]!r}"


def _answer_text(came: Exchange) -> str:
    return came.error or ", ".join(map(_response_text, came.responses[:2])) or "no response"


def _changed_parts(before: str, after: str) -> str:
    try:
        old, new = json.loads(before), json.loads(after)
    except ValueError:
        return "the stored rows"
    return ", ".join(name for name in new if old.get(name) != new[name])


@asynccontextmanager
async def attacked(
    folder: Path, names: Sequence[str] | None, workers: int = 1
) -> AsyncIterator[tuple[Control, list[Port], dict[str, int]]]:
    """Start simulators and bridges; yield the HTTP ports, all or those with these names, and process ids by name."""
    with ExitStack() as stack:
        control, pids = _start_simulators(stack, folder, workers)
        stranger = SandboxData(control, "stranger")
        await stranger.create()
        ports: list[Port] = [SimulatorPort(name, control, stranger) for name in ("control", *control.services)]
        for provider in PROVIDERS:
            if names is None or f"bridge {provider}" in names:
                port, pids[f"bridge {provider}"] = await _start_bridge(stack, folder, control, provider)
                ports.append(port)
        known = [SMTP_PORT, *(port.name for port in ports)]
        unknown = set(names or ()) - set(known)
        if unknown:
            raise AttackError(f"expected ports of {', '.join(known)}, got {', '.join(unknown)}")
        yield control, [port for port in ports if names is None or port.name in names], pids


def _start_simulators(stack: ExitStack, folder: Path, workers: int) -> tuple[Control, dict[str, int]]:
    log = folder / "simulators.log"
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0", "--examples"]
    command += ["--workers", str(workers)]
    child = stack.enter_context(Child(Program(name="the simulators", command=command, log=log, environment={})))

    def is_ready() -> bool:
        return child.exit_status is not None or '{"control"' in log.read_text("utf-8")

    if not wait_until(is_ready, _READY_S):
        raise AttackError(f"expected the simulators to be ready within {_READY_S:.0f} s, got {child.log_excerpt()}")
    child.check_running()
    line = next(line for line in log.read_text("utf-8").splitlines() if line.startswith('{"control"'))
    addresses = json.loads(line)
    return Control(addresses["control"]["url"], addresses["services"]), {"simulators": child.pid}


async def _start_bridge(stack: ExitStack, folder: Path, control: Control, provider: str) -> tuple[Port, int]:
    settings: dict[str, Any] = {
        "name": f"attack-bridge-{provider}",
        "seed": 5,
        "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
        "audience": {"customers": 5, "addresses": {}},
        "channels": [{"id": 505, "provider": provider, "message": "email" if provider == "smtp" else "sms"}],
        "rate_limits": False,
    }
    created = await control.call("POST", "/sandboxes", settings)
    own = folder / provider
    own.mkdir()
    content = handover_content(control.url, created, Listen(host="127.0.0.1", port=free_port("127.0.0.1")))
    bridge = stack.enter_context(Bridge(handover=content, folder=own, command=None, url=None, database=own))
    bridge.write_handover()
    bridge.start()
    if not wait_until(lambda: listens(**content["listen"]), _READY_S) or bridge.pid is None:
        raise AttackError(f"expected the bridge to listen, got {bridge.log_excerpt()}")
    port = BridgePort(provider, content, lambda: next(own.glob("*.sqlite")))
    # The events of the well-behaved client are stored once.
    await exchange(*port.address, HostileRequest(blocks=(message(port.health()).encoded(),)), _ANSWER_S)
    return port, bridge.pid


async def attack(folder: Path, plan: Plan, report: Callable[[PortFigures], None]) -> Figures:
    """Send the requests of a plan. `report` is called when a port is done."""
    async with attacked(folder, plan.ports, plan.workers) as (control, ports, pids):
        for port in ports:
            await _warm_up(port)
        watch, delay = ProcessWatch(pids), OwnDelay()
        watching = [asyncio.ensure_future(watched.run()) for watched in (watch, delay)]
        attacks: list[PortAttack | SmtpAttack] = [
            PortAttack(
                port=port,
                seed=plan.seed,
                figures=PortFigures(port=port.name),
                watch=watch,
                delay=delay,
                kinds=plan.kinds,
            )
            for port in ports
        ]
        if plan.ports is None or SMTP_PORT in plan.ports:
            attacks.append(SmtpAttack(control=control, seed=plan.seed, watch=watch, kinds=plan.kinds))

        async def run(port_attack: PortAttack | SmtpAttack) -> None:
            await port_attack.run(plan.numbers)
            report(port_attack.figures)

        try:
            async with asyncio.TaskGroup() as group:
                for port_attack in attacks:
                    group.create_task(run(port_attack))
        finally:
            for task in watching:
                task.cancel()
        figures = [port_attack.figures for port_attack in attacks]
        return Figures(ports=figures, memory=watch.result(), own_delay_s=delay.longest_s)


def main() -> int:
    """Attack all ports, print the tables, and return the exit status."""
    options = _options()
    plan = Plan(
        seed=options.seed,
        numbers=_numbers(options.only) if options.only else range(1, options.requests + 1),
        kinds=frozenset(options.kind or ALL_KINDS),
        ports=options.port,
        workers=options.workers,
    )

    def report(figures: PortFigures) -> None:
        console.print(f"{figures.port}: {figures.sent:,} requests, {len(figures.findings)} findings", highlight=False)

    with tempfile.TemporaryDirectory(prefix="sendproof-") as name:
        folder = options.results or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            figures = asyncio.run(attack(folder, plan, report))
        except (AttackError, ExceptionGroup) as error:
            for reason in error.exceptions if isinstance(error, ExceptionGroup) else [error]:
                if not isinstance(reason, AttackError):
                    raise
                console.print(f"attack: {reason}", style="red", markup=False, highlight=False)
            return 3
    print_report(console, figures, command=_repeating(options), warm_up=WARM_UP, limit_mb=MEMORY_MB)
    has_grown = any(process.growth_mb > MEMORY_MB for process in figures.memory)
    return int(has_grown or any(port.findings for port in figures.ports))


def _repeating(options: argparse.Namespace) -> str:
    """Return the command that repeats a request, apart from the port and the number."""
    workers = f" --workers {options.workers}" if options.workers > 1 else ""
    return f"python attack --seed {options.seed}{workers}"


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python attack", description="Send hostile requests to every port of the simulators and the bridge."
    )
    parser.add_argument(
        "--requests", type=int, default=REQUESTS, metavar="N", help=f"Requests to each port. Default: {REQUESTS:,}."
    )
    parser.add_argument("--seed", type=int, default=1, metavar="SEED", help="Seed of all draws. Default: 1.")
    parser.add_argument("--only", metavar="NUMBER", help="One number, or several such as 4711-4720.")
    parser.add_argument(
        "--kind", action="append", choices=sorted(ALL_KINDS), help="One kind; repeat it for more. Default: all."
    )
    parser.add_argument("--port", action="append", metavar="NAME", help="One port; repeat it for more. Default: all.")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="Processes of the simulators with sandboxes. Default: 1."
    )
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="Folder for logs. Default: they are deleted.")
    return parser.parse_args()
