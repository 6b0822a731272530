"""The front: the simulators without sandboxes. It speaks HTTP, and passes each request to the worker with its sandbox.

A request to a service names its sandbox by the credential, one to the control API by the path. The front itself answers
what belongs to no sandbox: the contracts, the live page, and requests without a known credential.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec

from sendproof_simulators.control.activity.counts import Counts, counts_of
from sendproof_simulators.control.api import ControlApi
from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Request, Response, json_response
from sendproof_simulators.core.sandboxes import Changes
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.default_sandbox import DefaultSandbox
from sendproof_simulators.server.near_misses.near_miss import Neighbour
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.server.workers.messages import (
    CallControl,
    CallService,
    Count,
    Counted,
    CreateDefault,
    Done,
    Recorded,
    RecordMisdirected,
    RefuseTooLarge,
    Responded,
    Start,
    Stop,
    Update,
)
from sendproof_simulators.server.workers.processes import WorkerProcess
from sendproof_simulators.server.workers.remote_worker import RemoteWorker

# Real seconds until the workers have released what waits in them.
_STOP_S = 5

_LIST, _CREATE, _SNAPSHOT, _VERDICT = "listSandboxes", "createSandbox", "createSnapshot", "computeVerdict"
_METRICS = "getMetrics"


class Front:
    """Route each request to the worker that has its sandbox. `lost` names a worker that ended by itself."""

    def __init__(self, simulators: Simulators, processes: Sequence[WorkerProcess]) -> None:
        """Route requests from `simulators`, which have no sandboxes, to the workers in these processes."""
        self.workers = [RemoteWorker(process, self._note_changes, self._note_loss) for process in processes]
        self.sandboxes = simulators.sandboxes
        self.lost = ""
        self._simulators = simulators
        self._by_sandbox: dict[str, RemoteWorker] = {}
        self._is_stopping = False
        simulators.routes = {name: _RoutedService(self, service) for name, service in simulators.services.items()}
        simulators.room = self._drain
        simulators.control = _RoutedControl(self, simulators.own_control, simulators.control_context.contract)

    async def start(self, default: DefaultSandbox) -> dict[str, Any]:
        """Start the workers and create the default sandbox; return its services, as `sendproof up` prints them."""
        for worker in self.workers:
            await worker.open()
        await asyncio.gather(*(worker.ask(self._start(number), Done) for number, worker in enumerate(self.workers)))
        created = await self.workers[0].ask(CreateDefault(default), Done)
        self.sandboxes.counters = created.counters
        return created.services

    def _start(self, number: int) -> Start:
        addresses = self._simulators.addresses
        return Start(number, len(self.workers), addresses.control, addresses.services, addresses.smtp)

    async def close(self) -> None:
        """Delete the sandboxes of all workers, and keep their contract violations."""
        self._is_stopping = True
        stops = [asyncio.ensure_future(worker.ask(Stop(), Done)) for worker in self.workers]
        done, late = await asyncio.wait(stops, timeout=_STOP_S)
        for stop in late:
            stop.cancel()
        watch = self._simulators.watch
        for stop in done:
            watch.found.update({} if stop.exception() else stop.result().found)
        if watch.everywhere and not self.lost and (late or any(stop.exception() for stop in done)):
            watch.report_failure("server", None, "a worker did not say at its end what it found")

    async def end(self) -> None:
        """End the workers."""
        self._is_stopping = True
        for worker in self.workers:
            await worker.close()

    def worker_of(self, sandbox: object) -> RemoteWorker | None:
        """Return the worker that has the sandbox of this name; None if no worker has it."""
        return self._by_sandbox.get(sandbox) if isinstance(sandbox, str) else None

    async def _drain(self) -> None:
        """Return when no worker has too much to read: bodies for a busy one must not fill the memory.

        Whose body comes next is only known when it is read.
        """
        for worker in self.workers:
            await worker.drain()

    def own_counts(self) -> Counts:
        """Return the front's own counts: requests without a known credential."""
        return counts_of(self._simulators.control_context)

    def tell(self, update: Update, *, apart_from: RemoteWorker | None = None) -> None:
        """Send the workers the changes made elsewhere."""
        for worker in self.workers:
            if worker is not apart_from:
                worker.update(update)

    def _note_changes(self, worker: RemoteWorker, changes: Changes) -> None:
        """Keep the changes in a worker's sandboxes, and send them to the others. Messages stay in order."""
        self.sandboxes.others.apply(changes)
        for name, entry in changes:
            if entry is None:
                self._by_sandbox.pop(name, None)
                worker.sandboxes.discard(name)
            else:
                self._by_sandbox[name] = worker
                worker.sandboxes.add(name)
        self.tell(Update(changes, {}), apart_from=worker)

    def _note_loss(self, worker: RemoteWorker) -> None:
        """End the front with its worker: without those sandboxes, no response about all of them would be right."""
        if not self._is_stopping:
            self.lost = str(worker.loss())


