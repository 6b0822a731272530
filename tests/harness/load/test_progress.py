"""The progress of a load test without a terminal."""

import io
from datetime import timedelta

import pytest

from sendproof_harness.load.model import Sample
from sendproof_harness.load.progress import LoadProgress, left_text
from sendproof_harness.terminal import Terminal


def sample(at: float, pages: int) -> Sample:
    return Sample(at=at, counts={"pages": pages}, latency={}, cores={}, memory_mb={}, machine=0.5, behind_ms=None)


@pytest.mark.parametrize(
    ("at", "pages", "text"),
    [
        (10.0, 250_000, "about 30 s left"),
        (10.0, 1_000_000, ""),
        (1.0, 250_000, ""),
        (10.0, 0, ""),
    ],
)
def test_time_left_follows_from_the_rate_so_far(at: float, pages: int, text: str) -> None:
    assert left_text(sample(at, pages), "pages", 1_000_000) == text


def test_line_has_the_time_left_or_the_virtual_time_and_what_the_test_waits_for() -> None:
    output = io.StringIO()
    progress = LoadProgress(Terminal(output))
    progress.expect_events(("pages", 1_000_000))
    progress.expect_time(timedelta(days=8))
    progress.wait_for("waits for worker to park")
    progress.show(timedelta(days=2), "2026-03-04T12:00:00Z", {})
    progress.sample(sample(10.0, 250_000))
    assert output.getvalue() == (
        "  0:10  pages 250,000 (25,000/s) · about 30 s left · 2026-03-04 12:00 · 25% · waits for worker to park\n"
    )
