"""The reference bridge in a process of its own, beside simulators and a sandbox with the virtual clock."""

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from running import RunningSimulators
from sendproof_scenarios.processes import free_port

START = "2026-03-02T00:00:00.000Z"
TOKEN = "a-token-for-tests"


class Sandbox:
    """One sandbox with a channel 505 over Textlocal."""

    def __init__(self, simulators: RunningSimulators, customers: int, *, virtual: bool = True) -> None:
        wanted = {
            "seed": 7,
            "clock": {"mode": "virtual", "start": START} if virtual else {"mode": "real"},
            "audience": {"customers": customers, "opted_out": 0.05, "unusable_numbers": 0.05},
            "channels": [{"id": 505, "provider": "textlocal", "kind": "scheduled"}],
        }
        self.simulators = simulators
        self.made = simulators.call("POST", "/sandboxes", wanted)
        self.path = f"/sandboxes/{self.made['sandbox']}"
        self.clock_url = f"{simulators.control}/control{self.path}/clock" if virtual else None

    def service(self, name: str) -> tuple[str, dict[str, str]]:
        """Where a service answers, and the credentials for it."""
        service = self.made["services"][name]
        return service["url"], service["credentials"]

    def add_templates(self, *templates: dict[str, str]) -> None:
        self.simulators.call("POST", f"{self.path}/providers/textlocal/templates", list(templates))

    def plan(self, campaign: int, customers: int, splits: list[dict[str, Any]]) -> None:
        planned = {"campaign": campaign, "channel": 505, "customers": customers, "splits": splits}
        self.simulators.call("POST", f"{self.path}/campaigns", planned)

    def state(self) -> dict[str, Any]:
        return self.simulators.call("GET", f"{self.path}/state")

    def clock(self) -> dict[str, Any]:
        return self.simulators.call("GET", f"{self.path}/clock")

    def advance(self, **how: Any) -> None:
        self.simulators.call("POST", f"{self.path}/clock/advance", how)

    def history(self) -> list[dict[str, Any]]:
        return self.simulators.history(self.made["sandbox"])


class BridgeProcess:
    """`python -m sendproof_bridge`, which may be killed and started again on the same database."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "bridge.log"
        self._sandbox = sandbox
        self._config = folder / "bridge.toml"
        self._command = [sys.executable, "-m", "sendproof_bridge", "--config", str(self._config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.put_behind({})

    def put_behind(self, urls: dict[str, str]) -> None:
        """Put other addresses in the place of `optimove`, `textlocal`, and its own `door`."""
        self._config.write_text(settings(self._sandbox, self.port, {"door": self.url, **urls}))

    def start(self) -> None:
        """Start, and return when the door answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(self.healthy, "the bridge to open its door", self.log)

    def healthy(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/health", timeout=5).ok
        return False

    def kill(self) -> None:
        """As by kill -9 or a power cut."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; answers its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=120)

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def run_beside(self) -> subprocess.CompletedProcess[str]:
        """Start a second one with the same settings, and wait for its end."""
        return subprocess.run(self._command, capture_output=True, text=True, timeout=120, check=False)


def settings(sandbox: Sandbox, port: int, urls: dict[str, str]) -> str:
    """The bridge's TOML."""
    optimove, optimove_key = sandbox.service("optimove")
    textlocal, textlocal_key = sandbox.service("textlocal")
    return f"""
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:{port}"
public_url = "{urls["door"]}"
{f'clock_url = "{sandbox.clock_url}"' if sandbox.clock_url else ""}

[[clients]]
name = "acme"
optimove_url = "{urls.get("optimove", optimove)}"
optimove_api_key = "{optimove_key["api_key"]}"
webhook_token = "{TOKEN}"

[[clients.channels]]
id = 505
provider = "textlocal"
url = "{urls.get("textlocal", textlocal)}"
apikey = "{textlocal_key["apikey"]}"
sender = "Sendproof"
phone_attribute = "PHONENUMBER"
consent_attribute = "SMS_OPT_IN"
"""


def until(reached: Any, what: str, log: Path | None = None, seconds: float = 120) -> None:
    """Ask again and again until something is so; in real time."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if reached():
            return
        pause.wait(0.02)
    words = log.read_text()[-2000:] if log else ""
    raise AssertionError(f"waited {seconds} s for {what}\n{words}")


def lines(history: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The lines of one kind."""
    return [line for line in history if line["kind"] == kind]
