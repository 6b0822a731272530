"""Webhooks and worker in processes of their own, on one database."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from running_bridge import wait_until
from sendproof_harness.run.processes import free_port
from stand_in import Reply

TOKEN = "a-token-for-tests"
CONFIG = """
[bridge]
database = "bridge.sqlite"
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
PAGE = "fetch_page:acme:505:7001:0"
EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}


class Split:
    """Starts the processes, on one configuration."""

    def __init__(self, folder, url):
        self.folder, self.port, self.worker_port = folder, free_port("127.0.0.1"), free_port("127.0.0.1")
        (folder / "bridge.toml").write_text(CONFIG.format(port=self.port, url=url))

    def command(self, *arguments):
        return [sys.executable, "-m", "sendproof_bridge", *arguments, "--config", str(self.folder / "bridge.toml")]

    def run(self, name):
        """Run a process that must end by itself."""
        return subprocess.run(self.command(name), capture_output=True, text=True, timeout=120, check=False)

    @contextmanager
    def process(self, port, *arguments):
        """Run a process until the end of the block; it must then end with status 0."""
        log = self.folder / f"{arguments[0]}.log"
        with log.open("w") as output, subprocess.Popen(self.command(*arguments), stderr=output) as process:
            try:
                wait_until(lambda: self.is_ready(port), arguments[0], log)
                yield
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=120) == 0
            finally:
                process.kill()

    def webhooks(self):
        return self.process(self.port, "serve", "--no-worker")

    def worker(self):
        return self.process(self.worker_port, "work", "--listen", f"127.0.0.1:{self.worker_port}")

    def worker_lines(self, job):
        """Return what the worker has logged about a job, without a line that is not complete."""
        lines = (self.folder / "work.log").read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, lines) if line.get("job") == job]

    @staticmethod
    def is_ready(port):
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=60).ok
        except requests.ConnectionError:
            return False


@pytest.fixture
def split(tmp_path, services):
    return Split(tmp_path, services.url)


def test_worker_does_what_the_webhook_process_stores(split, services):
    """Nothing wakes it: it looks for work each second."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([]))
    with split.webhooks(), split.worker():
        requests.post(f"http://127.0.0.1:{split.port}/webhooks/optimove/acme/{TOKEN}", json=EVENT, timeout=60)
        wait_until(lambda: split.worker_lines(PAGE), "the page", split.folder / "work.log")

    assert {line["campaign"] for line in split.worker_lines(PAGE)} == {"7001"}
    assert len(services.calls("GetCustomerSendDetailsByChannel")) == 1


def test_webhook_process_alone_makes_no_calls(split, services):
    with split.webhooks():
        requests.post(f"http://127.0.0.1:{split.port}/webhooks/optimove/acme/{TOKEN}", json=EVENT, timeout=60)

    assert services.received == []


def test_worker_refuses_what_would_work_beside_it(split):
    with split.worker():
        refused = [split.run(name) for name in ("work", "serve")]

    assert [(result.returncode, result.stderr[:20]) for result in refused] == [
        (2, "another worker uses "),
        (2, "another bridge uses "),
    ]


def test_worker_without_webhooks_takes_none(split):
    with split.worker():
        path = f"webhooks/optimove/acme/{TOKEN}"
        assert requests.post(f"http://127.0.0.1:{split.worker_port}/{path}", json=EVENT, timeout=60).status_code == 404
