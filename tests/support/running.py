"""Real simulators in a process of their own, for tests that speak HTTP to them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import requests


@dataclass(frozen=True)
class RunningSimulators:
    """Where they answer, and the id of their process."""

    control: str
    services: dict[str, Any]
    pid: int

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask the control API; anything but success is an error with its reason."""
        reply = requests.request(method, f"{self.control}/control{path}", json=body, timeout=300)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def history(self, sandbox: str) -> list[dict[str, Any]]:
        """Every line of a sandbox's history."""
        text = requests.get(f"{self.control}/control/sandboxes/{sandbox}/history", timeout=300).text
        return [json.loads(line) for line in text.splitlines()]

    def stop(self) -> None:
        """Press Ctrl-C."""
        os.kill(self.pid, signal.SIGINT)

    def resident_mb(self) -> float:
        """Memory that the process holds now, in megabytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - not a file on disk
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running_simulators(*options: str, errors: IO[str] | None = None) -> Iterator[RunningSimulators]:
    """`sendproof up --json`, perhaps with more options, ended by Ctrl-C. What it complains of goes to `errors`."""
    command = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    try:
        addresses = json.loads(process.stdout.readline())
        yield RunningSimulators(addresses["control"]["url"], addresses["services"], process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        process.stdout.close()
