"""Evaluation of a user's program in a process of its own, with limits on time and memory.

The parent writes JSON to the standard input of `python -m <module>`, which writes JSON to its standard output.
"""

import asyncio
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import process_time
from typing import Any

import msgspec

# Starting Python takes a tenth of a second of the processor. A program that needs more than this for one event is in a
# loop. A busy machine takes longer for the same work, so real time is only the limit where there is no other.
CPU_SECONDS = 5
SECONDS = 300.0
MEMORY_BYTES = 512 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
# The exit status of a process that used up its time.
_TIME_IS_UP = -signal.SIGXCPU


async def run_in_subprocess(module: str, argument: Mapping[str, object]) -> Any:
    """Return the result of a module for one argument; `ValueError` says why there is none."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await child.communicate(msgspec.json.encode(argument))
    except TimeoutError:
        raise ValueError(f"expected a result within {SECONDS:g} s, got none; is there a loop?") from None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    if child.returncode == _TIME_IS_UP:
        raise ValueError(f"expected a result within {CPU_SECONDS} s of processor time, got none; is there a loop?")
    try:
        result: dict[str, Any] = msgspec.json.decode(out)
    except msgspec.DecodeError:
        raise ValueError("it ended without a result; did it need too much memory?") from None
    if "error" in result:
        raise ValueError(result["error"])
    return result["value"]


def write_result(function: Callable[[Mapping[str, Any]], object]) -> None:
    """Call a function with the argument on standard input, and write its result; the child's part."""
    _limit_child()
    try:
        result: dict[str, object] = {"value": function(msgspec.json.decode(sys.stdin.buffer.read()))}
        out = msgspec.json.encode(result)
    except Exception as error:  # noqa: BLE001 - any error of the program is a result
        out = msgspec.json.encode({"error": str(error) or type(error).__name__})
    sys.stdout.buffer.write(out)


def _limit_child() -> None:
    """Limit memory and time, and end with the simulators: a loop must not outlive them if they are killed."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - other systems do not need it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        # Without the time of the imports before. The signal of the lower limit names the reason; the higher one kills.
        limit = int(process_time()) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
