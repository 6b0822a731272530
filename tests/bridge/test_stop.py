"""The end of the bridge by SIGTERM, while a service does not respond."""

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from functools import partial

import pytest

from bridge_processes import BridgeProcesses
from raw_server import dripping_body, dripping_header, raw_server
from running_bridge import wait_until
from sendproof_bridge.storage.open_store import open_store

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


def webhook(path, body):
    head = f"POST /webhooks/{path} HTTP/1.1\r\nHost: bridge.test\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


EVENT = webhook(
    "optimove/acme/a-token-for-tests",
    '{"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}',
)
RECEIPT = webhook("textlocal/acme/a-token-for-tests/505-7001-0-0", "number=447555000001&status=D&customID=C1")


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


@pytest.fixture
def locked(tmp_path, database, services):
    """Return processes whose database another program locks, such as one that copies it."""
    processes = BridgeProcesses(tmp_path, services.url)
    with closing(open_store(database)), closing(sqlite3.connect(database, isolation_level=None)) as other:
        processes.lock, processes.unlock = (partial(other.execute, text) for text in ("BEGIN IMMEDIATE", "ROLLBACK"))
        yield processes


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "request_", [pytest.param(EVENT, id="event", marks=pytest.mark.slow), pytest.param(RECEIPT, id="receipt")]
)
def test_stopped_bridge_does_not_wait_for_a_locked_database(tmp_path, locked, request_):
    """It tells how many webhooks have no response, and meanwhile it responds to others."""
    with locked.webhooks() as bridge:
        locked.lock()
        with socket.create_connection(("127.0.0.1", locked.port)) as client:
            client.sendall(request_)
            assert locked.is_ready(locked.port)
            bridge.send_signal(signal.SIGTERM)
            assert bridge.wait(timeout=300) == 0
        locked.unlock()

    lines = (tmp_path / "serve.log").read_text()
    assert "1 connections were closed without a response" in lines
    assert "stopped while webhooks were being stored; their clients repeat the requests" in lines
    assert "task(s)" not in lines


def job_states(database):
    """Return the state of each job; empty before the tables exist."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return [state for (state,) in opened.execute("SELECT state FROM job")]
    except sqlite3.OperationalError:
        return []
