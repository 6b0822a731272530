"""Runs a function that executes somebody's program in a process of its own, which is ended when it takes too long.

The parent asks with JSON on standard input; the child, `python -m <module>`, answers with JSON on standard output.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

# Starting Python takes a tenth of a second; whoever needs more than this for one event is in a loop.
SECONDS = 5.0
MEMORY_BYTES = 512 * 1024 * 1024


async def run_in_subprocess(module: str, asked: Mapping[str, object], seconds: float = SECONDS) -> Any:
    """The answer of a module to one question; `ValueError` says why there is none."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            out, _ = await child.communicate(msgspec.json.encode(asked))
    except TimeoutError:
        raise ValueError(f"expected an end within {seconds:g} s, got none; is there a loop?") from None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    try:
        answer: dict[str, Any] = msgspec.json.decode(out)
    except msgspec.DecodeError:
        raise ValueError("it ended without an answer; did it need too much memory?") from None
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer["value"]


def answer_on_stdout(function: Callable[[Mapping[str, Any]], object]) -> None:
    """The child's part: answer the question on standard input, and end."""
    _limit_memory()
    try:
        answer: dict[str, object] = {"value": function(msgspec.json.decode(sys.stdin.buffer.read()))}
        out = msgspec.json.encode(answer)
    except Exception as error:  # noqa: BLE001 - whatever the program ran into is the answer
        out = msgspec.json.encode({"error": str(error) or type(error).__name__})
    sys.stdout.buffer.write(out)


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limits
        import resource  # noqa: PLC0415 - absent on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
