"""Costly work in turns, so that other requests are served in between.

All requests of a process share its event loop, and each waits until the work before it is done. Two hundred requests
for pages of 50 ms would delay all others by ten seconds. Costly work therefore goes on in steps, and each turn of the
event loop carries out one. Between two steps, the loop reads from its connections and serves other requests.

Turns are fair between kinds of work, and within a kind between sandboxes: two hundred requests about one sandbox count
as one client, so a request about another sandbox waits for one of them. Within a sandbox, the oldest is next: nothing
tells its clients apart.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from sendproof_simulators.core.clock.wall_clock import processor_s

#: Seconds of the processor. A request that needs more of them is costly.
COSTLY_S = 0.005

T = TypeVar("T")

_Turn: TypeAlias = asyncio.Future[None]


class _Turns:
    """The work that waits for a turn, by kind and by client. Kinds take turns, then the clients of a kind."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[str, deque[_Turn]]] = OrderedDict()

    def add(self, kind: str, client: str, turn: _Turn) -> None:
        if not self._waiting:
            turn.get_loop().call_soon(self._give_turn)
        self._waiting.setdefault(kind, OrderedDict()).setdefault(client, deque()).append(turn)

    def _give_turn(self) -> None:
        kind, clients = next(iter(self._waiting.items()))
        client, waiting = next(iter(clients.items()))
        turn = waiting.popleft()
        if not turn.done():
            turn.set_result(None)
        _after_turn(clients, client)
        _after_turn(self._waiting, kind)
        if self._waiting:
            turn.get_loop().call_soon(self._give_turn)


def _after_turn(waiting: OrderedDict[str, Any], name: str) -> None:
    """Put the one that had its turn last, or remove it if nothing of it waits."""
    if waiting[name]:
        waiting.move_to_end(name)
    else:
        del waiting[name]


# Turns that nobody waits for refer to no loop, so those of a closed loop go with it.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = WeakKeyDictionary()
# Whose request the task carries out. The server has a task for each request.
_client: ContextVar[str] = ContextVar("client", default="")


async def next_turn(kind: str = "") -> None:
    """Return when it is the turn of the next step of work that has begun, or of the first step of one of a kind.

    A request with one step so only waits for the first steps of its kind, however long others take. It belongs to the
    client of this task's request (`CostlyOperations.turn`).
    """
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        _turns[loop] = _Turns()
    turn: _Turn = loop.create_future()
    _turns[loop].add(kind, _client.get(), turn)
    await turn


class CostlyOperations:
    """The operations of a contract. One that was costly the last time needs a turn.

    `used_s` returns the seconds for which the thread has used a processor.
    """

    def __init__(self, used_s: Callable[[], float] = processor_s) -> None:
        self._used_s = used_s
        self._costly: dict[str, bool] = {}
        self._running: Counter[str] = Counter()

    async def turn(self, operation: str | None, client: str) -> None:
        """Return at once, or at the turn of a request to a costly operation. `client` is a sandbox, or ""."""
        _client.set(client)
        # Until the first request of an operation has ended, its costs are unknown.
        if operation is not None and self._costly.get(operation, self._running[operation] > 0):
            await next_turn(operation)

    def note(self, operation: str | None, used_s: float) -> None:
        """Take note of the seconds of the processor that a request needed."""
        if operation is not None:
            self._costly[operation] = used_s > COSTLY_S

    async def run(self, operation: str, client: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Carry out the work of a client's request, at once or at its turn, and return the result."""
        await self.turn(operation, client)
        measured = _Measured(work(), self._used_s)
        self._running[operation] += 1
        try:
            return await measured
        finally:
            self._running[operation] -= 1
            self.note(operation, measured.used_s)


class _Measured(Generic[T]):
    """A coroutine, and the seconds of the processor that its steps have used, without those of other tasks."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], read: Callable[[], float]) -> None:
        self._coroutine, self._read = coroutine, read
        self.used_s = 0.0

    def __await__(self) -> Generator[Any, Any, T]:
        error: BaseException | None = None
        while True:
            began = self._read()
            try:
                awaited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self.used_s += self._read() - began
            error = None
            try:
                yield awaited
            except GeneratorExit:
                self._coroutine.close()
                raise
            except BaseException as raised:  # noqa: BLE001 - it is passed on, such as a cancellation
                error = raised
