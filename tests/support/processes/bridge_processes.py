"""Processes of one bridge: webhooks, and workers, on one database."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from forked_program import ForkedProgram, run_program
from running_bridge import wait_until
from sendproof_harness.run.processes import free_port
from small_bridge import database_setting

TOKEN = "a-token-for-tests"
CONFIG = """
[bridge]
database = "{database}"
listen = "127.0.0.1:{port}"
public_url = "http://bridge.test"
log = "json"
[[clients]]
name = "acme"
optimove_url = "{url}"
optimove_api_key = "a-key"
webhook_token = "a-token-for-tests"
[[clients.channels]]
id = 505
provider = "textlocal"
url = "{url}"
apikey = "a-key"
sender = "Acme"
phone_attribute = "PHONE"
consent_attribute = "CONSENT"
"""


class BridgeProcesses:
    """Starts the processes, on one configuration."""

    def __init__(self, folder: Path, url: str) -> None:
        """Write the configuration, with the services at `url`."""
        self.folder, self.port, self.worker_port = folder, free_port("127.0.0.1"), free_port("127.0.0.1")
        settings = CONFIG.format(port=self.port, url=url, database=database_setting(folder))
        (folder / "bridge.toml").write_text(settings)

    def command(self, *arguments: str) -> list[str]:
        return ["sendproof_bridge", *arguments, "--config", str(self.folder / "bridge.toml")]

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a process that must end by itself."""
        return run_program(*self.command(name))

    @contextmanager
    def process(self, port: int, *arguments: str) -> Iterator[ForkedProgram]:
        """Run a process until the end of the block; it must then end with status 0, unless the test killed it."""
        log = self.folder / f"{arguments[0]}.log"
        with log.open("a") as output:
            process = ForkedProgram(*self.command(*arguments), stderr=output)
            try:
                wait_until(lambda: self.is_ready(port), arguments[0], log)
                yield process
                if process.poll() != -signal.SIGKILL:
                    process.send_signal(signal.SIGTERM)
                    assert process.wait(timeout=120) == 0
            finally:
                process.kill()
                process.wait(timeout=120)

    def webhooks(self) -> Any:
        return self.process(self.port, "serve", "--no-worker")

    def worker(self, port: int | None = None) -> Any:
        """Run a worker; another one than the first needs a port of its own."""
        port = port or self.worker_port
        return self.process(port, "work", "--listen", f"127.0.0.1:{port}")

    def post_event(self, **event: Any) -> None:
        """Post an event of Optimove."""
        url = f"http://127.0.0.1:{self.port}/webhooks/optimove/acme/{TOKEN}"
        assert requests.post(url, json=event, timeout=60).ok

    def worker_lines(self, job: str) -> list[dict[str, Any]]:
        """Return what the worker has logged about a job, without a line that is not complete."""
        lines = (self.folder / "work.log").read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, lines) if line.get("job") == job]

    @staticmethod
    def is_ready(port: int) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=60).ok
        except requests.ConnectionError:
            return False
