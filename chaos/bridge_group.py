"""The reference bridge as several processes on one PostgreSQL database, as the command of a run.

    python chaos/bridge_group.py --workers 3 --webhooks 2 --seed 1 --disturbances 5

starts workers, and webhook processes behind a balancer at the address of the handover. At instants that are drawn from
the seed, it kills a process with SIGKILL, restarts one as an upgrade does, lets a worker hang until others have taken
over its jobs, or crashes PostgreSQL. A killed process starts again at once. Each disturbance is a line in the log that
begins with `disturbance`.
"""

import argparse
import asyncio
import copy
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from disturbances import Disturbance, drawn
from group_clock import GroupClock
from postgres_bridge import create_database
from postgres_server import URL_VARIABLE
from sendproof_harness.handover.format import VARIABLE, clients_of
from sendproof_harness.handover.reference_bridge import write_settings
from sendproof_harness.run.processes import free_port
from supervised_process import SupervisedProcess, own_process_of

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}
_LOCAL = "127.0.0.1"
_OPERATOR = "an-operator-of-a-group"
#: The counters of a process that `--measure` writes.
MEASURED = (
    "process_cpu_seconds_total",
    "sendproof_bridge_database_writes_total",
    "sendproof_bridge_database_write_wait_seconds_total",
    "sendproof_bridge_database_write_seconds_total",
    "sendproof_bridge_database_write_cpu_seconds_total",
)
# How long a stopped worker is left alone: the others look at a parked clock every five seconds.
_HANG_S = 8.0
_END_LEASES = "UPDATE job SET lease_until = 0 WHERE state = 'running' AND owner = %s"
_RETRY_S, _STOP_S, _MEASURE_EVERY_S = 0.05, 4.0, 3.0


