"""Who is posted to."""

from dataclasses import replace

import pytest

from sendproof_harness.conformance.probe import require_nearby, too_slow_error
from sendproof_harness.conformance.requests import Target
from sendproof_harness.run.aborted import RunAbortedError

HERE = Target(url="http://127.0.0.1:9000/events", event=13, channel=505)


def test_nonsense_is_posted_to_this_machine_and_to_the_bridge() -> None:
    """Wherever that was said to be."""
    require_nearby([HERE, replace(HERE, url="http://localhost:9000/"), replace(HERE, url="https://bridge/x")], "bridge")


def test_nobody_else_is_posted_nonsense() -> None:
    """A bridge may have registered an address of the real world; then nothing is posted at all."""
    with pytest.raises(RunAbortedError) as refused:
        require_nearby([HERE, replace(HERE, url="https://hooks.vendor.example/events")], "127.0.0.1")
    assert (refused.value.aborted.blame, refused.value.aborted.got) == ("config", "https://hooks.vendor.example/events")


def test_whoever_takes_long_for_every_call_is_told_how_long() -> None:
    """And that more patience would help."""
    trouble = too_slow_error(HERE, calls=90, took=111.2, limit=110).aborted
    assert (trouble.blame, trouble.got) == ("bridge", "90 calls in 111 s")
    assert trouble.expected.endswith("within 110 s, or a longer --timeout")
