"""Calls that fail on the way, told apart by whether they can have had an effect."""

import asyncio
import threading
from contextlib import suppress

import pytest
from starlette.responses import StreamingResponse

from sendproof_bridge.errors import NotDoneError, UnknownOutcomeError
from sendproof_bridge.wire import Wire
from stand_in import Says, serving, stand_in


def test_a_refused_connection_had_no_effect():
    """Nobody was there to do anything."""
    with pytest.raises(NotDoneError, match=r"^call: no connection \(ConnectionError\)$"):
        Wire().call("call", "POST", "http://127.0.0.1:9/secret")


def test_an_answer_that_does_not_come_leaves_the_outcome_open():
    """The other side may have done it all."""
    release = threading.Event()

    def wait(_seen):
        release.wait(60)
        return Says()

    with stand_in() as slow:
        slow.say("op", wait)
        with pytest.raises(UnknownOutcomeError, match=r"^call: no answer \(ReadTimeout\)$"):
            Wire(read_seconds=0.1).call("call", "POST", f"{slow.url}/op")
        release.set()


def test_a_body_cut_short_leaves_the_outcome_open():
    """A reply that promises more than it brings is no reply."""
    with stand_in() as outside:
        outside.say("op", Says(b"[1, 2", headers=(("content-length", "5"),)))

        with pytest.raises(UnknownOutcomeError, match="expected JSON"):
            Wire().call("call", "GET", f"{outside.url}/op").json()


def test_an_answer_that_drips_without_end_leaves_the_outcome_open():
    """Each read is quick enough, and all of them would never end."""

    async def drops():
        while True:
            yield b" "
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.02)

    async def drip(scope, receive, send):
        await StreamingResponse(drops())(scope, receive, send)

    with serving(drip) as url, pytest.raises(UnknownOutcomeError, match=r"^call: no answer \(TimeoutError\)$"):
        Wire(read_seconds=0.2).call("call", "GET", url)
