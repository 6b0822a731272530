"""The end of the bridge by SIGTERM, while a service does not respond."""

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from bridge_processes import BridgeProcesses
from raw_server import dripping_body, dripping_header, raw_server
from running_bridge import wait_until

CONFIG = """
[bridge]
database = "bridge.sqlite"
listen = "127.0.0.1:0"
public_url = "http://bridge.test"
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

BODY = b'{"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}'
EVENT = b"POST /webhooks/optimove/acme/a-token-for-tests HTTP/1.1\r\nHost: bridge.test\r\n"
EVENT += b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@contextmanager
def silent_tls_server():
    """Accept connections, and never take part in the TLS handshake."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


UPSTREAMS = [
    pytest.param(lambda: raw_server(dripping_header(), pause=1.0), id="headers"),
    pytest.param(lambda: raw_server(dripping_body(), pause=1.0), id="body", marks=pytest.mark.slow),
    pytest.param(silent_tls_server, id="tls", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_stopped_bridge_does_not_wait_for_a_dripping_response(tmp_path, upstream):
    """Its jobs are still there for the next start. Without a limit, the calls would last two minutes."""
    config, database = tmp_path / "bridge.toml", tmp_path / "bridge.sqlite"
    with upstream() as url, (tmp_path / "log").open("w") as log:
        config.write_text(CONFIG.format(url=url))
        command = [sys.executable, "-m", "sendproof_bridge", "serve", "--config", str(config)]
        with subprocess.Popen(command, stderr=log) as bridge:
            wait_until(lambda: "running" in job_states(database), "a call", tmp_path / "log", seconds=60)
            bridge.send_signal(signal.SIGTERM)
            assert bridge.wait(timeout=60) == 0

    assert set(job_states(database)) - {"done"} in ({"due"}, {"running"}, {"due", "running"})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_stopped_bridge_says_how_many_webhooks_have_no_response(tmp_path, database, services):
    """Another program, such as one that copies the database, holds its lock."""
    processes = BridgeProcesses(tmp_path, services.url)
    with processes.webhooks() as bridge, closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with socket.create_connection(("127.0.0.1", processes.port)) as client:
            client.sendall(EVENT)
            assert processes.is_ready(processes.port)
            bridge.send_signal(signal.SIGTERM)
            log = tmp_path / "serve.log"
            wait_until(lambda: "1 connections were closed without a response" in log.read_text(), "the line", log)
        other.execute("ROLLBACK")
        bridge.wait(timeout=60)

    assert "task(s)" not in log.read_text()


def job_states(database):
    """Return the state of each job; empty before the tables exist."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return [state for (state,) in opened.execute("SELECT state FROM job")]
    except sqlite3.OperationalError:
        return []
