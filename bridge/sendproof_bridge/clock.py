"""Instants, and the clocks that the bridge can run on: the one place here that reads the machine's time.

An *instant* is a whole number of milliseconds since the Unix epoch, UTC. Everything that waits is a row with an
instant; no part of the bridge sleeps. A worker looks at the clock, works off what is due, and parks until the next
row is due or something arrives:

    tick = clock.tick()
    forever:  work off everything due  ->  tick = clock.park(next due, tick.delivered)

`delivered` counts what has come in. It is taken before the worker looks for work and handed to `park`, which returns
at once when the count has moved on: so nothing can slip in between looking and parking.
"""

import logging
import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

import requests

Instant = int

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PARTICIPANT = "bridge"
# The far side answers a park within 20 s; beyond this the connection is taken for dead.
_PARK_TIMEOUT = (5.0, 40.0)
_RETRY_SECONDS = 0.25
# Of an answer that was not expected, so much goes into the log.
_MOST_SHOWN = 500
# Long waits are cut up so that a machine that slept, or whose clock was set, is noticed.
_LONGEST_WAIT_SECONDS = 60.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)

logger = logging.getLogger(__name__)


def iso(instant: Instant) -> str:
    """`2026-03-02T09:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def sql_time(instant: Instant) -> str:
    """`2026-03-02 09:00:00`, as Optimove writes it."""
    return (_EPOCH + timedelta(milliseconds=instant)).strftime("%Y-%m-%d %H:%M:%S")


@lru_cache(maxsize=4096)
def date_of(instant: Instant) -> str:
    """The day in UTC, `2026-03-02`."""
    return (_EPOCH + timedelta(milliseconds=instant)).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Instant:
    """Read `2026-03-02 09:00:00` or its ISO 8601 form; without a zone it is UTC, as Optimove documents.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a time such as 2026-03-02 09:00:00 (UTC), got {text!r}")
    day, hour, zone = match.groups()
    moment = datetime.fromisoformat(f"{day}T{hour}{(zone or 'Z').upper()}")
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


def real_now() -> float:
    """Real seconds since the epoch, for leases: a dead process is dead in real time."""
    return time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What a clock says: the time, and how many things have come in so far."""

    now: Instant
    delivered: int


class Clock(Protocol):
    """Where the bridge's time comes from."""

    def now(self) -> Instant: ...

    def tick(self) -> Tick:
        """Look at the clock."""

    def park(self, until: Instant | None, since: int) -> Tick:
        """Wait until `until` (None: for ever), or until more than `since` things have come in."""

    def wake(self) -> None:
        """Say that something has come in, or that the bridge is to stop."""


class SystemClock:
    """The machine's clock; whatever the door takes in wakes the worker."""

    def __init__(self) -> None:
        """Start with nothing delivered."""
        self._delivered = 0
        self._changed = threading.Condition()

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000

    def tick(self) -> Tick:
        with self._changed:
            return Tick(now=self.now(), delivered=self._delivered)

    def park(self, until: Instant | None, since: int) -> Tick:
        with self._changed:
            while self._delivered == since and (until is None or self.now() < until):
                left = _LONGEST_WAIT_SECONDS if until is None else (until - self.now()) / SECOND
                self._changed.wait(min(max(left, 0.001), _LONGEST_WAIT_SECONDS))
            return Tick(now=self.now(), delivered=self._delivered)

    def wake(self) -> None:
        with self._changed:
            self._delivered += 1
            self._changed.notify_all()


class SandboxClock:
    """The clock of a sandbox, reached over HTTP. While this participant is not parked, virtual time stands still."""

    def __init__(self, url: str) -> None:
        """`url` answers GET with the time, and takes parks at `{url}/park`."""
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._last = Tick(now=0, delivered=0)
        self._stop = threading.Event()

    def now(self) -> Instant:
        return self._last.now

    def tick(self) -> Tick:
        return self._ask("GET", self._url, None)

    def park(self, until: Instant | None, since: int) -> Tick:
        # Work that is due at once is due since 1970, which lies before all times that a sandbox knows.
        due = None if until is None else iso(max(until, self._last.now))
        parked = {"participant": PARTICIPANT, "until": due, "since": since}
        return self._ask("POST", f"{self._url}/park", parked)

    def wake(self) -> None:
        """What wakes a parked worker is the sandbox, which knows what it delivered; here only a stop matters."""

    def stop(self) -> None:
        """Give up asking a sandbox that does not answer."""
        self._stop.set()

    def _ask(self, method: str, url: str, body: object) -> Tick:
        complained = False
        while not self._stop.is_set():
            try:
                self._last = self._answer(method, url, body)
            except (requests.RequestException, ValueError, KeyError) as error:
                if not complained:
                    logger.warning("the sandbox clock at %s does not answer as expected: %r; asking again", url, error)
                complained = True
                self._stop.wait(_RETRY_SECONDS)
            else:
                return self._last
        return self._last

    def _answer(self, method: str, url: str, body: object) -> Tick:
        answer = self._session.request(method, url, json=body, timeout=_PARK_TIMEOUT)
        if not answer.ok:
            raise ValueError(f"status {answer.status_code} to {body}: {answer.text[:_MOST_SHOWN]}")
        said = answer.json()
        return Tick(now=parse_time(said["now"]), delivered=said["delivered"])
