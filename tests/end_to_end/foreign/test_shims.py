"""The shims of docs/connect-your-bridge.md, with the virtual clock of a real sandbox."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
import requests

from repository import ROOT
from running import RunningSimulators
from running_bridge import wait_until
from sendproof_simulators.core.clock.virtual_clock import PARK_SECONDS
from stand_in import stand_in

SHIMS = ROOT / "docs" / "shims"

# Each program writes the time at which it works, and reads the time at which to work next.
PYTHON = """
import sys
from shim import live_by
def work(now):
    print(now, flush=True)
    return sys.stdin.readline().strip() or None
live_by(sys.argv[1], work)
"""
JAVASCRIPT = """
const fs = require("fs"), { liveBy } = require("./shim.js"), letter = Buffer.alloc(1);
function line() {
  for (let text = ""; ; text += letter) if (fs.readSync(0, letter) < 1 || letter[0] === 10) return text;
}
liveBy(process.argv[1], async (now) => { fs.writeSync(1, now + "\\n"); return line() || null; });
"""
PHP = """
require './shim.php';
live_by($argv[1], function ($now) { echo "$now\\n"; return trim(fgets(STDIN)) ?: null; });
"""
PROGRAMS = {
    "py": [sys.executable, "-c", PYTHON],
    "js": ["node", "-e", JAVASCRIPT],
    "php": ["php", "-r", PHP, "--"],
}
LANGUAGES = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(words[0]) is None, reason=f"{words[0]} is not installed"))
    for name, words in PROGRAMS.items()
]
"""A bridge that only writes the time, in every language that is installed."""


@dataclass
class Sandbox:
    """A sandbox for one message, whose receipt wakes a parked bridge."""

    simulators: RunningSimulators
    clock: dict[str, Any]

    def __post_init__(self) -> None:
        self.created = self.simulators.call("POST", "/sandboxes", {"seed": 7, "clock": self.clock})
        self.path = f"/sandboxes/{self.created['sandbox']}"
        self.clock_url = f"{self.simulators.control}/control{self.path}/clock"

    def send(self, receipt_url: str) -> None:
        service = self.created["services"]["textlocal"]
        message = {"numbers": "447123456789", "message": "Hello", "receipt_url": receipt_url}
        requests.post(f"{service['url']}/send/", data=service["credentials"] | message, timeout=60).raise_for_status()

    def clock_state(self) -> dict[str, Any]:
        return self.simulators.call("GET", f"{self.path}/clock")

    def parked(self) -> bool:
        return [participant["parked"] for participant in self.clock_state()["participants"]] == [True]

    def webhooks(self) -> list[str]:
        history = self.simulators.history(self.created["sandbox"])
        return [line["at"] for line in history if line["kind"] == "webhook"]


@contextmanager
def program(language: str, sandbox: Sandbox) -> Iterator[subprocess.Popen[str]]:
    """Start the program in a language, and kill it at the end."""
    command = [*PROGRAMS[language], sandbox.clock_url]
    process = subprocess.Popen(command, cwd=SHIMS, stdin=-1, stdout=-1, text=True, bufsize=1)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("language", LANGUAGES)
def test_shim_wakes_at_its_time_and_on_delivery(language, simulators) -> None:
    sandbox = Sandbox(simulators, {"mode": "virtual", "start": "2026-03-02T06:00:00Z"})
    with stand_in() as receiver, program(language, sandbox) as process:
        process.stdin.write("2026-03-02T07:00:00Z\n\n\n")
        wait_until(sandbox.parked, "the first park")
        simulators.call("POST", f"{sandbox.path}/clock/advance", {"to": "2026-03-02T08:00:00Z"})
        sandbox.send(receiver.url)
        simulators.call("POST", f"{sandbox.path}/clock/advance", {"to": "2026-03-02T10:00:00Z"})
        times = [process.stdout.readline().strip() for _ in range(3)]
    (receipt,) = sandbox.webhooks()
    assert times == ["2026-03-02T06:00:00.000Z", "2026-03-02T07:00:00.000Z", receipt]


@pytest.mark.parametrize("language", LANGUAGES)
def test_shim_does_not_park_after_a_delivery_during_work(language, simulators) -> None:
    """The park request must return immediately, or the delivery would wait for the timeout.

    One of five immediate returns is enough, because other processes use the machine.
    """
    sandbox = Sandbox(simulators, {"mode": "real", "rate": 100_000})
    with stand_in() as receiver, program(language, sandbox) as process:
        process.stdout.readline()

        def seconds_until_work(delivered: int) -> float:
            sandbox.send(receiver.url)
            wait_until(lambda: sandbox.clock_state()["delivered"] == delivered, "the receipt")
            began = monotonic()
            process.stdin.write("2100-01-01T00:00:00Z\n")
            worked_at, seconds = process.stdout.readline(), monotonic() - began
            assert worked_at > sandbox.webhooks()[-1]
            return seconds

        assert any(seconds_until_work(delivered) < PARK_SECONDS for delivered in range(1, 6))


@pytest.mark.parametrize("language", ["py", "js", "php"])
def test_document_shows_the_code_of_the_shim(language) -> None:
    """Readers copy the code, so it must be the tested one."""
    name = {"py": "python"}.get(language, language)
    code = (SHIMS / f"shim.{language}").read_text()
    assert f"```{name}\n{code}```\n" in (ROOT / "docs" / "connect-your-bridge.md").read_text()
    assert len(code.splitlines()) <= 20


def test_flask_example_contains_the_shim() -> None:
    code = (SHIMS / "shim.py").read_text()
    loop = code[code.index("def live_by") :]
    assert loop in (ROOT / "bridge" / "examples" / "flask_bridge" / "app.py").read_text()
