"""The front's side of a worker: conversations, each with one answer at a time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from sendproof_simulators.core.http import FaultyResponse, RelayedResponse, Response
from sendproof_simulators.core.sandboxes import Changes
from sendproof_simulators.server.workers.link import Link
from sendproof_simulators.server.workers.messages import (
    NO_CONVERSATION,
    Block,
    Cancel,
    Done,
    Failed,
    Message,
    NextBlock,
    Responded,
    RespondedFaulty,
    RespondedInBlocks,
    ToFront,
    Update,
    Written,
)
from sendproof_simulators.server.workers.processes import WorkerProcess

Answer = TypeVar("Answer", bound=Message)


class WorkerLostError(OSError):
    """The process of a worker has ended by itself, with its sandboxes."""


class WorkerFailedError(Exception):
    """A worker could not do what it was asked; the message says why."""


@dataclass(eq=False)
class RemoteWorker:
    """One worker. `sandboxes` are the names of those that it has.

    `on_changes` is called with what changed in its sandboxes, before the answer that reports it reaches the caller.
    """

    started: WorkerProcess
    on_changes: Callable[["RemoteWorker", Changes], None]
    on_loss: Callable[["RemoteWorker"], None]
    sandboxes: set[str] = field(default_factory=set)
    _link: Link[ToFront] = field(init=False)
    _reading: asyncio.Task[None] | None = None
    _waiting: dict[int, asyncio.Future[ToFront]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(NO_CONVERSATION + 1))
    _is_lost: bool = False

    async def open(self) -> None:
        """Begin the conversation."""
        self._link = await Link.open(self.started.end, ToFront)
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def close(self) -> None:
        """End the worker, which gives up what it does."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._link.close()

    async def drain(self) -> None:
        """Return when the worker has read most of what was sent."""
        await self._link.drain()

    def update(self, update: Update) -> None:
        """Tell the worker what changed elsewhere: before any message that is sent later."""
        self._link.send(NO_CONVERSATION, update)

    async def ask(self, message: Message, expected: type[Answer]) -> Answer:
        """Send a message and return its answer. If the caller is cancelled, the worker gives up as well.

        `WorkerLostError` or `WorkerFailedError` if there is no such answer.
        """
        answer = await self._ask(next(self._numbers), message)
        if not isinstance(answer, expected):
            raise WorkerFailedError(f"expected {expected.__name__} as an answer, got {answer!r:.100}")
        return answer

    async def respond(self, message: Message) -> Response | None:
        """Send a message, and return the response that the worker answers with; None if its answer is another one."""
        number = next(self._numbers)
        match await self._ask(number, message):
            case Responded(response):
                return response
            case RespondedFaulty(response, transmission):
                return FaultyResponse(
                    status=response.status,
                    body=response.body,
                    content_type=response.content_type,
                    headers=response.headers,
                    transmission=transmission,
                    on_written=lambda: self._link.send(number, Written()),
                )
            case RespondedInBlocks(response):
                return RelayedResponse(
                    status=response.status,
                    content_type=response.content_type,
                    headers=response.headers,
                    blocks=self._blocks(number),
                )
        return None

    async def _blocks(self, number: int) -> AsyncGenerator[bytes]:
        """Yield the blocks of a body, each of which is asked for: a slow client holds up its own response alone."""
        is_complete = False
        try:
            while not is_complete:
                answer = await self._ask(number, NextBlock())
                is_complete = not (isinstance(answer, Block) and answer.data)
                if isinstance(answer, Block) and answer.data:
                    yield answer.data
        finally:
            if not is_complete:
                self._link.send(number, Cancel())

    async def _ask(self, number: int, message: Message) -> ToFront:
        if self._is_lost:
            raise self.loss()
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._link.send(number, message)
        try:
            answer: ToFront = await waiting
        except asyncio.CancelledError:
            self._link.send(number, Cancel())
            raise
        finally:
            del self._waiting[number]
        if isinstance(answer, Failed):
            raise WorkerFailedError(answer.reason)
        return answer

    async def _read(self) -> None:
        async for number, answer in self._link.receive():
            if isinstance(answer, Responded | Done) and answer.changes:
                self.on_changes(self, answer.changes)
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
        self._is_lost = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self.loss())
        self.on_loss(self)

    def loss(self) -> WorkerLostError:
        """Return that the process has ended by itself, and how."""
        return WorkerLostError(f"a process of the simulators ended by itself ({self.started.status()})")
