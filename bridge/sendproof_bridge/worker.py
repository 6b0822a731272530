"""Works off the job table: claims what is due, runs it in a few threads, parks when nothing is.

The worker parks only when all its threads are idle and nothing due is left, so whoever waits for it to park knows
that everything stored has been processed.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sendproof_bridge.clock import SandboxClock, Tick, iso, real_now
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, optimove_lane
from sendproof_bridge.jobs import STEPS
from sendproof_bridge.jobs.campaigns import send_triggered
from sendproof_bridge.outbound.errors import OutsideError
from sendproof_bridge.retry import GiveUp, decide
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import LEASE_SECONDS, Claimant, Job, LostJobError, NewJob

# So many jobs for each thread are claimed at once. To claim one costs as much as many a job.
_AHEAD = 4

# How long a job that falls due while others run may wait to be seen.
_LOOK_AGAIN_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Worker:
    """One per process. `run` is its thread; `wake` and `stop` come from others."""

    def __init__(self, bridge: Bridge, threads: int) -> None:
        """Take over what earlier runs left, and plan what every start begins with."""
        self._bridge = bridge
        self._threads = threads
        self._owner = bridge.store.start_run()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: dict[Future[None], Sequence[Job]] = {}
        self._renewed = real_now()
        self._stir = threading.Event()
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._take_over()

    def run(self) -> None:
        """Work until stopped."""
        self._idle.clear()
        try:
            tick = self._bridge.clock.tick()
            while not self._stopping.is_set():
                self._work_off()
                tick = self._park(tick)
        finally:
            self._idle.set()

    def _park(self, tick: Tick) -> Tick:
        with self._bridge.store.read() as tx:
            due = job_queue.next_due(tx)
        if self._stopping.is_set():
            return tick
        self._idle.set()
        tick = self._bridge.clock.park(due, tick.delivered)
        self._idle.clear()
        return tick

    def wake(self) -> None:
        """Something was stored."""
        self._stir.set()
        self._bridge.clock.wake()

    def stop(self) -> None:
        """Finish running jobs and begin no more."""
        self._stopping.set()
        if isinstance(self._bridge.clock, SandboxClock):
            self._bridge.clock.stop()
        self.wake()
        self._idle.wait()
        self._pool.shutdown()

    def _take_over(self) -> None:
        with self._bridge.store.write() as tx:
            rescued = job_queue.rescue(tx, self._owner)
            revived = job_queue.revive(tx)
            for client in self._bridge.clients.values():
                for channel in client.channels:
                    for kind in ("register", "templates"):
                        job_queue.start_over(tx, _first_job(kind, client.config.name, channel))
                    job_queue.start_over(tx, campaigns.opted_out_job(client.config.name, channel))
        logger.info("%s: %d running and %d dead jobs taken over from earlier runs", self._owner, rescued, revived)

    def _work_off(self) -> None:
        """Run due jobs until none is left."""
        while True:
            self._stir.clear()
            self._collect()
            if not self._stopping.is_set() and len(self._running) < self._threads:
                for some in self._claim():
                    self._start(some)
            if not self._running:
                return
            self._stir.wait(_LOOK_AGAIN_SECONDS)
            self._renew_leases()

    def _renew_leases(self) -> None:
        if real_now() - self._renewed > LEASE_SECONDS / 4:
            self._renewed = real_now()
            with self._bridge.store.write() as tx:
                job_queue.renew(tx, self._owner, self._renewed)

    def _claim(self) -> list[Sequence[Job]]:
        """What is due, in one transaction: enough to keep all threads busy until somebody looks again.

        Jobs that are done together come together, and count as one.
        """
        claimed: list[Sequence[Job]] = []
        with self._bridge.store.read() as tx:
            if not job_queue.peek(tx, self._claimant(claimed)):
                return claimed
        with self._bridge.store.write() as tx:
            while len(self._running) + len(claimed) < _AHEAD * self._threads:
                claimant = self._claimant(claimed)
                first = job_queue.claim(tx, claimant)
                if first is None:
                    break
                claimed.append(job_queue.claim_alike(tx, claimant, first))
        return claimed

    def _claimant(self, claimed: Sequence[Sequence[Job]]) -> Claimant:
        taken = [*self._running.values(), *claimed]
        return Claimant(
            owner=self._owner,
            now=self._bridge.clock.now(),
            real=real_now(),
            busy={some[0].lane for some in taken if some[0].lane},
            idle=not taken,
        )

    def _start(self, some: Sequence[Job]) -> None:
        future = self._pool.submit(self._attempt, some)
        self._running[future] = some
        future.add_done_callback(lambda _: self._stir.set())

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            del self._running[future]
            future.result()

    def _attempt(self, some: Sequence[Job]) -> None:
        try:
            self._step(some)
        except Exception as error:  # noqa: BLE001 whatever it is, no job must be lost
            for job in some:
                try:
                    self._failed(job, error)
                except LostJobError as lost:
                    logger.warning("%s", lost)

    def _step(self, some: Sequence[Job]) -> None:
        if some[0].kind == job_queue.TOGETHER:
            send_triggered.run(self._bridge, some)
        else:
            (job,) = some
            STEPS[job.kind](self._bridge, job)

    def _failed(self, job: Job, error: Exception) -> None:
        now = self._bridge.clock.now()
        decision = decide(error, job.attempts, now)
        trouble = str(error) if isinstance(error, OutsideError) else repr(error)
        unexpected = not isinstance(error, OutsideError)
        with self._bridge.store.write() as tx:
            if isinstance(decision, GiveUp):
                job_queue.bury(tx, job, trouble)
            else:
                job_queue.later(tx, job, decision.at, trouble)
        then = "given up" if isinstance(decision, GiveUp) else f"again at {iso(decision.at)}"
        logger.warning("job %s: %s: %s", job.id, trouble, then, exc_info=error if unexpected else None)


def _first_job(kind: str, client: str, channel: int) -> NewJob:
    payload = {"client": client, "channel": channel}
    return NewJob(id=f"{kind}:{client}:{channel}", kind=kind, payload=payload, lane=optimove_lane(client))
