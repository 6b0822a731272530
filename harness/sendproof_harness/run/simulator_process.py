"""The simulators of a run, when it starts its own: a child process that says where it answers."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sendproof_harness.run.processes import Child, ProcessError, Program, until

# Starting Python and compiling the contracts takes about two seconds; a loaded machine takes some times that.
SIMULATORS_READY_S = 60.0


def start_simulators(log: Path, stack: ExitStack) -> str:
    """Start them; answers their control address. They end with the stack."""
    words = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    child = stack.enter_context(Child(Program(name="the simulators", words=words, log=log, environment={})))
    until(lambda: child.status is not None or _announced(log) is not None, SIMULATORS_READY_S)
    child.must_run()
    addresses = _announced(log)
    if addresses is None:
        raise ProcessError(f"the simulators did not answer within {SIMULATORS_READY_S:.0f} s; {child.last_words()}")
    return str(addresses["control"]["url"])


def _announced(log: Path) -> dict[str, Any] | None:
    """The addresses that the simulators print on a line of their own; warnings of Python may stand around it."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        if line.startswith('{"control"') and line.endswith("\n"):
            addresses: dict[str, Any] = json.loads(line)
            return addresses
    return None
