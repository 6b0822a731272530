"""Real simulators in their own process, for tests over HTTP."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import requests

from forked_program import ForkedProgram


@dataclass(frozen=True)
class RunningSimulators:
    """The URLs and the process id of running simulators."""

    control: str
    services: dict[str, Any]
    pid: int

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API and return the decoded response. Anything but success fails with the response."""
        response = requests.request(method, f"{self.control}/control{path}", json=body, timeout=300)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def history(self, sandbox: str) -> list[dict[str, Any]]:
        """Return all lines of a sandbox's history, without their seals."""
        text = requests.get(f"{self.control}/control/sandboxes/{sandbox}/history", timeout=300).text
        lines = [json.loads(line) for line in text.splitlines()]
        return [{name: value for name, value in line.items() if name != "seal"} for line in lines]

    def resident_mb(self) -> float:
        """Return the resident memory of the process, in MB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - not a file on disk
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running_simulators(
    *options: str, errors: IO[str] | None = None, ends_with: int = 0, program: str = "sendproof_simulators"
) -> Iterator[RunningSimulators]:
    """Run `sendproof up --json` with more options, and end it with SIGINT. Its stderr goes to `errors`.

    Only the `program` sendproof_harness gives the simulators a judge.

    In strict mode, which `conftest.py` sets, the end fails if a response or webhook violated its contract.
    """
    reading, writing = os.pipe()
    process = ForkedProgram(program, "up", "--json", "--port", "0", *options, stdout=writing, stderr=errors)
    os.close(writing)
    with open(reading, encoding="utf-8") as output:  # noqa: PTH123 - not a file on disk
        try:
            addresses = json.loads(output.readline())
            yield RunningSimulators(addresses["control"]["url"], addresses["services"], process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=120)
    # Strict mode: a response or webhook that violates its contract ends in status 3. The log names it.
    assert status == ends_with
