"""Time for a bridge that takes no part in it: it passes in real time, and jumps where no work is outstanding.

Such a bridge lives by the clock of its machine, and may look for work once a minute. If time jumped while it works,
the run would be over before the bridge has read its first page. So

* while work is outstanding, time passes at the rate of real time: rate limits and retries behave as in production,
* it jumps to the next instant at which anything happens once no work is outstanding, or once the bridge has shown no
  progress for the window of `pacing`,
* before an instant of the scenario, the bridge gets a whole window for what it was given to do without leaving a trace.

The scenario begins so that its last send time is now on the machine's clock. Every send time that the bridge reads is
then past, so it sends at once: a time to come would mean hours of real waiting. The times are past by hours at most,
because a bridge may rightly refuse messages that are days old.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from sendproof_harness.control_client import ControlClient
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.records import History
from sendproof_harness.run.pacing.journal_follower import JournalFollower, News
from sendproof_harness.run.pacing.outstanding_work import next_due, outstanding_work
from sendproof_harness.run.pacing.waits import Outstanding, Patience, Wait
from sendproof_harness.run.processes import pause
from sendproof_harness.scenario.values import iso_utc
from sendproof_harness.scratch import scratch_folder

# Time may jump by this much at once although several things happen in it. A stop at each of them would let hundreds of
# receipts take an hour, and no document promises a bridge a shorter time.
_GRAIN = timedelta(minutes=1)
_POLL_S = 0.1
# A jump ends when all webhooks on its way are answered, or have timed out after 10 s.
_JUMP_TIMEOUT_S = 120.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True)
class PacedTime:
    """The clock of a run's sandboxes, which runs at rate 1.

    `supervise` is called repeatedly while time passes, with the outstanding work; None means that nothing is waited
    for. `in_background` makes a blocking call while the bridge is supervised. `instants` are those of the scenario. If
    they change the rules, what the bridge sent before and after one of them is judged differently.
    """

    control: ControlClient
    sandboxes: Sequence[str]
    patience: Patience
    supervise: Callable[[Outstanding | None], None]
    in_background: Callable[[Callable[[], object]], None]
    instants: Sequence[datetime] = ()
    instants_change_rules: bool = False
    _follower: JournalFollower = field(init=False)
    _given_up: Outstanding = field(default_factory=dict, init=False)
    _next_due: datetime | None = field(default=None, init=False)
    _has_event: bool = field(default=True, init=False)
    _has_invisible: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._follower = JournalFollower(control=self.control, sandboxes=self.sandboxes)
        self.control.set_clock_rate(self.sandboxes[0], 1)

    def advance(self, target: datetime) -> None:
        """Let time pass until `target`, and wait for all work that is outstanding by then."""
        self._wait_for_outstanding_work()
        while (clock := self._clock())[0] < target:
            self.supervise(None)
            stop = self._stop(*clock, target)
            if stop in self.instants:
                self._wait_until_idle()
            self._jump(stop)
            self._wait_for_outstanding_work()
        self._wait_until_idle()

    def jump(self, target: datetime) -> None:
        """Move the clock to `target`, whatever work is outstanding."""
        self._jump(target)

    # -- jumps -------------------------------------------------------------------------------------------

    def _clock(self) -> tuple[datetime, datetime | None]:
        """Return the time, and when anything is due next."""
        clock = self.control.clock(self.sandboxes[0])
        untils = [member["until"] for member in clock["participants"] if member["parked"]]
        due = [datetime.fromisoformat(text) for text in (clock["next"], *untils) if text is not None]
        return datetime.fromisoformat(clock["now"]), min(due, default=None)

    def _stop(self, now: datetime, due: datetime | None, target: datetime) -> datetime:
        """Return where to jump: to the next instant of the scenario, or to the first thing that happens before."""
        ahead = (instant for instant in (*self.instants, self._next_due) if instant is not None and instant > now)
        furthest = min((*ahead, target))
        return furthest if due is None else min(furthest, max(due, now + _GRAIN))

    def _jump(self, stop: datetime) -> None:
        with ControlClient(self.control.url) as own:
            target = {"to": iso_utc(stop)}
            self.in_background(lambda: own.advance(self.sandboxes[0], target, _JUMP_TIMEOUT_S))

    # -- waits -------------------------------------------------------------------------------------------

    def _wait_for_outstanding_work(self) -> None:
        """Wait for outstanding work, if an event or a send time may have added to it."""
        self._read()
        now, _ = self._clock()
        is_due = self._next_due is not None and self._next_due <= now
        if self._has_event or is_due:
            self._has_event = False
            self._wait(Wait(patience=self.patience, begun=monotonic(), given_up=self._given_up))

    def _wait_until_idle(self) -> None:
        """Give the bridge a whole window, if it got work that leaves no trace when it is done."""
        self._read()
        if self._has_invisible:
            self._has_invisible = False
            self._wait(Wait(patience=self.patience, begun=monotonic(), until_idle=True))

    def _wait(self, wait: Wait) -> None:
        look_at, must_look = monotonic(), True
        while True:
            news = self._read()
            must_look = must_look or news.lines
            if news.progress:
                wait.see_progress(monotonic())
            if must_look and monotonic() >= look_at:
                began, must_look = monotonic(), False
                wait.see_outstanding(self._outstanding(), monotonic())
                # Counting may take seconds with many recipients; the run must not do little else.
                look_at = monotonic() + max(_POLL_S, 2 * (monotonic() - began))
            if not must_look and wait.is_over(monotonic()):
                break
            if wait.is_over(monotonic()) and not wait.is_done():
                break
            self.supervise(wait.outstanding)
            pause(_POLL_S)
        self._given_up = wait.conclude(monotonic())

    def _read(self) -> News:
        news = self._follower.read()
        for service, retry_after_s in news.failures.items():
            self.patience.see_failure(service, monotonic(), retry_after_s)
        self._has_event = self._has_event or news.event
        self._has_invisible = self._has_invisible or news.invisible or (news.event and self.instants_change_rules)
        return news

    def _outstanding(self) -> Outstanding:
        """Return the outstanding work for all clients, and remember when the next message is due."""
        outstanding: dict[str, int] = {}
        dues: list[int] = []
        for history in self._histories():
            for kind, count in outstanding_work(history).items():
                outstanding[kind] = outstanding.get(kind, 0) + count
            dues += [due for due in [next_due(history)] if due is not None]
        self._next_due = _EPOCH + timedelta(milliseconds=min(dues)) if dues else None
        return outstanding

    def _histories(self) -> Iterator[History]:
        """Yield the history of each client so far."""
        with scratch_folder() as folder:
            for sandbox in self.sandboxes:
                file = folder / "history.ndjson"
                self.control.save_history(sandbox, file)
                yield read_history(file)