class BridgeGroup:
    """All processes of one bridge, and the proxies through which its traffic passes."""

    def __init__(
        self,
        workers: int,
        webhooks: int,
        disturbances: Mapping[tuple[str, int], Disturbance],
        measurements: Path | None = None,
    ) -> None:
        """Read the handover, and write the settings: calls go through the proxy if there are `disturbances`.

        `measurements` is the file that gets what each process has counted, from its first work to its end.
        """
        handover = Path(os.environ[VARIABLE])
        self._content = json.loads(handover.read_bytes())
        self._database = create_database(handover)
        self._folder = handover.parent
        self._disturbances = dict(disturbances)
        self._proxy_port = free_port(_LOCAL)
        self._targets: dict[str, str] = {}
        self._webhook_ports = [free_port(_LOCAL) for _ in range(webhooks)]
        self._webhooks = [self._process(f"webhooks-{n}", port) for n, port in enumerate(self._webhook_ports)]
        self._worker_ports = [free_port(_LOCAL) for _ in range(workers)]
        self._workers = [
            self._process(f"worker-{n}", port, is_worker=True) for n, port in enumerate(self._worker_ports)
        ]
        self._measurements = measurements
        self._counts = {"call": 0, "webhook": 0}
        self._next_webhooks = 0
        self._stopped = asyncio.Event()
        self._begun: set[asyncio.Task[None]] = set()
        # The participants of the workers that are killed or restarted now, by the name of the process.
        self._away: dict[str, str | None] = {}

    def _process(self, name: str, port: int, *, is_worker: bool = False) -> SupervisedProcess:
        content = copy.deepcopy(self._content)
        if self._disturbances:
            for client in clients_of(content):
                for service, access in client["services"].items():
                    place = f"/{client['client']}/{service}"
                    self._targets[place] = access["url"]
                    access["url"] = f"http://{_LOCAL}:{self._proxy_port}{place}"
        file = self._folder / f"{name}.toml"
        secrets = write_settings(content, file, self._database)
        listen = clients_of(content)[0]["listen"]
        own = f'operator_token = "{_OPERATOR}"\nlisten = "{_LOCAL}:{port}"'
        file.write_text(file.read_text().replace(f'listen = "{listen["host"]}:{listen["port"]}"', own))
        command = ["work", "--listen", f"{_LOCAL}:{port}"] if is_worker else ["serve", "--no-worker"]
        return SupervisedProcess(name, [*command, "--config", str(file)], os.environ | secrets, self._revive)

    async def run(self) -> None:
        """Work until SIGTERM."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopped.set)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            client = clients_of(self._content)[0]
            listen, self._clock = client["listen"], GroupClock(client["clock_url"], self._session)
            await _serve(self._call, _LOCAL, self._proxy_port)
            await asyncio.gather(*(process.start() for process in (*self._webhooks, *self._workers)))
            await _serve(self._webhook, listen["host"], listen["port"])
            if self._measurements is not None:
                await self._measure(self._measurements)
            await self._stopped.wait()
        await asyncio.gather(*(process.stop(_STOP_S) for process in (*self._webhooks, *self._workers)))

    async def _measure(self, file: Path) -> None:
        """Write what the processes have counted so far, again and again: a run gives little time for its end."""
        before = await self._measured()
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _MEASURE_EVERY_S)
            now = await self._measured()
            counted = {name: {key: now[name][key] - before[name][key] for key in MEASURED} for name in now}
            file.with_suffix(".new").write_text(json.dumps(counted))
            file.with_suffix(".new").replace(file)

    async def _measured(self) -> dict[str, dict[str, float]]:
        """Return what each process has counted so far, as soon as all workers have joined the clock."""
        while not self._stopped.is_set() and len(await self._clock.participants()) < len(self._workers):
            await self._pause()
        ports = [*self._webhook_ports, *self._worker_ports]
        processes = (*self._webhooks, *self._workers)
        counts = await asyncio.gather(*map(self._counts_of, ports))
        return {process.name: counted for process, counted in zip(processes, counts, strict=True)}

    async def _counts_of(self, port: int) -> dict[str, float]:
        families = text_string_to_metric_families(await self._measurements_of(port))
        samples = {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}
        return {name: samples[name] for name in MEASURED}

    async def _measurements_of(self, port: int) -> str:
        """Return the measurements of a process, as soon as it has opened its port."""
        url, headers = f"http://{_LOCAL}:{port}/metrics", {"Authorization": f"Bearer {_OPERATOR}"}
        while True:
            try:
                async with self._session.get(url, headers=headers) as response:
                    return await response.text()
            except aiohttp.ClientConnectorError:
                if self._stopped.is_set():
                    raise
                await self._pause()

    # -- traffic -----------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """Forward a call of a worker to its service."""
        _, client, service, rest = request.raw_path.split("/", 3)
        target = self._targets[f"/{client}/{service}"].rstrip("/") + "/" + rest
        body = await request.read()
        caller = own_process_of(request.transport, self._workers)
        disturbance = self._next("call")
        if disturbance is not None and disturbance.when == "before":
            await self._disturb(disturbance, caller)
            if disturbance.kills_caller:
                return _hang_up(request)
        response = await self._forward(request, target, body)
        if disturbance is not None and disturbance.when == "after":
            await self._disturb(disturbance, caller)
            if disturbance.kills_caller:
                return _hang_up(request)
        return response

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        """Pass a webhook to the webhook processes in turn, until one responds: a repetition is harmless."""
        body = await request.read()
        disturbance = self._next("webhook")
        while True:
            number = self._next_webhooks % len(self._webhooks)
            self._next_webhooks += 1
            url = f"http://{_LOCAL}:{self._webhook_ports[number]}{request.raw_path}"
            if disturbance is not None and disturbance.when == "before":
                await self._disturb(disturbance, self._webhooks[number])
                disturbance = None
            try:
                response = await self._forward(request, url, body)
            except aiohttp.ClientError:
                await self._pause()
                continue
            if disturbance is not None:
                await self._disturb(disturbance, self._webhooks[number])
                disturbance = None
            elif response.status < 500:  # noqa: PLR2004 the database may be away
                return response

    async def _forward(self, request: web.Request, url: str, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._session.request(request.method, url, headers=headers, data=body) as response:
            kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
            encoding = response.headers.get("Content-Encoding")
            return web.Response(
                body=await response.read(),
                status=response.status,
                headers=kept | ({"Content-Encoding": encoding} if encoding else {}),
            )

    # -- disturbances ------------------------------------------------------------------------------

    def _next(self, kind: str) -> Disturbance | None:
        self._counts[kind] += 1
        return self._disturbances.pop((kind, self._counts[kind]), None)

    async def _disturb(self, disturbance: Disturbance, own: SupervisedProcess | None) -> None:
        """Disturb `own`, the process of the call or webhook, another worker, or the database."""
        process = own or self._workers[0]
        if disturbance.effect == "kill another worker":
            process = self._workers[(self._workers.index(process) + 1) % len(self._workers)]
        _log(f"disturbance {disturbance} of {process.name}")
        if disturbance.effect == "crash the database":
            await self._in_database(_crash)
        elif disturbance.effect == "hang":
            await self._hang(process)
        elif disturbance.effect == "restart":
            # It ends after the response to this call or webhook.
            self._begin(self._restart(process))
        else:
            await self._take_away(process)
            await process.kill()
            self._begin(self._bring_back(process))

    async def _hang(self, process: SupervisedProcess) -> None:
        """Let a worker hang until others have taken over its jobs: for them, its lease has ended."""
        await self._take_away(process)
        process.send_signal(signal.SIGSTOP)
        run = process.run
        await self._in_database(lambda connection: connection.execute(_END_LEASES, (run,)))
        self._begin(self._wake(process))

    async def _wake(self, process: SupervisedProcess) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), _HANG_S)
        process.send_signal(signal.SIGCONT)
        self._away.pop(process.name, None)
        await self._clock.release()

    async def _restart(self, process: SupervisedProcess) -> None:
        """Restart a process as an upgrade does, while the others go on."""
        await self._take_away(process)
        await process.stop(_STOP_S)
        await self._bring_back(process)

    async def _take_away(self, process: SupervisedProcess) -> None:
        """Hold time before the last worker ends or hangs: without any, it would pass."""
        if process in self._workers:
            self._away[process.name] = process.participant
            if not set(await self._clock.participants()) - set(self._away.values()):
                await self._clock.hold()

    async def _bring_back(self, process: SupervisedProcess) -> None:
        """Start a process again, and let time pass when it takes part."""
        await self._clock.remove(self._away.get(process.name))
        await process.start()
        if process in self._workers:
            while process.participant not in await self._clock.participants() and not self._stopped.is_set():
                await self._pause()
            self._away.pop(process.name, None)
            await self._clock.release()

    async def _revive(self, process: SupervisedProcess) -> None:
        """Start a process again that ended by itself: a worker cannot start while the database is away."""
        if not self._stopped.is_set():
            _log(f"{process.name} ended, and starts again")
            await self._clock.remove(process.participant)
            await self._pause()
            await process.start()

    async def _in_database(self, act: Callable[[psycopg.Connection], object]) -> None:
        """Act in the schema of the bridge, as soon as the server accepts connections."""

        def connect_and_act() -> None:
            with closing(psycopg.connect(self._database, autocommit=True)) as connection:
                act(connection)

        while not self._stopped.is_set():
            try:
                await asyncio.to_thread(connect_and_act)
            except psycopg.OperationalError:
                await self._pause()
            else:
                return

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._begun.add(task := asyncio.get_running_loop().create_task(work))
        task.add_done_callback(self._begun.discard)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), _RETRY_S)


def _crash(connection: psycopg.Connection) -> None:
    """Kill a process of the server: it ends all connections, and recovers from its log."""
    os.kill(connection.info.backend_pid, signal.SIGKILL)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _serve(handler: Any, host: str, port: int) -> None:
    runner = web.ServerRunner(web.Server(handler, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, host, port).start()


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    """Run the processes until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python chaos/bridge_group.py")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--webhooks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disturbances", type=int, default=0)
    parser.add_argument("--server", metavar="URL", help=f"The PostgreSQL server. Default: {URL_VARIABLE}.")
    parser.add_argument("--measure", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.server:
        os.environ[URL_VARIABLE] = options.server
    group = BridgeGroup(options.workers, options.webhooks, drawn(options.seed, options.disturbances), options.measure)
    asyncio.run(group.run())


if __name__ == "__main__":
    main()
