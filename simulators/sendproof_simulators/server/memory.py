"""How a process of the simulators keeps memory, and gives it back to the system.

Only glibc has to be asked for the latter; other libraries are left alone.
"""

import asyncio
import ctypes
import gc
import sys
from contextlib import suppress
from functools import cache

from sendproof_simulators.core.sandboxes import Sandboxes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
#: Blocks of this size get pages of their own, which are returned as soon as the block is freed.
MAPPED_BYTES = 256 * 1024
#: Real seconds between two returns of free memory to the system.
RETURN_SECONDS = 10
#: Bytes of a body that is read in turn with others, and the longest wait for the turn, in real seconds.
LARGE_BODY_BYTES, TURN_SECONDS = 1024 * 1024, 5


class Turn:
    """The turn of a large body: a process reads one at a time, and decodes it before the next.

    Otherwise bodies of 8 MiB that arrive together would be in memory together. A client that sends slowly loses its
    turn after some seconds: the others then wait for it no longer.
    """

    def __init__(self, large_bodies: asyncio.Lock) -> None:
        """All requests of a process share the lock."""
        self._lock = large_bodies
        self._is_taken = self._has_waited = False

    async def wait(self) -> None:
        """Return when the turn has come, or at once if this request has waited before."""
        if self._has_waited:
            return
        self._has_waited = True
        with suppress(TimeoutError):
            async with asyncio.timeout(TURN_SECONDS):
                self._is_taken = await self._lock.acquire()

    def end(self) -> None:
        """Let the next large body have its turn."""
        if self._is_taken:
            self._is_taken = False
            self._lock.release()

    def end_when_waiting(self) -> None:
        """End the turn as soon as the request waits for something: until then, it is being decoded."""
        if self._is_taken:
            asyncio.get_running_loop().call_soon(self.end)


def return_large_blocks() -> None:
    """Let the process give large blocks back at once, and keep all others in one heap.

    glibc raises its threshold to the largest block that was freed, up to 32 MiB. Bodies of that size then lie between
    small blocks that stay, and a process that got a few hundred of them keeps memory that no one uses. A heap for each
    thread would be one more place for such gaps, and our threads take turns anyway.
    """
    library = _library()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
        library.mallopt(_M_ARENA_MAX, 1)


def return_free_pages() -> None:
    """Give the free pages between blocks back, which glibc keeps for later: 300 MB of them in 50 ms."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def free_deleted(sandboxes: Sandboxes) -> None:
    """Free the sandboxes that were deleted: Python would wait until there are millions of new objects."""
    if sandboxes.take_deleted():
        gc.collect()


def settle_heap() -> None:
    """Exempt everything created so far from garbage collection: it lives as long as the process."""
    # Without a collection before: it takes a tenth of the start, and finds a few hundred objects.
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


@cache
def _library() -> ctypes.CDLL | None:
    """Return glibc, None on other systems."""
    if sys.platform != "linux":
        return None
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        if library.malloc_trim and library.mallopt:
            return library
    return None
