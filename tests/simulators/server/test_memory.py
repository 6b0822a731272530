"""Memory that nothing uses goes back to the system: that of large bodies, in a process of its own, and of sandboxes."""

import asyncio
import subprocess
import sys
from pathlib import Path
from weakref import ref

import pytest

from instants import SIX
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.memory import free_deleted

PROGRAM = """
from pathlib import Path
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
