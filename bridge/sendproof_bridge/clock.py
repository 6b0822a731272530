"""Instants, and the clocks that the bridge can run on. No other module of the bridge reads the machine's time.

An *instant* is a whole number of milliseconds since the Unix epoch, UTC. All waiting work is a row with an instant; no
part of the bridge sleeps. The worker reads the clock, runs all due work, and parks until the next row is due or
something arrives:

    tick = clock.tick()
    forever:  run everything due  ->  tick = clock.park(next due, tick.delivered)

`delivered` counts incoming requests. The worker reads it before it looks for work and passes it to `park`, which
returns at once if the count has changed. So no request can be missed between looking and parking.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from sendproof_bridge.bounded_http import TRANSPORT_ERRORS, Session, TooLargeError
from sendproof_bridge.json_body import json_object

Instant = int

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PARTICIPANT = "bridge"
# The sandbox responds to a park within 20 s; a longer wait means that the connection is dead.
_PARK_TIMEOUT = (5.0, 40.0)
# A process that stops waits no longer for a sandbox that has gone.
_LEAVE_TIMEOUT = (1.0, 1.0)
_LEAVE_SECONDS = 2.0
MAX_TICK_BYTES = 64 * 1024
_RETRY_SECONDS = 0.25
_SUCCESS = range(200, 300)
# Characters of an unexpected response that are logged.
_MAX_LOGGED_CHARS = 500

# How long the machine's clock must show another time until the bridge follows it, and what counts as the same change.
STEP_LASTS = 5 * MINUTE
_SAME_STEP_MS = 2 * SECOND

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)

_UNEXPECTED = (
    *TRANSPORT_ERRORS,
    TooLargeError,
    TypeError,
    KeyError,
    AttributeError,
)

logger = logging.getLogger(__name__)


def iso(instant: Instant) -> str:
    """Return `2026-03-02T09:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def sql_time(instant: Instant) -> str:
    """Return `2026-03-02 09:00:00`, the format of Optimove's API."""
    return (_EPOCH + timedelta(milliseconds=instant)).strftime("%Y-%m-%d %H:%M:%S")


@lru_cache(maxsize=4096)
def utc_date(instant: Instant) -> str:
    """Return the day in UTC, `2026-03-02`."""
    return _date_of_day(instant // DAY)


@lru_cache(maxsize=64)
def _date_of_day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Instant:
    """Parse `2026-03-02 09:00:00` or its ISO 8601 form; without a zone it is UTC, as Optimove documents.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a time such as 2026-03-02 09:00:00 (UTC), got {text!r}")
    day, hour, zone = match.groups()
    moment = datetime.fromisoformat(f"{day}T{hour}{(zone or 'Z').upper()}")
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


def real_now() -> float:
    """Return real seconds since some moment, for leases: a process dies in real time, not in virtual time.

    Setting the clock of the machine does not change it. After a restart of the machine it begins again; but each start
    of the bridge ends the leases of earlier runs.
    """
    return time.clock_gettime_ns(_ELAPSED) / 1_000_000_000


def thread_now() -> float:
    """Return the seconds of processor time that this thread has used."""
    return time.thread_time()


def _elapsed_ms() -> int:
    """Return milliseconds that only ever grow, and by the time that passes; where possible, also while asleep."""
    return time.clock_gettime_ns(_ELAPSED) // 1_000_000


def _wall_ms() -> Instant:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A reading of a clock: the time, and the number of requests that have arrived so far.

    `step` is by how much the clock was set since the last reading, in milliseconds; time that passed is no step.
    """

    now: Instant
    delivered: int
    step: int = 0


class Clock(Protocol):
    """The source of the bridge's time."""

    def now(self) -> Instant: ...

    def tick(self) -> Tick:
        """Read the clock."""

    def join(self) -> Tick:
        """Read the clock before the first work: from now on, virtual time waits for this process."""

    def park(self, until: Instant | None, since: int) -> Tick:
        """Wait until `until` (None: without end), or until more than `since` requests have arrived.

        It may return sooner, so that the worker sees jobs that another process has changed.
        """

    def wake(self) -> None:
        """Signal that a request has arrived, or that the bridge stops."""

    def end_park(self) -> None:
        """End a park, or the next one: another process has added work. This may wait for the network."""


class SystemClock:
    """The machine's clock. Each webhook that is stored wakes the worker.

    Time passes as measured by a counter that cannot be set. If the machine's clock is set, this clock follows when the
    change has lasted for `STEP_LASTS`, and only in `park`: a mistake that is corrected soon has no effect. A park ends
    after `longest_park`: another process may have stored work, and the machine may have slept.
    """

    def __init__(
        self,
        wall: Callable[[], Instant] = _wall_ms,
        elapsed: Callable[[], int] = _elapsed_ms,
        longest_park: int = MINUTE,
    ) -> None:
        """Start with no request delivered. `wall` is the machine's clock, `elapsed` the counter, in milliseconds."""
        self._wall, self._elapsed, self._longest_park = wall, elapsed, longest_park
        self._offset = wall() - elapsed()
        # The change that the machine's clock shows, and since when.
        self._step, self._step_since = 0, elapsed()
        self._delivered = 0
        self._changed = threading.Condition()

    def now(self) -> Instant:
        return self._offset + self._elapsed()

    def tick(self) -> Tick:
        with self._changed:
            return Tick(now=self.now(), delivered=self._delivered)

    def join(self) -> Tick:
        return self.tick()

    def park(self, until: Instant | None, since: int) -> Tick:
        with self._changed:
            step = self._follow()
            longest = self.now() + self._longest_park
            end = longest if until is None else min(until, longest)
            while not step and self._delivered == since and self.now() < end:
                self._changed.wait(max((end - self.now()) / SECOND, 0.001))
                step = self._follow()
            return Tick(now=self.now(), delivered=self._delivered, step=step)

    def _follow(self) -> int:
        """Follow a change of the machine's clock that has lasted; return it, or 0."""
        elapsed = self._elapsed()
        step = self._wall() - elapsed - self._offset
        if abs(step - self._step) > _SAME_STEP_MS or abs(step) <= _SAME_STEP_MS:
            self._step, self._step_since = step, elapsed
            return 0
        if elapsed - self._step_since < STEP_LASTS:
            return 0
        self._offset += step
        self._step = 0
        return step

    def wake(self) -> None:
        with self._changed:
            self._delivered += 1
            self._changed.notify_all()

    def end_park(self) -> None:
        self.wake()


class SandboxClock:
    """The clock of a sandbox, used over HTTP. Virtual time does not advance while this participant is not parked.

    One thread parks. Another one may read the clock meanwhile: a parked thread learns late that time has passed. A
    process that never parks reads the clock each time. Each process that parks is a participant of its own, and leaves
    when it stops: time would wait for it.
    """

    def __init__(self, url: str, *, parks: bool = True) -> None:
        """`url` returns the time on GET, and accepts parks at `{url}/park`."""
        self.participant = PARTICIPANT
        self._parks = parks
        self._url = url.rstrip("/")
        self._reading, self._parking, self._ending = Session(), Session(), Session()
        self._last = Tick(now=0, delivered=0)
        self._updating = threading.Lock()
        self._stop = threading.Event()
        # Guards what follows: one thread parks, and others end its park.
        self._changing = threading.Condition()
        self._is_parked = self._has_joined = self._has_work = False

    def now(self) -> Instant:
        return self._last.now if self._parks else self.tick().now

    def tick(self) -> Tick:
        tick = self._request_until_stopped(self._reading, "GET", self._url, None)
        with self._updating:
            # The response to a park may have come first, in another thread.
            if tick.now > self._last.now:
                self._last = tick
        return tick

    def join(self) -> Tick:
        """Park until now, which ends at once."""
        tick = self.tick()
        return self._park(tick.now, tick.delivered)

    def park(self, until: Instant | None, since: int) -> Tick:
        with self._changing:
            had_work, self._has_work = self._has_work, False
            if had_work:
                return self._last
        # Work that is due at once has the due time 0, which is before the start of every sandbox.
        return self._park(None if until is None else max(until, self._last.now), since)

    def _park(self, due: Instant | None, since: int) -> Tick:
        with self._changing:
            if self._stop.is_set():
                return self._last
            self._is_parked = self._has_joined = True
        try:
            tick = self._request_until_stopped(self._parking, "POST", f"{self._url}/park", self._park_body(due, since))
        finally:
            with self._changing:
                self._is_parked = False
                self._changing.notify_all()
        with self._updating:
            self._last = tick
        return tick

    def wake(self) -> None:
        """Do nothing: the sandbox itself ends a park when it delivers a request."""

    def end_park(self) -> None:
        """End the park by another one of the same name, which is due at once. Without it, time would not be wrong."""
        with self._changing:
            if not self._is_parked:
                self._has_work = True
            elif not self._stop.is_set():
                body = self._park_body(self._last.now, self._last.delivered)
                with suppress(*_UNEXPECTED):
                    self._request(self._ending, "POST", f"{self._url}/park", body)

    def stop(self) -> None:
        """Stop retrying a sandbox that does not respond, and park no more."""
        self._stop.set()

    def leave(self) -> None:
        """Leave the clock after `stop`, so that time no longer waits for this process."""
        with self._changing:
            if self._has_joined:
                self._leave()
                # A park that was sent before the end, and arrived after it, has joined again.
                if self._is_parked and self._changing.wait_for(lambda: not self._is_parked, _LEAVE_SECONDS):
                    self._leave()

    def _leave(self) -> None:
        url = f"{self._url}/participants/{self.participant}"
        with suppress(*_UNEXPECTED):
            self._ending.request("DELETE", url, timeout=_LEAVE_TIMEOUT, limit=MAX_TICK_BYTES)

    def _park_body(self, until: Instant | None, since: int) -> Mapping[str, object]:
        due = None if until is None else iso(until)
        return {"participant": self.participant, "until": due, "since": since}

    def _request_until_stopped(self, session: Session, method: str, url: str, body: object) -> Tick:
        warned = False
        while not self._stop.is_set():
            try:
                return self._request(session, method, url, body)
            except _UNEXPECTED as error:
                if not warned:
                    logger.warning("unexpected response from the sandbox clock at %s: %r; retrying", url, error)
                warned = True
                self._stop.wait(_RETRY_SECONDS)
        return self._last

    @staticmethod
    def _request(session: Session, method: str, url: str, body: object) -> Tick:
        headers = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        reply = session.request(method, url, headers=headers, body=content, timeout=_PARK_TIMEOUT, limit=MAX_TICK_BYTES)
        if reply.status not in _SUCCESS:
            shown = reply.body[:_MAX_LOGGED_CHARS].decode("utf-8", "replace")
            raise ValueError(f"status {reply.status} to {body}: {shown}")
        fields = json_object(reply.body)
        return Tick(now=parse_time(fields["now"]), delivered=int(fields["delivered"]))
