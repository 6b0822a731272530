"""Somebody's program runs in a process of its own, and comes to an end."""

import asyncio
import time

import pytest

from sendproof_simulators.core.subprocess_eval import run_in_subprocess

MODULE = "sendproof_simulators.services.delivyr.overrides"


def run(expression: str, seconds: float = 20.0) -> object:
    """What JSONata makes of nothing."""
    asked = {"expression": expression, "event": {}, "now": "", "millis": 0, "random": 0.5}
    return asyncio.run(run_in_subprocess(MODULE, asked, seconds))


def test_the_answer_comes_back():
    """As JSON carries it."""
    assert run('{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}


def test_what_does_not_end_is_ended():
    """A regular expression that tries everything cannot be stopped from within its own process."""
    began = time.perf_counter()
    with pytest.raises(ValueError, match=r"expected an end within 1.5 s, got none; is there a loop\?"):
        run(f'$match("{"a" * 40}!", /(a+)+$/)', seconds=1.5)
    assert time.perf_counter() - began < 60


def test_what_needs_too_much_memory_is_an_error():
    """Half a gigabyte is the most."""
    with pytest.raises(ValueError, match=r"MemoryError|too much memory"):
        run('$length($pad("x", 4000000000))')


def test_a_module_that_answers_nothing_is_an_error():
    """It broke before it could say so."""
    with pytest.raises(ValueError, match="ended without an answer"):
        asyncio.run(run_in_subprocess("sendproof_simulators.no_such_module", {}))
