"""Memory of large bodies goes back to the system, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from pathlib import Path
from sendproof_simulators.server.memory import return_large_blocks

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

{setting}
bytes(31 * 2**20)
before = resident_mb()
bodies, kept = [], []
for _ in range(100):
    bodies.append(bytearray(b"x") * 2**20)
    kept.append(bytearray(b"x") * 2000)
bodies.clear()
print(resident_mb() - before)
"""


def growth_mb(setting: str) -> float:
    """Return the growth of a process in MB after it freed 100 bodies of 1 MiB between small blocks."""
    program = PROGRAM.format(setting=setting)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return float(ended.stdout)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of a process from /proc")
def test_large_blocks_are_returned() -> None:
    assert growth_mb("return_large_blocks()") < 20
