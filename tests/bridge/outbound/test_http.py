"""Failing calls: each error states whether the call may have had an effect."""

import asyncio
import threading
from contextlib import suppress

import pytest
from starlette.responses import StreamingResponse

from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError
from sendproof_bridge.outbound.http import HttpClient
from stand_in import Reply, serving, stand_in


def test_refused_connection_raises_not_sent():
    with pytest.raises(NotSentError, match=r"^call: no connection \(ConnectionError\)$"):
        HttpClient().request("call", "POST", "http://127.0.0.1:9/secret")


def test_missing_response_raises_outcome_unknown():
    """The service may have done all of the work."""
    release = threading.Event()

    def wait(_request):
        release.wait(60)
        return Reply()

    with stand_in() as slow:
        slow.respond("op", wait)
        with pytest.raises(OutcomeUnknownError, match=r"^call: no response \(ReadTimeout\)$"):
            HttpClient(read_seconds=0.1).request("call", "POST", f"{slow.url}/op")
        release.set()


def test_truncated_body_raises_outcome_unknown():
    with stand_in() as truncated:
        truncated.respond("op", Reply(b"[1, 2", headers=(("content-length", "5"),)))

        with pytest.raises(OutcomeUnknownError, match="expected JSON"):
            HttpClient().request("call", "GET", f"{truncated.url}/op").json()


def test_endless_response_raises_outcome_unknown():
    """Each read is quick enough, but there is always another one."""

    async def endless_body():
        while True:
            yield b" "
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.02)

    async def endless_app(scope, receive, send):
        await StreamingResponse(endless_body())(scope, receive, send)

    with serving(endless_app) as url, pytest.raises(OutcomeUnknownError, match=r"^call: no response \(TimeoutError\)$"):
        HttpClient(read_seconds=0.2).request("call", "GET", url)
