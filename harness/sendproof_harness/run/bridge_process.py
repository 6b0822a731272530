"""The bridge of a run: ours, any command, or one that somebody else runs; and what it is told.

A bridge that the run has started can be started again: when it was killed on purpose, and when it has a new key.
"""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sendproof_harness.handover import write
from sendproof_harness.handover.reference_bridge import write_settings
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.processes import Child, ProcessError, Program, listens, split_command
from sendproof_harness.run.progress import Watcher


@dataclass(kw_only=True)
class Bridge:
    """One bridge. `told` is its handover; `command` None means ours, `address` one that runs already.

    `database` is a folder for what ours keeps beyond its own life.
    """

    told: dict[str, Any]
    folder: Path
    command: str | None
    address: str | None
    database: Path
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _child: Child | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def ours_to_start(self) -> bool:
        """Whether the run starts it, and so can kill it and start it again."""
        return self.address is None

    @property
    def pid(self) -> int | None:
        """The id of its process, when the run has started it."""
        return None if self._child is None else self._child.pid

    @property
    def shares_clock(self) -> bool:
        """Whether it must take part in virtual time, as ours does."""
        return self.address is None and self.command is None

    @property
    def listen(self) -> dict[str, Any]:
        """The `host` and `port` where it is expected to listen."""
        listen: dict[str, Any] = write.clients_of(self.told)[0]["listen"]
        return listen

    def hand_over(self) -> None:
        """Write the handover."""
        write.write_handover(self.told, self._file)

    def begin(self, watcher: Watcher) -> None:
        """Start the bridge, or say where the handover is."""
        if self.ours_to_start:
            self.start()
            return
        watcher.note(
            f"The sandbox is described in {self._file.resolve()}.\nWaiting until the bridge at {self.address} uses it."
        )
        if not listens(self.listen["host"], self.listen["port"]):
            watcher.note(f"Nothing listens at {self.address} yet.")

    def start(self) -> None:
        """Start it, with what it is told now."""
        self._child = self._stack.enter_context(Child(self._program()))

    def kill(self) -> None:
        """End it as a power cut would. Until it is started again it is not expected to run."""
        if self._child is not None:
            self._child.kill()
        self._child = None

    def end(self) -> None:
        """Ask it to end. Until it is started again it is not expected to run."""
        if self._child is not None:
            self._child.end()
        self._child = None

    def tell(self, sandbox: str, service: str, credentials: Mapping[str, str]) -> None:
        """Renew credentials in the handover, of the client that this sandbox belongs to."""
        for client in write.clients_of(self.told):
            if client["sandbox"] == sandbox:
                client["services"][service]["credentials"].update(credentials)
        self.hand_over()

    def key_of(self, sandbox: str) -> tuple[str, str]:
        """The name and the value of the Optimove credential that the bridge shows for this sandbox's client."""
        client = next(one for one in write.clients_of(self.told) if one["sandbox"] == sandbox)
        name = write.key_name(client)
        return name, client["services"]["optimove"]["credentials"][name]

    def must_run(self) -> None:
        """Raise `RunAbortedError` when it has ended by itself."""
        if self._child is None:
            return
        try:
            self._child.must_run()
        except ProcessError as error:
            trouble = RunAborted(
                blame="bridge", cause="the bridge ended", expected="a bridge that keeps running", got=str(error)
            )
            raise RunAbortedError(trouble) from error

    def last_words(self) -> str:
        """The end of its log, for a message; empty when somebody else has it."""
        return "" if self._child is None else self._child.last_words()

    @property
    def _file(self) -> Path:
        return self.folder / "handover.json"

    def _program(self) -> Program:
        environment = {write.VARIABLE: str(self._file.resolve()), "PYTHONUNBUFFERED": "1"}
        if self.command is not None:
            words = split_command(self.command)
        else:
            settings = self.folder / "bridge.toml"
            environment |= write_settings(self.told, settings, self.database / "bridge.sqlite")
            words = [sys.executable, "-m", "sendproof_bridge", "--config", str(settings)]
        return Program(name="the bridge", words=words, log=self.folder / "bridge.log", environment=environment)
