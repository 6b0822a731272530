"""The meaning of the times in a history: only a bridge that used the sandbox's time can be judged by them."""

from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Finding


def times_are_meaningful(history: History) -> bool:
    """Return True if the bridge took part in the sandbox's clock, or that clock ran in real time."""
    clock = history.header.clock
    if clock.participants or any(event.action == "joined" for event in history.clocks):
        return True
    return clock.mode == "real" and clock.rate in {None, 1}


def unobserved_times(history: History, check: str, items: str) -> Finding:
    """Return the `unknown` finding about a bridge that used another clock than the sandbox; `items` counts them."""
    clock = history.header.clock
    rate = f" at rate {clock.rate:g}" if clock.rate not in {None, 1} else ""
    return Finding(
        check=check,
        level="unknown",
        blame="config",
        cause="the bridge did not use the clock of the sandbox, so its times cannot be judged",
        expected="a bridge that parks on the virtual clock, or a sandbox in real time",
        got=f"a {clock.mode} clock{rate} without the bridge, and {items}",
    )
