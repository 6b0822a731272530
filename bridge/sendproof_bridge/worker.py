"""The worker: claims due jobs, runs them in a few threads, and parks when no job is due.

It only parks when all threads are idle and no due job is left. So when it parks, everything stored has been processed.
"""

import logging
import math
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from sendproof_bridge.clock import SECOND, Instant, SandboxClock, Tick, iso, real_now
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, settings_digest
from sendproof_bridge.domain.keys import optimove_lane
from sendproof_bridge.jobs.handlers import BATCH_HANDLERS, HANDLERS
from sendproof_bridge.log_format import logged_job
from sendproof_bridge.outbound.errors import RemoteCallError, error_name
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.storage import clock_steps, job_queue, runs
from sendproof_bridge.storage.job_queue import LEASE_SECONDS, ClaimRequest, Job, Lease, LostJobError, NewJob
from sendproof_bridge.storage.store import RunLostError, sentence_on

# The number of jobs per thread that are claimed together: a claim costs as much as many a job.
_CLAIMS_PER_THREAD = 4

# How often the reading of the clock is remembered, in real time.
_NOTE_SECONDS = 30.0

# How often the worker tries to reach a lost database.
_RECONNECT_SECONDS = 1.0

# How long a worker that has the database again leaves the jobs of others alone.
_LATE_RECORD_SECONDS = 2.0

# How long a start waits for runs that end.
_LOOKS_AT_START, _LOOK_AGAIN_SECONDS = 10, 0.2

# How soon the worker looks whether other processes that run jobs are still alive.
_LOOK_AFTER = 5 * SECOND

# The longest time until the worker notices a job that falls due while others run.
_CHECK_SECONDS = 0.5

# The worker is stuck if it has not looked for work for so long, or if no thread has ended its job for so long.
_STUCK_SECONDS = 180.0
_HANGING_SECONDS = 1800.0

_SETUP_JOBS = ("register_listeners", "add_apps", "sync_templates")

logger = logging.getLogger(__name__)

# Jobs that are handled together: several of a batched kind, else one.
JobGroup = Sequence[Job]


