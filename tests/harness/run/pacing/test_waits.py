"""How long a run waits for a bridge outside virtual time. Real time is a number that the test chooses."""

from sendproof_harness.run.pacing.waits import Outstanding, Patience, Wait, outstanding_text

TIMEOUT_S = 60.0


def wait_of(patience: Patience | None = None, given_up: Outstanding | None = None, *, until_idle: bool = False) -> Wait:
    """Return a wait that begins at 0 s, with the default time-out of a run."""
    return Wait(
        patience=patience or Patience(timeout_s=TIMEOUT_S), begun=0, given_up=given_up or {}, until_idle=until_idle
    )


def experienced(*waited_s: float) -> Patience:
    """Return the patience with a bridge that met its obligations after these waits."""
    patience = Patience(timeout_s=TIMEOUT_S)
    for seconds in waited_s:
        patience.learn(seconds)
    return patience


def test_bridge_that_looks_once_a_minute_is_waited_for_until_all_is_sent() -> None:
    """Each turn of its loop reads a page or sends a batch, and its writes take 20 s more."""
    wait = wait_of()
    for turn, outstanding in enumerate([{"rows to read": 183}, {"messages": 183}, {"messages": 100}, {"messages": 17}]):
        wait.see_outstanding(outstanding, turn * 80)
        assert not wait.is_over(turn * 80 + 79)
    wait.see_outstanding({}, 4 * 80)
    assert wait.is_over(4 * 80)


def test_wait_for_an_idle_bridge_ends_after_the_window() -> None:
    wait = wait_of()
    wait.see_outstanding({"messages": 3}, 1)
    assert not wait.is_over(90)
    assert wait.is_over(91)
    assert wait.conclude(91) == {"messages": 3}


def test_new_request_prolongs_a_wait_but_not_for_ever() -> None:
    """A bridge may look up each customer before it sends; one that only ever looks up is stuck."""
    wait = wait_of()
    wait.see_outstanding({"messages": 3}, 0)
    for now in range(0, 900, 50):
        wait.see_progress(now)
        assert not wait.is_over(now + 49)
    assert wait.is_over(900)


def test_work_that_was_given_up_is_not_waited_for_again() -> None:
    wait = wait_of(given_up={"messages": 3})
    wait.see_outstanding({"messages": 3}, 0)
    assert wait.is_over(0)
    wait.see_outstanding({"messages": 4}, 1)
    assert not wait.is_over(1)


def test_window_shrinks_after_three_quick_successes() -> None:
    assert experienced(2, 2).window_s == 90
    assert experienced(2, 2, 3).window_s == 17


def test_window_never_exceeds_that_of_an_unknown_bridge() -> None:
    assert experienced(80, 80, 80).window_s == 90


def test_wait_until_idle_lasts_a_whole_window_even_if_nothing_is_outstanding() -> None:
    """What the bridge does with an opt-out leaves no trace, so what it was quick at before says nothing."""
    wait = wait_of(experienced(2, 2, 2), until_idle=True)
    wait.see_progress(30)
    assert not wait.is_over(119)
    assert wait.is_over(120)


def test_outstanding_work_is_named() -> None:
    assert outstanding_text({"messages": 1183, "rows to read": 20}) == "1,183 messages, 20 rows to read"
    assert outstanding_text({"webhooks to accept": 1}) == "1 webhook to accept"
    assert outstanding_text({}) == "work that no call shows"


def test_pause_before_a_retry_is_waited_for() -> None:
    """The bridge was quick until a call failed, and its pauses double from a minute."""
    patience = experienced(2, 2, 2)
    wait = wait_of(patience)
    wait.see_outstanding({"messages": 3}, 0)
    for failed_at in (0, 60, 180):
        patience.see_failure("textlocal", failed_at)
        assert not wait.is_over(2 * failed_at + 89)
    assert wait.is_over(540)


def test_time_between_failures_of_two_services_is_no_pause() -> None:
    """A bridge that was killed while it read a page was killed again minutes later, while it sent."""
    patience = Patience(timeout_s=TIMEOUT_S)
    patience.see_failure("optimove", 0)
    patience.see_failure("textlocal", 220)
    assert patience.may_retry(309)
    assert not patience.may_retry(310)


def test_delay_that_a_response_demands_is_waited_for() -> None:
    patience = Patience(timeout_s=TIMEOUT_S)
    wait = wait_of(patience)
    wait.see_outstanding({"messages": 3}, 0)
    patience.see_failure("textlocal", 0, retry_after_s=120)
    assert not wait.is_over(209)
    assert wait.is_over(210)


def test_bridge_that_never_repeats_a_failed_call_is_waited_for_once() -> None:
    patience = Patience(timeout_s=TIMEOUT_S)
    patience.see_failure("textlocal", 10)
    wait = wait_of(patience)
    wait.see_outstanding({"messages": 3}, 10)
    assert wait.is_over(100)
