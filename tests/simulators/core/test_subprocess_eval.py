"""A user's program runs in a process of its own, with limits."""

import asyncio

import pytest

from sendproof_simulators.core.subprocess_eval import run_in_subprocess

MODULE = "sendproof_simulators.services.delivyr.overrides"


def run(expression: str) -> object:
    """Return the value of a JSONata expression without an event."""
    argument = {"expression": expression, "event": {}, "now": "", "millis": 0, "random": 0.5}
    return asyncio.run(run_in_subprocess(MODULE, argument))


def test_result_is_returned_as_json():
    assert run('{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}


@pytest.mark.slow
def test_endless_program_is_stopped():
    """A regular expression with exponential backtracking cannot be stopped from within its process."""
    with pytest.raises(
        ValueError, match=r"expected a result within 5 s of processor time, got none; is there a loop\?"
    ):
        run(f'$match("{"a" * 40}!", /(a+)+$/)')


def test_program_above_the_memory_limit_is_an_error():
    with pytest.raises(ValueError, match=r"MemoryError|too much memory"):
        run('$length($pad("x", 4000000000))')


def test_module_without_a_result_is_an_error():
    with pytest.raises(ValueError, match="ended without a result"):
        asyncio.run(run_in_subprocess("sendproof_simulators.no_such_module", {}))
