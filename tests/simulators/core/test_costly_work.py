"""Costly work goes on in turns. The tests observe the order of events, so no duration matters."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable

import pytest

from sendproof_simulators.core.clock.costly_work import COSTLY_S, CostlyOperations, next_turn


class Processor:
    """The seconds that the work of a test has used: those of a real processor also depend on the machine."""

    used_s = 0.0

    def read(self) -> float:
        return self.used_s


PROCESSOR = Processor()


def compute() -> None:
    """Use the processor for longer than a cheap request."""
    PROCESSOR.used_s += 2 * COSTLY_S


async def in_one_step() -> None:
    compute()


async def in_steps() -> None:
    for _ in range(5):
        compute()
        await next_turn()


async def cheaply() -> None:
    """Be done at once."""


def order_of(
    flood: Callable[[], Awaitable[None]], other: Callable[[], Awaitable[None]], known: str = "", operation: str = ""
) -> list[str]:
    """Return the order in which ten requests of a flood and one of another client end that all begin together.

    They are for the operations `flood` and `other`, or all for one. `known` is an operation with known costs.
    """
    ended: list[str] = []

    async def request(operations: CostlyOperations, name: str, work: Callable[[], Awaitable[None]]) -> None:
        await operations.run(operation or name, name, work)  # type: ignore[arg-type]
        ended.append(name)

    async def run() -> None:
        operations = CostlyOperations(PROCESSOR.read)
        if known:
            await operations.run(known, "flood", flood)  # type: ignore[arg-type]
        requests = [request(operations, "flood", flood) for _ in range(10)]
        await asyncio.gather(*requests, request(operations, "other", other))

    asyncio.run(run())
    return ended


@pytest.mark.parametrize("flood", [in_one_step, in_steps])
@pytest.mark.parametrize("known", ["flood", ""], ids=["known", "unknown"])
def test_cheap_request_is_served_before_costly_ones(flood: Callable[[], Awaitable[None]], known: str) -> None:
    """All but the first of a kind whose costs are unknown wait for their turns."""
    assert order_of(flood, cheaply, known).index("other") <= 1


def test_costly_request_with_one_step_does_not_wait_for_the_further_steps_of_others() -> None:
    assert order_of(in_steps, in_one_step).index("other") <= 1


@pytest.mark.parametrize("work", [in_one_step, in_steps])
def test_another_client_does_not_wait_for_all_requests_for_the_same_list(work: Callable[[], Awaitable[None]]) -> None:
    assert order_of(work, work, known="list", operation="list").index("other") <= 1


def test_request_with_several_steps_ends_although_others_begin() -> None:
    assert order_of(in_one_step, in_steps, known="flood").index("other") < 10


def test_operation_needs_no_turn_once_it_was_cheap() -> None:
    async def run() -> list[str]:
        operations, ended = CostlyOperations(PROCESSOR.read), list[str]()
        await operations.run("list", "a client", in_one_step)
        await operations.run("list", "a client", cheaply)
        waiting = asyncio.ensure_future(next_turn())
        waiting.add_done_callback(lambda _: ended.append("turn"))
        await operations.run("list", "a client", cheaply)
        ended.append("list")
        await waiting
        return ended

    assert asyncio.run(run()) == ["list", "turn"]


def test_turns_of_a_closed_loop_go_with_it() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(next_turn())
    loop.close()
    closed = weakref.ref(loop)
    del loop
    gc.collect()
    assert closed() is None


def test_request_that_is_given_up_while_it_waits_takes_no_turn() -> None:
    async def run() -> None:
        left, other = asyncio.ensure_future(next_turn()), asyncio.ensure_future(next_turn())
        await asyncio.sleep(0)
        left.cancel()
        await other
        assert left.cancelled()

    asyncio.run(run())


def test_errors_and_cancellations_reach_the_work() -> None:
    """Its steps are measured from outside."""
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise KeyError("of the work") from None

    async def run() -> None:
        running = asyncio.ensure_future(CostlyOperations(PROCESSOR.read).run("list", "a client", work))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(KeyError, match="of the work"):
            await running

    asyncio.run(run())
    assert seen == ["cancelled"]
