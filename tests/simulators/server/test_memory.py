"""Memory that nothing uses goes back to the system: that of large bodies, in a process of its own, and of sandboxes."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from instants import SIX
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.faulty_response import CONNECTION
from sendproof_simulators.server.memory import LARGE_BODY_BYTES, free_deleted

PROGRAM = """
from pathlib import Path
from sendproof_simulators.server.faulty_response import CONNECTION
from sendproof_simulators.server.memory import return_free_pages, return_large_blocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

return_large_blocks()
bytes(31 * 2**20)
before = resident_mb()
bodies, kept = [], []
for _ in range(100 * 2**20 // {size}):
    bodies.append(bytearray(b"x") * {size})
    kept.append(bytearray(b"x") * 2000)
bodies.clear()
{end}
print(resident_mb() - before)
"""


def growth_mb(size: int, end: str) -> float:
    """Return the growth of a process in MB after it freed 100 MiB of bodies of `size` bytes between small blocks.

    `end` is called when all bodies are freed.
    """
    program = PROGRAM.format(size=size, end=end)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return float(ended.stdout)


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the memory of a process from /proc"
)


def test_large_blocks_are_returned() -> None:
    assert growth_mb(2**20, end="") < 20


def test_pages_between_small_blocks_are_returned() -> None:
    assert growth_mb(200 * 2**10, end="return_free_pages()") < 20


async def _deleted_sandbox() -> ref[Sandbox]:
    """Return a reference to a sandbox that was deleted, after the simulators have freed it."""
    async with Simulators() as simulators:
        settings = SandboxSettings(
            name="one", seed=1, start=SIX, rate=None, audience=AudienceRecipe(customers=1), channels=DEFAULT_CHANNELS
        )
        reference = ref(simulators.sandboxes.create(settings))
        await simulators.sandboxes.delete("one")
        free_deleted(simulators.sandboxes)
        return reference


def test_deleted_sandbox_is_freed() -> None:
    """It may keep four megabytes of bodies, and CI creates a sandbox for each test."""
    assert asyncio.run(_deleted_sandbox())() is None


BLOCK = 64 * 1024


class Upload:
    """A client of the control API that sends a body in blocks, and ends it when it may. `taken` are the bytes read."""

    def __init__(self, size: int) -> None:
        self.size, self.taken, self.status = size, 0, 0
        self.may_end = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        is_last = self.taken + BLOCK >= self.size
        if is_last:
            await self.may_end.wait()
        self.taken += BLOCK
        return {"type": "http.request", "body": b" " * BLOCK, "more_body": not is_last}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)

    async def run(self, simulators: Simulators) -> None:
        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/control/sandboxes",
            "query_string": b"",
            "headers": headers,
        }
        await simulators(scope | {"extensions": {CONNECTION: None}}, self.receive, self.send)


async def _read_at_once() -> list[int]:
    """Return the bytes read of a large body, of another one and of a small one, while the first is incomplete."""
    uploads = Upload(4 * LARGE_BODY_BYTES), Upload(4 * LARGE_BODY_BYTES), Upload(2 * BLOCK)
    async with Simulators() as simulators, asyncio.TaskGroup() as group:
        for upload in uploads:
            group.create_task(upload.run(simulators))
        for _ in range(200):
            await asyncio.sleep(0)
        taken = [upload.taken for upload in uploads]
        for upload in uploads:
            upload.may_end.set()
    assert [upload.status for upload in uploads] == [400, 400, 400]
    return taken


def test_large_bodies_are_read_one_at_a_time() -> None:
    assert asyncio.run(_read_at_once()) == [4 * LARGE_BODY_BYTES - BLOCK, LARGE_BODY_BYTES + BLOCK, BLOCK]
