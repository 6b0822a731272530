"""How long a run waits for a bridge that takes no part in virtual time. Pure: real time is passed in, in seconds.

Nothing shows that such a bridge has finished. So a wait ends when no work is outstanding or, at the latest, when the
bridge has shown no progress for a *window*. The window is longer than a loop of a minute with slow writes. Once the
bridge has met its obligations several times, the window shrinks to a multiple of the longest of these waits: a bridge
drops a message here and there, and a run with hundreds of messages must not take hours for it.

A bridge whose call failed shows no progress until it repeats the call. It gets a whole window from the failure, and a
longer one if its pauses grow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendproof_harness.history.wording import counted

# A loop as long as the time-out of the run, and half of it for writes. With the default of 60 s: 90 s.
_WINDOW_FACTOR = 1.5
# The successful waits before the window shrinks, and what it shrinks to. A wait begins just after a turn of the
# bridge's loop has ended, so each takes about one turn; four turns cannot be an accident.
_LEARNED_FROM = 3
_TURNS = 4
_LEARNED_MIN_S = 5.0
# A pause is at most this many times as long as the one before: it doubles, with some jitter.
_PAUSE_GROWTH = 3
# A bridge may prepare a message with many different requests, but not forever.
_LONGEST_IN_WINDOWS = 10

#: Work that is outstanding, by kind in words: {"messages": 183, "rows": 1000}. Kinds without work are left out.
Outstanding = Mapping[str, int]


@dataclass(kw_only=True)
class Patience:
    """The window of a run, with the time-out `timeout_s`, and what was learned about the bridge's loop."""

    timeout_s: float
    _successes: int = field(default=0, init=False)
    _longest_success_s: float = field(default=0.0, init=False)
    _failed_at: dict[str, float] = field(default_factory=dict, init=False)
    _retry_by: float = field(default=0.0, init=False)

    @property
    def full_window_s(self) -> float:
        """The window for an unknown bridge."""
        return _WINDOW_FACTOR * self.timeout_s

    @property
    def window_s(self) -> float:
        """The current window."""
        if self._successes < _LEARNED_FROM:
            return self.full_window_s
        return min(self.full_window_s, _LEARNED_MIN_S + _TURNS * self._longest_success_s)

    def see_failure(self, service: str, now: float, retry_after_s: float = 0.0) -> None:
        """Let the bridge repeat a call that failed: after the demanded delay, or after a pause that grows.

        The time between failures of two services is no pause: each has an error of its own.
        """
        pause = now - self._failed_at.get(service, now)
        self._retry_by = max(self._retry_by, now + retry_after_s + max(self.full_window_s, _PAUSE_GROWTH * pause))
        self._failed_at[service] = now

    def may_retry(self, now: float) -> bool:
        """Return True if the bridge may still be pausing before it repeats a call."""
        return now < self._retry_by

    def learn(self, waited_s: float) -> None:
        """Count a wait that ended because no work was outstanding."""
        self._successes += 1
        self._longest_success_s = max(self._longest_success_s, waited_s)


@dataclass(kw_only=True)
class Wait:
    """One wait, from the real time `begun`. Work in `given_up` was waited for before, in vain.

    With `until_idle`, the wait lasts until the bridge is idle, even if no work is outstanding, because the work that it
    may be at leaves no trace.
    """

    patience: Patience
    begun: float
    given_up: Outstanding = field(default_factory=dict)
    until_idle: bool = False
    _outstanding: Outstanding = field(default_factory=dict, init=False)
    _progress_at: float = field(init=False)
    _outstanding_changed_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._progress_at = self._outstanding_changed_at = self.begun

    @property
    def outstanding(self) -> Outstanding:
        """The outstanding work, as last seen."""
        return self._outstanding

    @property
    def window_s(self) -> float:
        """The time without progress after which this wait ends."""
        return self.patience.full_window_s if self.until_idle else self.patience.window_s

    def see_progress(self, now: float) -> None:
        """Take a request that the bridge had not made before as progress."""
        self._progress_at = now

    def see_outstanding(self, outstanding: Outstanding, now: float) -> None:
        """Take a change of the outstanding work as progress."""
        if outstanding != self._outstanding:
            self._outstanding = outstanding
            self._progress_at = self._outstanding_changed_at = now

    def is_done(self) -> bool:
        """Return True if no outstanding work is worth waiting for."""
        return not self.until_idle and all(
            count <= self.given_up.get(kind, 0) for kind, count in self._outstanding.items()
        )

    def is_over(self, now: float) -> bool:
        """Return True if no work is outstanding, or the bridge has shown no progress for a window."""
        if self.is_done():
            return True
        if self.patience.may_retry(now):
            return now - self._outstanding_changed_at >= _LONGEST_IN_WINDOWS * self.patience.full_window_s
        longest = _LONGEST_IN_WINDOWS * self.window_s
        return now - self._progress_at >= self.window_s or now - self._outstanding_changed_at >= longest

    def conclude(self, now: float) -> Outstanding:
        """Learn from this wait; return the work that was given up."""
        if self.is_done() and not self.until_idle and now > self.begun:
            self.patience.learn(now - self.begun)
        return dict(self._outstanding)


def outstanding_text(outstanding: Outstanding) -> str:
    """Return `183 messages, 1,000 rows`, or what a bridge may still do although nothing shows it."""
    return ", ".join(counted(count, kind) for kind, count in outstanding.items()) or "work that no call shows"
