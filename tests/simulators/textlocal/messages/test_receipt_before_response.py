"""Receipts that arrive before the response to their send, over real HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import requests

from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

KEY = "sendproof-textlocal-key"


class Listener(BaseHTTPRequestHandler):
    """Records the bodies of POST requests."""

    posted: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        """Record the body and respond with 200."""
        self.posted.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""


@pytest.fixture
def listener() -> Iterator[str]:
    """Yield the URL of a receipt listener."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_receipt_arrives_before_response(simulators, listener):
    number = number_for_code("GB", BY_NAME["delivered, reported before the response"].code)
    form = {"apikey": KEY, "numbers": number, "message": "Hi", "receipt_url": listener}
    result = requests.post(f"{simulators.services['textlocal']['url']}/send/", data=form, timeout=60).json()
    posted = len(Listener.posted)
    status = requests.get(
        f"{simulators.services['textlocal']['url']}/status_message/",
        params={"apikey": KEY, "message_id": result["messages"][0]["id"]},
        timeout=60,
    ).json()["message"]["status"]
    assert (posted, status) == (1, "D")
