"""The end of a run in which time stands still, and who has to act on it."""

import pytest

from sendproof_harness.control_client import NotQuietError
from sendproof_harness.run.time_control import end_of_standstill


@pytest.mark.parametrize(
    ("detail", "blame", "reason"),
    [
        ("participant 'bridge' is not parked", "bridge", "stuck"),
        ("participant 'bridge' is not parked; 2 requests are being answered", "harness", "harness"),
    ],
)
def test_time_that_stands_still_is_blamed_on_the_party_that_is_waited_for(detail: str, blame: str, reason: str) -> None:
    """A bridge that waits for a response of the simulators cannot park."""
    aborted = end_of_standstill(NotQuietError(f"504: {detail}", 504, detail), "its log is empty", 60)
    assert (aborted.blame, aborted.reason) == (blame, reason)