class Worker:
    """One per process. `run` is its own thread; other threads call `wake` and `stop`."""

    def __init__(self, bridge: Bridge, threads: int) -> None:
        """Take over the jobs of earlier runs, and plan the setup unless a worker with the same settings is alive.

        `name` is that of the present run, under which the worker owns jobs.
        """
        self._bridge = bridge
        self._threads = threads
        self.name = bridge.store.start_run(bridge.clock.now())
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: dict[Future[None], JobGroup] = {}
        self._renewed_at = self._looked_at = real_now()
        # Why there is no database, while the worker waits for it.
        self._lost: str | None = None
        # What each thread runs, and since when.
        self._active: dict[int, tuple[float, str]] = {}
        with bridge.store.read() as tx:
            self._seen = clock_steps.last_seen(tx)
        self._noted_at: float | None = None
        self._started_at = bridge.clock.now()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._plan_start()

    def run(self) -> None:
        """Work until stopped."""
        self._idle.clear()
        try:
            tick = self._bridge.clock.join()
            while not self._stopping.is_set():
                try:
                    tick = self._follow_clock(tick)
                    self._run_due_jobs()
                    tick = self._park(tick)
                except (OperationalError, RunLostError) as error:
                    if not self._bridge.store.is_server:
                        raise
                    self._start_again(error)
        finally:
            self._pool.shutdown(wait=False)
            self._idle.set()

    def _start_again(self, error: OperationalError | RunLostError) -> None:
        """Wait until the database is back, and begin a new run: others may have taken over the jobs of this one."""
        self._note_lost(str(error) if isinstance(error, RunLostError) else sentence_on(error))
        # A job that still makes a call must not be begun again meanwhile.
        wait(self._running)
        self._running.clear()
        while not self._stopping.is_set():
            try:
                self.name = self._bridge.store.start_run(self._bridge.clock.now())
                self._wait_for_late_records()
                self._plan_start()
            except OperationalError as failure:
                self._note_lost(sentence_on(failure))
                self._stopping.wait(_RECONNECT_SECONDS)
            else:
                self._lost = None
                return

    def _wait_for_late_records(self) -> None:
        """Wait a moment if other runs have jobs: they lost the database too, and may have to record a call."""
        with self._bridge.store.read() as tx:
            others = job_queue.other_owners(tx, self.name)
        if others:
            self._stopping.wait(_LATE_RECORD_SECONDS)

    def _note_lost(self, reason: str) -> None:
        """Remember why there is no database, and log each reason once: the first one may not be that of the wait."""
        if reason != self._lost:
            self._lost = reason
            logger.warning("the database was lost: %s; a new run begins when it is back", reason)

    def _park(self, tick: Tick) -> Tick:
        now = self._bridge.clock.now()
        with self._bridge.store.read() as tx:
            if self._others_work(tx):
                # What is due now waits for a job of another worker, which does it afterwards.
                soon = now + _LOOK_AFTER
                due: Instant | None = min(soon, job_queue.next_due(tx, now) or soon)
            else:
                due = job_queue.next_due(tx)
        if self._stopping.is_set():
            return tick
        self._idle.set()
        tick = self._bridge.clock.park(due, tick.delivered)
        self._idle.clear()
        return tick

    def _follow_clock(self, tick: Tick) -> Tick:
        """Change stored times if the clock was set, and remember its reading every half minute.

        Return the reading as one that has been followed: it may be passed again, after an error of the database.
        """
        step = tick.step or min(0, tick.now - (tick.now if self._seen is None else self._seen))
        self._seen = tick.now
        followed = replace(tick, step=0)
        if not step and self._noted_at is not None and real_now() - self._noted_at < _NOTE_SECONDS:
            return followed
        self._noted_at = real_now()
        with self._bridge.store.write() as tx:
            # The times of several workers follow none of their clocks.
            if step and not self._others_alive(tx):
                clock_steps.shift(tx, tick.now, step)
            clock_steps.note(tx, tick.now)
        if step:
            self._started_at += step
            logger.warning("the clock was set by %.1f s to %s", step / SECOND, iso(tick.now))
        return followed

    def wake(self) -> None:
        """Look for work: a request was stored."""
        self._changed.set()
        self._bridge.clock.wake()

    def on_added_jobs(self) -> None:
        """Look for work: this or another process has added some. This may wait for the network."""
        self._changed.set()
        self._bridge.clock.end_park()

    def stop(self, seconds: float | None = None) -> bool:
        """Start no more jobs, and wait for those that run; return False if some still run after `seconds`.

        Jobs that have not begun, and jobs that still run, belong to the next start of the bridge.
        """
        self._stopping.set()
        if isinstance(self._bridge.clock, SandboxClock):
            self._bridge.clock.stop()
        self.wake()
        return self._idle.wait(seconds) and not self._running

    def problem(self) -> str | None:
        """Return why the worker is stuck; None if it is not. Any thread may call this."""
        if (lost := self._lost) is not None:
            return f"the worker waits for the database: {lost}"
        now = real_now()
        if now - self._looked_at > _STUCK_SECONDS:
            return f"the worker has not looked for work for {now - self._looked_at:.0f} s"
        active = list(self._active.values())
        if len(active) == self._threads and all(now - since > _HANGING_SECONDS for since, _ in active):
            return "no thread has ended its job for half an hour: " + ", ".join(sorted(id_ for _, id_ in active))
        return None

    def _plan_start(self) -> None:
        self._wait_for_ended_runs()
        with self._bridge.store.write() as tx:
            released = job_queue.release_expired(tx, self.name, self._bridge.store.runs_alive(tx))
            requeued = job_queue.requeue_failed(tx)
            if not runs.joins(tx, self.name, self._others_alive(tx), settings_digest(self._bridge)):
                self._plan_setup(tx)
        logger.info("%s: took over %d running and %d dead jobs of earlier runs", self.name, released, requeued)

    def _plan_setup(self, tx: Connection) -> None:
        for client in self._bridge.clients.values():
            for channel in client.channels:
                for kind in _SETUP_JOBS:
                    job_queue.make_due(tx, _setup_job(kind, client.config.name, channel))
                job_queue.make_due(tx, campaigns.poll_opt_outs_job(client.config.name, channel))

    def _others_alive(self, tx: Connection) -> set[str]:
        """Return the other workers that share the database now."""
        return set(self._bridge.store.runs_alive(tx)) - {self.name}

    def _others_work(self, tx: Connection) -> bool:
        """Return True if other runs have jobs. A file has one worker, which took over all earlier jobs at its start."""
        return self._bridge.store.is_server and bool(job_queue.other_owners(tx, self.name))

    def _run_due_jobs(self) -> None:
        """Run due jobs until none is left."""
        self._release_jobs_of_ended_runs()
        while True:
            self._looked_at = real_now()
            self._changed.clear()
            if self._stopping.is_set():
                self._cancel_waiting()
            self._remove_finished()
            if not self._stopping.is_set() and len(self._running) < self._threads:
                for group in self._claim():
                    self._start(group)
            if not self._running:
                return
            self._changed.wait(_CHECK_SECONDS)
            self._renew_leases()

    def _wait_for_ended_runs(self) -> None:
        """Wait a moment if runs with jobs seem to be alive: the server may not have noticed that a process ended."""
        for _ in range(_LOOKS_AT_START):
            with self._bridge.store.read() as tx:
                if not job_queue.other_owners(tx, self.name) & set(self._bridge.store.runs_alive(tx)):
                    return
            self._stopping.wait(_LOOK_AGAIN_SECONDS)

    def _release_jobs_of_ended_runs(self) -> None:
        if not self._bridge.store.is_server:
            return
        with self._bridge.store.read() as tx:
            if not job_queue.other_owners(tx, self.name):
                return
        with self._bridge.store.write() as tx:
            self._check_run(tx)
            job_queue.release_expired(tx, self.name, self._bridge.store.runs_alive(tx))

    def _check_run(self, tx: Connection) -> None:
        """Raise `RunLostError` if this run does not count as alive: then the others need not be dead either."""
        if self._bridge.store.has_lost_run(tx, self.name):
            raise RunLostError(f"the connection of {self.name} has ended")

    def _renew_leases(self) -> None:
        if real_now() - self._renewed_at > LEASE_SECONDS / 4:
            self._renewed_at = real_now()
            with self._bridge.store.write() as tx:
                job_queue.renew_leases(tx, self.name, self._bridge.store.lease_time(tx))
            for job in (job for group in self._running.values() for job in group):
                job.lease.until = self._lease_end(self._renewed_at)

    def _claim(self) -> list[JobGroup]:
        """Claim due jobs in one transaction, enough to keep all threads busy until the next claim."""
        claimed: list[JobGroup] = []
        with self._bridge.store.read() as tx:
            if not job_queue.has_due(tx, self._claim_request(tx, claimed)):
                return claimed
        with self._bridge.store.write() as tx:
            self._check_run(tx)
            while len(self._running) + len(claimed) < _CLAIMS_PER_THREAD * self._threads:
                request = self._claim_request(tx, claimed)
                first = job_queue.claim(tx, request)
                if first is None:
                    break
                claimed.append(job_queue.claim_batch(tx, request, first))
        return claimed

    def _lease_end(self, begin: float) -> float:
        return begin + LEASE_SECONDS if self._bridge.store.is_server else math.inf

    def _claim_request(self, tx: Connection, claimed: Sequence[JobGroup]) -> ClaimRequest:
        groups = [*self._running.values(), *claimed]
        # Read before the time of the database, so that the lease never ends later here than there.
        lease = Lease(self._lease_end(real_now()))
        return ClaimRequest(
            owner=self.name,
            now=self._bridge.clock.now(),
            real=self._bridge.store.lease_time(tx),
            busy_lanes={group[0].lane for group in groups if group[0].lane},
            idle=not groups,
            started_at=self._started_at,
            lease=lease,
        )

    def _start(self, group: JobGroup) -> None:
        future = self._pool.submit(self._attempt, group)
        self._running[future] = group
        future.add_done_callback(lambda _: self._changed.set())

    def _cancel_waiting(self) -> None:
        """Leave claimed jobs that no thread has begun to the next start of the bridge."""
        for future in self._running:
            future.cancel()

    def _remove_finished(self) -> None:
        for future in [future for future in self._running if future.done()]:
            del self._running[future]
            if not future.cancelled():
                future.result()

    def _attempt(self, group: JobGroup) -> None:
        thread, began = threading.get_ident(), real_now()
        self._active[thread] = began, group[0].id
        try:
            with logged_job(group[0].id, group[0].payload), job_queue.attempted(group[0]):
                self._attempt_group(group)
        finally:
            del self._active[thread]
            self._bridge.monitor.attempt_ended(group[0].kind, real_now() - began)

    def _attempt_group(self, group: JobGroup) -> None:
        try:
            self._handle(group)
        except Exception as error:  # noqa: BLE001 every error must end the attempt, so that no job is lost
            for job in group:
                try:
                    self._on_error(job, error)
                except LostJobError as lost:
                    logger.warning("%s", lost)

    def _handle(self, group: JobGroup) -> None:
        kind = group[0].kind
        if kind in BATCH_HANDLERS:
            BATCH_HANDLERS[kind](self._bridge, group)
        else:
            (job,) = group
            HANDLERS[kind](self._bridge, job)

    def _on_error(self, job: Job, error: Exception) -> None:
        decision = decide(error, job.attempts, self._bridge.clock.now())
        expected = isinstance(error, RemoteCallError)
        self._bridge.monitor.attempt_failed(job.kind, error_name(error))
        message = str(error) if expected else repr(error)
        with self._bridge.store.write() as tx:
            if isinstance(decision, GiveUp):
                job_queue.fail(tx, job, message)
            else:
                job_queue.retry_at(tx, job, decision.at, message)
        next_step = "given up" if isinstance(decision, GiveUp) else f"retry at {iso(decision.at)}"
        logger.warning("job %s: %s: %s", job.id, message, next_step, exc_info=None if expected else error)


def _setup_job(kind: str, client: str, channel: int) -> NewJob:
    payload = {"client": client, "channel": channel}
    return NewJob(id=f"{kind}:{client}:{channel}", kind=kind, payload=payload, lane=optimove_lane(client))
