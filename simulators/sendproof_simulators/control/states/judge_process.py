"""The judge of running sandboxes: a program of its own, which reads a history over the control API.

The simulators do not judge, and never import the harness. The program that starts them passes the command of the judge.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from sendproof_simulators.core.sandbox import Sandbox

#: The environment variable with the command line of the judge, as a JSON array of words.
JUDGE_VARIABLE = "SENDPROOF_JUDGE"
# The address of the control API for the judge. It may contain a token, which should not be in lists of processes.
_CONTROL_URL_VARIABLE = "SENDPROOF_CONTROL_URL"
# With it, the judge ends when its standard input does: a judge must not outlive simulators that were killed.
_LIFELINE_VARIABLE = "SENDPROOF_ENDS_WITH_STDIN"
# A history of a million recipients takes about a minute.
SECONDS = 300.0
# It has to remove its temporary files, on a busy machine, too.
_END_SECONDS = 5.0
# A verdict has a few examples of each finding, and a row for each campaign.
MAX_BYTES = 16 * 1024 * 1024
_EXCERPT = 500


class JudgeError(Exception):
    """No verdict; the message gives the reason and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedVerdict:
    """A verdict on the journal up to its entry `n`, computed at `computed_at` (ISO 8601, time of the sandbox)."""

    computed_at: str
    n: int
    verdict: Mapping[str, object]


@dataclass(slots=True)
class JudgeProcess:
    """Runs the judge, one process at a time, and keeps the last verdict of each sandbox.

    All requests for the verdict on a sandbox that wait get the same one: two hundred of them would keep a processor
    busy for minutes, and delay the verdict on another sandbox.
    """

    command: Sequence[str] | None
    _last: WeakKeyDictionary[Sandbox, ComputedVerdict] = field(default_factory=WeakKeyDictionary)
    _waiting: WeakKeyDictionary[Sandbox, asyncio.Task[ComputedVerdict]] = field(default_factory=WeakKeyDictionary)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _judging: set[asyncio.Task[ComputedVerdict]] = field(default_factory=set)

    def last(self, sandbox: Sandbox) -> ComputedVerdict | None:
        """Return the last verdict on a sandbox, or None."""
        return self._last.get(sandbox)

    def forget(self, sandbox: Sandbox) -> None:
        """Forget the last verdict on a sandbox with another past."""
        self._last.pop(sandbox, None)

    async def judge(self, sandbox: Sandbox, control_url: str) -> ComputedVerdict:
        """Judge a sandbox now; `JudgeError` if that is impossible."""
        if self.command is None:
            raise JudgeError(
                "these simulators have no judge; start them with `sendproof up`, or judge from outside: "
                f"sendproof judge --sandbox {sandbox.id}"
            )
        if sandbox not in self._waiting:
            task = asyncio.get_running_loop().create_task(self._judge_in_turn(self.command, sandbox, control_url))
            self._waiting[sandbox] = task
            self._judging.add(task)
            task.add_done_callback(self._judging.discard)
        task = self._waiting[sandbox]
        try:
            # A client that leaves does not take the verdict of the others with it.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise JudgeError("the simulators end; judge the results of the run instead") from None

    def end(self) -> None:
        """Give up all verdicts: who waits for one gets a `JudgeError`."""
        for task in self._judging:
            task.cancel()

    async def _judge_in_turn(self, command: Sequence[str], sandbox: Sandbox, control_url: str) -> ComputedVerdict:
        async with self._turn:
            # A later request must not get the verdict on a history that has been read already.
            del self._waiting[sandbox]
            verdict = await _run([*command, "--sandbox", sandbox.id], control_url)
        # The sandbox went on while the judge started, so only the judge knows what it read.
        computed = self._last[sandbox] = ComputedVerdict(
            computed_at=str(verdict["ended"]), n=int(verdict["entries"]), verdict=verdict
        )
        return computed


async def _run(command: Sequence[str], control_url: str) -> Mapping[str, Any]:
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, _CONTROL_URL_VARIABLE: control_url, _LIFELINE_VARIABLE: "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise JudgeError(f"the judge {command[0]!r} cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(SECONDS):
            out, errors = await asyncio.gather(_read(child.stdout), _read(child.stderr))
            await child.wait()
    except TimeoutError:
        raise JudgeError(f"expected a verdict within {SECONDS:g} s, got none; run `sendproof judge` instead") from None
    finally:
        await _end(child)
    return _verdict(out, errors)


async def _end(child: asyncio.subprocess.Process) -> None:
    """End the judge by its standard input, so that it can remove its temporary files, or else by force."""
    if child.stdin is not None:
        child.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await child.wait()
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """Return everything that a stream yields, up to a limit."""
    if stream is None:
        raise LookupError("expected a pipe")
    blocks: list[bytes] = []
    size = 0
    while block := await stream.read(64 * 1024):
        size += len(block)
        if size > MAX_BYTES:
            raise JudgeError(f"expected at most {MAX_BYTES:,} bytes from the judge, got more")
        blocks.append(block)
    return b"".join(blocks)


def _verdict(out: bytes, errors: bytes) -> Mapping[str, Any]:
    with suppress(msgspec.DecodeError):
        verdict = msgspec.json.decode(out)
        if isinstance(verdict, dict) and verdict.keys() >= {"verdict", "ended", "entries"}:
            return verdict
    said = " ".join((errors or out).decode("utf-8", "replace").split())[-_EXCERPT:]
    raise JudgeError(f"the judge gave no verdict: {said or 'it said nothing'}")


def judge_command() -> Sequence[str] | None:
    """Return the command line of the judge in the environment, None without one; `ValueError` for another value."""
    text = os.environ.get(JUDGE_VARIABLE)
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError as error:
        raise ValueError(f"{JUDGE_VARIABLE}: expected a JSON array of words, got {text!r:.80}: {error}") from error
