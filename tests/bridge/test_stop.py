"""The end of the bridge by SIGTERM, while a service does not respond."""

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

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


def job_states(database):
    """Return the state of each job; empty before the tables exist."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return [state for (state,) in opened.execute("SELECT state FROM job")]
    except sqlite3.OperationalError:
        return []
