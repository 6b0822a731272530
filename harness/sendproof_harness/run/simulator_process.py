"""The simulators of a run, as a child process that prints its URLs."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sendproof_harness.run.processes import Child, ProcessError, Program, wait_until

# To start Python and compile the contracts takes about two seconds; on a loaded machine it takes several times longer.
SIMULATORS_READY_S = 60.0

#: The environment variable in which the simulators get the command line of the judge, as a JSON array of words.
JUDGE_VARIABLE = "SENDPROOF_JUDGE"
#: The judge of a running sandbox. The simulators add the sandbox, and the address in SENDPROOF_CONTROL_URL.
JUDGE_COMMAND = (sys.executable, "-m", "sendproof_harness", "judge", "--json")


def start_simulators(log: Path, stack: ExitStack) -> str:
    """Start the simulators and return their control URL. They stop when the stack is closed."""
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    environment = {JUDGE_VARIABLE: json.dumps(JUDGE_COMMAND)}
    program = Program(name="the simulators", command=command, log=log, environment=environment)
    child = stack.enter_context(Child(program))
    wait_until(lambda: child.exit_status is not None or _read_urls(child) is not None, SIMULATORS_READY_S)
    child.check_running()
    urls = _read_urls(child)
    if urls is None:
        raise ProcessError(
            f"expected the simulators to start within {SIMULATORS_READY_S:.0f} s, got no URLs; {child.log_excerpt()}"
        )
    return str(urls["control"]["url"])


def _read_urls(child: Child) -> dict[str, Any] | None:
    """Return the URLs that the simulators printed, None if they have not yet; Python may print warnings around them."""
    for line in child.output().splitlines(keepends=True):
        if line.startswith('{"control"') and line.endswith("\n"):
            urls: dict[str, Any] = json.loads(line)
            return urls
    return None