class _RoutedService:
    """One service. It answers requests without a known credential, and passes others to the worker with the sandbox."""

    def __init__(self, front: Front, local: ServicePipeline) -> None:
        self._front = front
        self._local = local
        self._name = local.simulator.name
        self.body_limit = local.body_limit
        self.hosts: re.Pattern[str] = local.hosts

    async def respond(self, request: Request) -> Response:
        """Pass a request through all stages and return its response."""
        worker, credential = self._find(request)
        response = None
        if worker is not None:
            response = await worker.respond(CallService(self._name, request, credential))
        return response or await self._respond_here(request)

    async def too_large(self, request: Request) -> Response:
        """Return the response to a body above the service's limit, which is not part of `request`."""
        worker, _ = self._find(request)
        response = None if worker is None else await worker.respond(RefuseTooLarge(self._name, request))
        return response or await self._local.too_large(request)

    async def record_misdirected(self, request: Request, neighbour: Neighbour) -> str:
        """Record a request for this service that was sent to the control API; return what differs."""
        worker, _ = self._find(request)
        if worker is not None:
            return (await worker.ask(RecordMisdirected(self._name, request, neighbour), Recorded)).differs
        differs = await self._local.record_misdirected(request, neighbour)
        self._tell_count()
        return differs

    async def _respond_here(self, request: Request) -> Response:
        response = await self._local.respond(request)
        self._tell_count()
        return response

    def _find(self, request: Request) -> tuple[RemoteWorker | None, str]:
        """Return the worker that has the sandbox of a request, or None, and the credential."""
        try:
            credential = self._local.credential_of(request)
        except Exception:  # noqa: BLE001 - the pipeline fails in the same way, and responds to it
            return None, ""
        found = self._front.sandboxes.others.find(self._name, credential)
        return (None if found is None else self._front.worker_of(found[0])), credential

    def _tell_count(self) -> None:
        """Send the workers the number of unauthenticated requests, which the changes of each sandbox contain."""
        self._front.tell(Update([], {self._name: self._local.unauthenticated.count}))


class _RoutedControl:
    """The control API. The worker that has a sandbox carries out the operations on it."""

    def __init__(self, front: Front, local: ControlApi, contract: Contract) -> None:
        self._front = front
        self._local = local
        self._contract = contract
        self.body_limit = local.body_limit
        self.waits = local.waits
        self.client_left = local.client_left
        self.too_large = local.too_large
        # Names and the room for snapshots are limited for all sandboxes together, so their users take turns.
        room = asyncio.Lock()
        self._turns = {_CREATE: room, _SNAPSHOT: room, _VERDICT: asyncio.Lock()}

    async def respond(self, request: Request) -> Response:
        """Respond to one request."""
        canonical = self._contract.canonical(request)
        found = self._contract.find_operation(canonical)
        if found is None:
            return await self._local.respond(request)
        operation, values = found
        turn = self._turns.get(operation.id)
        if turn is None:
            return await self._respond(operation, canonical, values)
        async with turn:
            return await self._respond(operation, canonical, values)

    async def _respond(self, operation: Operation, request: Request, values: Mapping[str, str]) -> Response:
        if operation.id == _CREATE:
            return await self._create(request)
        if operation.id == _LIST:
            return await self._list(request)
        if operation.id == _METRICS:
            return await self._metrics(request)
        name = values.get("sandbox") or dict(request.query).get("sandbox")
        worker = self._front.worker_of(name)
        response = None if worker is None else await worker.respond(CallControl(request))
        return response or await self._local.respond(request)

    async def _create(self, request: Request) -> Response:
        """Create a sandbox in the worker with the clock that it shares, or else in the one with the fewest."""
        sandboxes = self._front.sandboxes
        worker = self._related_worker(request) or min(self._front.workers, key=lambda worker: len(worker.sandboxes))
        answer = await worker.ask(CallControl(request, sandboxes.counters), Responded)
        sandboxes.counters = answer.counters or sandboxes.counters
        return answer.response

    def _related_worker(self, request: Request) -> RemoteWorker | None:
        """Return the worker with the sandbox of the same name, which refuses the new one, or with that of its clock."""
        try:
            body = msgspec.json.decode(request.body, type=_NewSandbox)
        # `ValueError`: also text that is not UTF-8. The worker refuses such a body.
        except (ValueError, RecursionError):
            return None
        return self._front.worker_of(body.name) or self._front.worker_of(body.clock.get("with"))

    async def _list(self, request: Request) -> Response:
        """Return the sandboxes of all workers, in the order of creation."""
        refusal = await self._local.respond(request)
        if refusal.status != HTTPStatus.OK:
            return refusal
        parts = await asyncio.gather(*(worker.respond(CallControl(request)) for worker in self._front.workers))
        items = [item for part in parts if part is not None for item in _items(part.body)]
        by_name = {msgspec.json.decode(item, type=_Named).sandbox: item for item in items}
        known = sorted(self._front.sandboxes.others, key=lambda other: other.place)
        return json_response([by_name[other.name] for other in known if other.name in by_name])

    async def _metrics(self, request: Request) -> Response:
        """Return the measurements of all processes together."""
        response = await self._local.respond(request)
        if response.status != HTTPStatus.OK:
            return response
        from sendproof_simulators.control.activity.measurements import page  # noqa: PLC0415 - slow to import

        parts = await asyncio.gather(*(worker.ask(Count(), Counted) for worker in self._front.workers))
        return replace(response, body=page(self._front.own_counts(), [part.counts for part in parts]))


class _NewSandbox(msgspec.Struct):
    name: object = None
    clock: dict[str, object] = {}


class _Named(msgspec.Struct):
    sandbox: str


_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
