"""The reference bridge in its own process, with simulators and a sandbox on a virtual or a real clock."""

import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from forked_program import ForkedProgram, run_program
from running import RunningSimulators
from sendproof_harness.run.processes import free_port

START = "2026-03-02T00:00:00.000Z"
TOKEN = "a-token-for-tests"
OPERATOR_TOKEN = "an-operator-token-for-tests"


class Sandbox:
    """A sandbox with channel 505, which Textlocal sends for."""

    def __init__(self, simulators: RunningSimulators, customers: int, *, virtual: bool = True) -> None:
        settings = {
            "seed": 7,
            "clock": {"mode": "virtual", "start": START} if virtual else {"mode": "real"},
            "audience": {
                "customers": customers,
                "opted_out": 0.05,
                "unusable_numbers": 0.05,
                # The statuses of these messages must be polled.
                "outcomes": {"never": 0.05},
            },
            "channels": [{"id": 505, "provider": "textlocal", "kind": "scheduled"}],
        }
        self.simulators = simulators
        self.created = simulators.call("POST", "/sandboxes", settings)
        self.path = f"/sandboxes/{self.created['sandbox']}"
        self.clock_url = f"{simulators.control}/control{self.path}/clock" if virtual else None

    def service(self, name: str) -> tuple[str, dict[str, str]]:
        """Return a service's URL and credentials."""
        service = self.created["services"][name]
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

    def advance(self, **target: Any) -> None:
        self.simulators.call("POST", f"{self.path}/clock/advance", target)

    def history(self) -> list[dict[str, Any]]:
        return self.simulators.history(self.created["sandbox"])


class BridgeProcess:
    """`python -m sendproof_bridge`, which can be killed and restarted on the same database."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "bridge.log"
        self._sandbox = sandbox
        self._config = folder / "bridge.toml"
        self._command = ("sendproof_bridge", "serve", "--config", self._config)
        self._process: ForkedProgram | None = None
        self.use_urls({})

    def use_urls(self, urls: dict[str, str]) -> None:
        """Replace the URLs of `optimove`, `textlocal` and the `bridge` itself, for example by those of proxies."""
        self._config.write_text(config_text(self._sandbox, self.port, {"bridge": self.url, **urls}))

    def start(self) -> None:
        """Start the bridge, and return when it responds."""
        with self.log.open("ab") as log:
            self._process = ForkedProgram(*self._command, stdout=log, stderr=log)
        wait_until(self.healthy, "the bridge to respond", self.log)

    def healthy(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/health", timeout=60).ok
        return False

    def kill(self) -> None:
        """Kill the process like `kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=120)

    def stop(self) -> int:
        """Send SIGTERM; return the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=120)

    def clean_up(self) -> None:
        """Kill the process if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def run_second(self) -> subprocess.CompletedProcess[str]:
        """Run a second bridge with the same settings until it ends."""
        return run_program(*self._command)


def config_text(sandbox: Sandbox, port: int, urls: dict[str, str]) -> str:
    """Return the bridge's TOML file."""
    optimove, optimove_key = sandbox.service("optimove")
    textlocal, textlocal_key = sandbox.service("textlocal")
    return f"""
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:{port}"
public_url = "{urls["bridge"]}"
operator_token = "{OPERATOR_TOKEN}"
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


def wait_until(condition: Callable[[], bool], goal: str, log: Path | None = None, seconds: float = 120) -> None:
    """Poll in real time until `condition` is true. A failure names the `goal` and shows the end of the log."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    tail = log.read_text()[-2000:] if log else ""
    raise AssertionError(f"waited {seconds} s for {goal}\n{tail}")


def lines(history: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the lines of one kind."""
    return [line for line in history if line["kind"] == kind]
