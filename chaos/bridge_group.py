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
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from aiohttp import web

from disturbances import Disturbance, drawn
from postgres_bridge import create_database
from sendproof_harness.handover.format import VARIABLE, clients_of
from sendproof_harness.handover.reference_bridge import write_settings
from sendproof_harness.run.processes import free_port
from supervised_process import SupervisedProcess, own_process_of

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}
_LOCAL = "127.0.0.1"
# How long a stopped worker is left alone: the others look at a parked clock every five seconds.
_HANG_S = 8.0
_RETRY_S, _STOP_S = 0.05, 4.0


class BridgeGroup:
    """All processes of one bridge, and the proxies through which its traffic passes."""

    def __init__(self, workers: int, webhooks: int, disturbances: Mapping[tuple[str, int], Disturbance]) -> None:
        """Read the handover, and write the settings: calls go through the proxy if there are `disturbances`."""
        handover = Path(os.environ[VARIABLE])
        self._content = json.loads(handover.read_bytes())
        self._database = create_database(handover)
        self._folder = handover.parent
        self._disturbances = dict(disturbances)
        self._proxy_port = free_port(_LOCAL)
        self._targets: dict[str, str] = {}
        self._webhook_ports = [free_port(_LOCAL) for _ in range(webhooks)]
        self._webhooks = [self._process(f"webhooks-{n}", port) for n, port in enumerate(self._webhook_ports)]
        self._workers = [self._process(f"worker-{n}", None) for n in range(workers)]
        self._counts = {"call": 0, "webhook": 0}
        self._next_webhooks = 0
        self._stopped = asyncio.Event()
        self._begun: set[asyncio.Task[None]] = set()

    def _process(self, name: str, port: int | None) -> SupervisedProcess:
        content = copy.deepcopy(self._content)
        if self._disturbances:
            for client in clients_of(content):
                for service, access in client["services"].items():
                    place = f"/{client['client']}/{service}"
                    self._targets[place] = access["url"]
                    access["url"] = f"http://{_LOCAL}:{self._proxy_port}{place}"
        file = self._folder / f"{name}.toml"
        secrets = write_settings(content, file, self._database)
        if port is not None:
            listen = clients_of(content)[0]["listen"]
            text = file.read_text().replace(
                f'listen = "{listen["host"]}:{listen["port"]}"', f'listen = "{_LOCAL}:{port}"'
            )
            file.write_text(text)
        command = ["work"] if port is None else ["serve", "--no-worker"]
        return SupervisedProcess(name, [*command, "--config", str(file)], os.environ | secrets)

    async def run(self) -> None:
        """Work until SIGTERM."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopped.set)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            listen = clients_of(self._content)[0]["listen"]
            await _serve(self._call, _LOCAL, self._proxy_port)
            await asyncio.gather(*(process.start() for process in (*self._webhooks, *self._workers)))
            await _serve(self._webhook, listen["host"], listen["port"])
            await self._stopped.wait()
        await asyncio.gather(*(process.stop(_STOP_S) for process in (*self._webhooks, *self._workers)))

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
            await asyncio.to_thread(_crash_database)
        elif disturbance.effect == "hang":
            await self._hang(process)
        elif disturbance.effect == "restart":
            # It ends after the response to this call or webhook.
            self._begin(self._restart(process))
        else:
            await process.kill()
            if process in self._workers:
                self._begin(self._replace(process))
            else:
                await process.start()

    async def _hang(self, process: SupervisedProcess) -> None:
        """Let a worker hang until others have taken over its jobs: for them, its lease has ended."""
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(self._end_lease, process.run)
        asyncio.get_running_loop().call_later(_HANG_S, process.send_signal, signal.SIGCONT)

    def _end_lease(self, run: str | None) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute("UPDATE job SET lease_until = 0 WHERE state = 'running' AND owner = %s", (run,))

    async def _restart(self, process: SupervisedProcess) -> None:
        """Restart a process as an upgrade does, while the others go on."""
        await process.stop(_STOP_S)
        await process.start()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._begun.add(task := asyncio.get_running_loop().create_task(work))
        task.add_done_callback(self._begun.discard)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), _RETRY_S)

    async def _replace(self, process: SupervisedProcess) -> None:
        """Start a killed worker again. Time waits for the killed one until the clock has another participant."""
        killed = f"bridge-{process.run}"
        if len(await self._participants()) > 1:
            await self._dismiss(killed)
            await process.start()
        else:
            await process.start()
            while await self._participants() == [killed]:
                await self._pause()
            await self._dismiss(killed)

    async def _participants(self) -> list[str]:
        async with self._session.get(clients_of(self._content)[0]["clock_url"]) as response:
            return [participant["name"] for participant in (await response.json())["participants"]]

    async def _dismiss(self, participant: str) -> None:
        url = f"{clients_of(self._content)[0]['clock_url']}/participants/{participant}"
        async with self._session.delete(url):
            pass


def _crash_database() -> None:
    """Kill a process of the server: it ends all connections, and recovers from its log."""
    with psycopg.connect(os.environ["SENDPROOF_CHAOS_POSTGRESQL"]) as connection:
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
    options = parser.parse_args()
    group = BridgeGroup(options.workers, options.webhooks, drawn(options.seed, options.disturbances))
    asyncio.run(group.run())


if __name__ == "__main__":
    main()
