"""A worker: a process with some of the sandboxes. It ends with the front, whatever ends that."""

import asyncio
import socket
from collections.abc import Iterator
from itertools import count

from sendproof_simulators.control.activity.counts import counts_of
from sendproof_simulators.core.http import FaultyResponse, Response, StreamedResponse
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.server.app import Simulators, blocks_of
from sendproof_simulators.server.default_sandbox import create_default_sandbox, services_json
from sendproof_simulators.server.memory import RETURN_SECONDS, free_deleted, return_free_pages
from sendproof_simulators.server.workers.event_loop import loop_factory
from sendproof_simulators.server.workers.link import Link
from sendproof_simulators.server.workers.messages import (
    Block,
    CallControl,
    CallService,
    Cancel,
    Count,
    Counted,
    CreateDefault,
    Done,
    Failed,
    Message,
    NextBlock,
    Recorded,
    RecordMisdirected,
    RefuseTooLarge,
    Responded,
    RespondedFaulty,
    RespondedInBlocks,
    Start,
    Stop,
    ToWorker,
    UnknownCredential,
    Update,
    Written,
)


class Worker:
    """Answers the messages of the front."""

    def __init__(self, simulators: Simulators, link: Link[ToWorker]) -> None:
        self._simulators = simulators
        self._link = link
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._faulty: dict[int, FaultyResponse] = {}
        self._blocks: dict[int, Iterator[bytes]] = {}

    async def serve(self) -> None:
        """Answer until the front is gone, and give up what is under way then."""
        async for number, message in self._link.receive():
            self._take(number, message)
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, number: int, message: ToWorker) -> None:
        match message:
            case Start():
                self._start(message)
                self._link.send(number, Done())
            case Update():
                self._update(message)
            case Count():
                self._link.send(number, Counted(counts_of(self._simulators.control_context)))
            case Cancel():
                self._cancel(number)
            case Written():
                self._end_faulty(number)
            case NextBlock():
                self._send_block(number)
            case _:
                self._tasks[number] = asyncio.get_running_loop().create_task(self._answer(number, message))

    def _start(self, start: Start) -> None:
        simulators = self._simulators
        simulators.addresses.control = start.control_url
        simulators.addresses.services |= start.service_urls
        simulators.addresses.smtp |= start.mail_urls
        sandboxes = simulators.sandboxes
        sandboxes.generations = count(1 + start.number, start.workers)
        sandboxes.changed = {}

    def _update(self, update: Update) -> None:
        self._simulators.sandboxes.others.apply(update.changes)
        for service, number in update.unauthenticated.items():
            self._simulators.services[service].unauthenticated.count = number

    def _cancel(self, number: int) -> None:
        if number in self._tasks:
            self._tasks[number].cancel()
        self._end_faulty(number)
        self._blocks.pop(number, None)

    def _end_faulty(self, number: int) -> None:
        response = self._faulty.pop(number, None)
        if response is not None:
            response.on_written()

    def _send_block(self, number: int) -> None:
        try:
            block = next(self._blocks[number], b"")
        except Exception as error:  # noqa: BLE001 - the front must not wait for ever
            self._link.send(number, _failed(error))
            return
        if not block:
            del self._blocks[number]
        self._link.send(number, Block(block))

    async def _answer(self, number: int, message: ToWorker) -> None:
        try:
            answer = await self._carry_out(number, message)
        except Exception as error:  # noqa: BLE001 - the front must not wait for ever
            answer = _failed(error)
        finally:
            del self._tasks[number]
        self._link.send(number, answer)

    async def _carry_out(self, number: int, message: ToWorker) -> Message:
        simulators = self._simulators
        match message:
            case CallService():
                return await self._call_service(number, message)
            case CallControl():
                return await self._call_control(number, message)
            case RefuseTooLarge():
                return Responded(await simulators.services[message.service].too_large(message.request))
            case RecordMisdirected():
                service = simulators.services[message.service]
                return Recorded(await service.record_misdirected(message.request, message.neighbour))
            case CreateDefault():
                sandbox = await create_default_sandbox(simulators, message.settings)
                services = services_json(simulators, sandbox)
                changes, counters = simulators.sandboxes.take_changes(), simulators.sandboxes.counters
                return Done(changes=changes, counters=counters, services=services)
            case Stop():
                await simulators.close()
                return Done(found=dict(simulators.watch.found))
            case _:
                raise LookupError(f"expected a message to answer, got {message!r:.100}")

    async def _call_service(self, number: int, call: CallService) -> Message:
        # A client may have deleted the sandbox since the front looked.
        if self._simulators.sandboxes.find(call.service, call.credential) is None:
            return UnknownCredential()
        response = await self._simulators.services[call.service].respond(call.request)
        if not isinstance(response, FaultyResponse):
            return Responded(response)
        self._faulty[number] = response
        return RespondedFaulty(_plain(response), response.transmission)

    async def _call_control(self, number: int, call: CallControl) -> Message:
        sandboxes = self._simulators.sandboxes
        if call.counters is not None:
            sandboxes.counters = call.counters
        response = await self._simulators.own_control.respond(call.request)
        if isinstance(response, StreamedResponse):
            self._blocks[number] = blocks_of(response.lines)
            return RespondedInBlocks(_plain(response))
        return Responded(response, sandboxes.take_changes(), sandboxes.counters)


def _plain(response: Response) -> Response:
    """Return the response without what only its own process can use."""
    return Response(
        status=response.status, body=response.body, content_type=response.content_type, headers=response.headers
    )


def _failed(error: Exception) -> Failed:
    return Failed(f"the simulators failed: {type(error).__name__}: {error}")


async def _run(simulators: Simulators, end: socket.socket) -> None:
    async with simulators:
        link: Link[ToWorker] = await Link.open(end, ToWorker)
        _return_memory_regularly(simulators.sandboxes)
        await Worker(simulators, link).serve()
        link.close()


def _return_memory_regularly(sandboxes: Sandboxes) -> None:
    free_deleted(sandboxes)
    loop = asyncio.get_running_loop()
    # In a thread: a heap of hundreds of MB takes longer than a request may wait.
    loop.run_in_executor(None, return_free_pages)
    loop.call_later(RETURN_SECONDS, _return_memory_regularly, sandboxes)


def run_worker(simulators: Simulators, end: socket.socket) -> None:
    """Run a worker with compiled simulators at its end of a socket pair, until the front is gone."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(simulators, end))
