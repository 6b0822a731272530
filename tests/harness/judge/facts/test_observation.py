"""The time that a bridge outside virtual time could see pass."""

from sendproof_harness.judge.facts.observation import BridgeTime

# 5 s pass, then a jump to 100 s; 3 s pass, then a jump to 200 s.
TIME = BridgeTime(starts=[5, 103], ends=[100, 200], visible=[5, 8])


def test_time_of_the_bridge_leaves_out_the_jumps() -> None:
    assert [TIME.of(at) for at in (0, 5, 50, 100, 103, 150, 200, 210)] == [0, 5, 5, 5, 8, 8, 8, 18]


def test_bridge_sees_only_the_time_between_jumps() -> None:
    assert TIME.between(4, 102) == 3


def test_instant_after_a_delay_counts_only_visible_time() -> None:
    assert (TIME.after(0, 4), TIME.after(4, 2), TIME.after(4, 10)) == (4, 101, 206)


def test_instant_before_a_delay_counts_only_visible_time() -> None:
    assert (TIME.before(210, 1), TIME.before(210, 12), TIME.before(102, 4)) == (209, 101, 3)


def test_time_without_jumps_is_the_time_of_the_sandbox() -> None:
    assert (BridgeTime().of(7), BridgeTime().after(7, 3), BridgeTime().before(7, 3)) == (7, 10, 4)
