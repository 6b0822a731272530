"""How fast virtual time passes, and how long the rest of a run takes."""

from datetime import timedelta

from sendproof_harness.run.progress import Speed


def speed_after(*seen: tuple[float, timedelta], duration: timedelta = timedelta(days=8)) -> str:
    """Return the text after these pairs of real seconds and passed virtual time."""
    speed = Speed(duration=duration)
    for now, passed in seen:
        speed.see(passed, now)
    return speed.text()


def test_rate_and_time_left_follow_from_the_time_that_has_passed() -> None:
    seen = [(float(second), timedelta(hours=6 * second)) for second in range(9)]
    assert speed_after(*seen) == "25% · 6 h a second · about 24 s left"


def test_rate_is_that_of_the_last_seconds_only() -> None:
    """A run is slow while messages go out."""
    slow = [(float(second), timedelta(minutes=second)) for second in range(30)]
    fast = [(30.0 + second, timedelta(hours=1 + second)) for second in range(12)]
    assert speed_after(*slow, *fast).split(" · ")[1] == "1 h a second"


def test_time_that_stands_still_is_said_to() -> None:
    hour = timedelta(hours=1)
    assert speed_after((0.0, timedelta()), (1.0, hour), (4.0, hour), (8.0, hour)) == "time unchanged for 7 s"


def test_nothing_is_said_at_the_beginning_and_at_the_end() -> None:
    assert speed_after() == ""
    assert speed_after((0.0, timedelta())) == "0%"
    assert speed_after((0.0, timedelta()), (5.0, timedelta(days=8))) == ""
