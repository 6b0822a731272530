"""The job queue, on a real database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from sendproof_bridge.clock import MINUTE
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import LEASE_SECONDS, ClaimRequest, LostJobError, NewJob
from sendproof_bridge.storage.store import plain

REQUEST = ClaimRequest(owner="run-1", now=0, real=0.0)


def claim(store, *, owner="run-1", now=1_000, real=0.0, busy_lanes=()):
    with store.write() as tx:
        return job_queue.claim(tx, ClaimRequest(owner=owner, now=now, real=real, busy_lanes=busy_lanes))


def claim_batch_ids(store, now=1_000):
    """Claim one job and its batch; return their ids."""
    with store.write() as tx:
        request = ClaimRequest(owner="run-1", now=now, real=0.0)
        return [job.id for job in job_queue.claim_batch(tx, request, job_queue.claim(tx, request))]


def add(store, *jobs):
    with store.write() as tx:
        job_queue.add(tx, jobs)


def states(store):
    """Return the state of each job."""
    with store.read() as tx:
        return dict(tx.execute(text("SELECT id, state FROM job")).all())


def new_job(id_, due_at=0, lane="", **payload):
    return NewJob(id=id_, kind="fetch_page", due_at=due_at, lane=lane, payload=payload)


def test_job_is_claimed_once(store):
    add(store, new_job("a", skip=7))

    assert (claim(store).payload, claim(store)) == ({"skip": 7}, None)


def test_adding_an_existing_id_changes_nothing(store):
    add(store, new_job("a", skip=1), new_job("a", skip=2))

    assert claim(store).payload == {"skip": 1}


def test_job_is_not_claimed_before_it_is_due(store):
    add(store, new_job("a", due_at=1_001))

    assert (claim(store, now=1_000), claim(store, now=1_001).id) == (None, "a")


def test_report_that_fell_due_during_an_outage_waits_for_other_work(store):
    """The bridge starts at minute 30, and catches up for at most a minute before it reports."""
    add(store, NewJob(id="a", kind="push_metrics", due_at=15 * MINUTE))

    def is_due(now):
        request = ClaimRequest(owner="run-1", now=now, real=0.0, idle=False, started_at=30 * MINUTE)
        with store.read() as tx:
            return job_queue.has_due(tx, request)

    assert (is_due(30 * MINUTE), is_due(31 * MINUTE)) == (False, True)


def test_claim_returns_job_due_longest(store):
    add(store, new_job("a", due_at=20), new_job("b", due_at=10))

    assert [claim(store).id, claim(store).id] == ["b", "a"]


def test_claim_skips_busy_lanes(store):
    """Jobs of one lane run one after the other."""
    add(store, new_job("a", lane="optimove:acme"), new_job("b"))

    assert claim(store, busy_lanes={"optimove:acme"}).id == "b"


LANES = ["", "optimove:acme", "send_triggered:acme:505:8001"]
WAITING = st.lists(
    st.tuples(
        st.sampled_from(["fetch_page", "push_metrics"]),
        st.sampled_from(LANES),
        st.sampled_from([0, 1, 60_000, 120_000, 200_000]),
        st.sampled_from([None, "run-1", "run-0"]),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WAITING, st.lists(st.sampled_from(LANES), max_size=1), st.booleans(), st.sampled_from([0, 100_000]))
def test_claimed_job_is_the_first_of_all_that_may_run(store, waiting, busy_lanes, idle, started_at):
    jobs = [(f"job-{index}", *values) for index, values in enumerate(waiting)]
    request = ClaimRequest(
        owner="run-1", now=120_000, real=1e9, busy_lanes=busy_lanes, idle=idle, started_at=started_at
    )
    overdue = 60_000 if started_at == 0 else -1

    def rank(job):
        id_, kind, lane, due_at, owner = job
        late = kind == "push_metrics" and due_at > overdue
        may_run = (due_at <= 120_000 if owner is None else owner == "run-0") and lane not in busy_lanes
        return (late, due_at, id_) if may_run and (idle or not late) else None

    with store.write() as tx:
        tx.execute(text("DELETE FROM job"))
        job_queue.add(tx, [NewJob(id=id_, kind=kind, lane=lane, due_at=at) for id_, kind, lane, at, _ in jobs])
        for id_, _, _, _, owner in jobs:
            if owner is not None:
                held = text("UPDATE job SET state = 'running', owner = :owner, lease_until = 1 WHERE id = :id")
                tx.execute(held, {"owner": owner, "id": id_})
        first = job_queue.claim(tx, request)

    assert (first and first.id) == min(filter(None, map(rank, jobs)), default=(None,))[-1]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_claim_costs_as_much_with_many_due_jobs_as_with_a_few(store):
    """Also if they wait for a busy lane. Only SQLite counts its steps."""

    def steps(count):
        lanes = ["", "optimove:acme"]
        add(store, *(new_job(f"{lane}-{index}", due_at=index, lane=lane) for lane in lanes for index in range(count)))
        ticks = []
        with store.write() as tx:
            plain(tx).set_progress_handler(lambda: ticks.append(1) or 0, 10)
            job_queue.claim(tx, ClaimRequest(owner="run-1", now=10**6, real=0.0, busy_lanes={"optimove:acme"}))
            plain(tx).set_progress_handler(None, 0)
        return len(ticks)

    few = steps(20)
    assert steps(5_000) <= 2 * few


def trigger_job(id_, lane="send_triggered:acme:505:8001", due_at=0):
    return NewJob(id=id_, kind="send_triggered", lane=lane, due_at=due_at)


def test_due_triggers_of_one_lane_are_claimed_together(store):
    add(store, trigger_job("b"), trigger_job("c", due_at=1), trigger_job("a", due_at=2))
    add(store, trigger_job("other", lane="send_triggered:acme:505:8002", due_at=3), trigger_job("later", due_at=1_001))

    assert [claim_batch_ids(store), claim_batch_ids(store), claim_batch_ids(store, 1_001)] == [
        ["a", "b", "c"],
        ["other"],
        ["later"],
    ]


def test_other_jobs_of_one_lane_are_claimed_singly(store):
    add(store, new_job("a", lane="optimove:acme"), new_job("b", lane="optimove:acme"))

    assert claim_batch_ids(store) == ["a"]


def test_complete_all_requires_ownership_of_every_job(store):
    """If one was taken over, none is completed."""
    add(store, trigger_job("a"), trigger_job("b"))
    with store.write() as tx:
        lost = job_queue.claim_batch(tx, REQUEST, job_queue.claim(tx, REQUEST))
    claim(store, owner="run-2", real=LEASE_SECONDS + 1)

    with pytest.raises(LostJobError, match="1 of 2 jobs from a on"), store.write() as tx:
        job_queue.complete_all(tx, lost)
    assert states(store) == {"a": "running", "b": "running"}


def test_complete_requires_ownership(store):
    add(store, new_job("a"))
    lost = claim(store, owner="run-1")
    claim(store, owner="run-2", real=LEASE_SECONDS + 1)

    with pytest.raises(LostJobError, match="a is no longer owned by run-1"), store.write() as tx:
        job_queue.complete(tx, lost)
    assert states(store) == {"a": "running"}


def test_job_with_expired_lease_is_claimed_by_another_run(store):
    """Leases are in real time: a dead process is dead whatever the injected clock says."""
    add(store, new_job("a"))
    claim(store, owner="run-1", real=0.0)

    assert claim(store, owner="run-2", real=LEASE_SECONDS) is None
    assert claim(store, owner="run-2", real=LEASE_SECONDS + 1).attempts == 2


def test_renewed_lease_keeps_the_job(store):
    add(store, new_job("a"))
    claim(store, owner="run-1", real=0.0)
    with store.write() as tx:
        job_queue.renew_leases(tx, "run-1", 100.0)

    assert claim(store, owner="run-2", real=LEASE_SECONDS + 1) is None


def test_lane_is_busy_while_another_run_has_a_job_of_it(store):
    add(store, new_job("a", lane="x"), new_job("b", lane="x"), new_job("c", lane="y"))

    assert [claim(store, owner=f"run-{number}").id for number in (1, 2)] == ["a", "c"]
    assert claim(store, owner="run-3") is None


def test_lane_is_busy_for_a_job_of_a_run_that_hangs(store):
    """Meanwhile another run has begun a job of the lane that is due earlier."""
    add(store, new_job("hanging", due_at=1, lane="x"))
    claim(store, owner="run-1", real=0.0)
    add(store, new_job("earlier", lane="x"))
    later = LEASE_SECONDS + 1

    assert claim(store, owner="run-2", real=later).id == "earlier"
    assert claim(store, owner="run-3", real=later) is None


def test_report_waits_for_the_jobs_of_other_runs(store):
    report = NewJob(id="report", kind="push_metrics")
    add(store, new_job("a"), report)
    job = claim(store, owner="run-1")
    assert claim(store, owner="run-2") is None
    with store.write() as tx:
        job_queue.complete(tx, job)

    assert claim(store, owner="run-2").id == "report"


def test_jobs_of_runs_that_are_alive_are_not_released(store):
    add(store, new_job("a"), new_job("b"))
    claim(store, owner="run-1"), claim(store, owner="run-2")
    with store.write() as tx:
        released = job_queue.release_expired(tx, "run-3", alive=["run-2"])

    assert (released, states(store)) == (1, {"a": "due", "b": "running"})


def test_release_expired_makes_running_jobs_due_at_once(store):
    """The database is locked to one process, so other runs are dead."""
    add(store, new_job("a"))
    claim(store, owner="run-1")
    with store.write() as tx:
        released = job_queue.release_expired(tx, "run-2")

    assert (released, claim(store, owner="run-2").id) == (1, "a")


def test_retried_job_keeps_its_attempts(store):
    """The number of attempts decides the next delay."""
    add(store, new_job("a"))
    with store.write() as tx:
        job_queue.retry_at(tx, job_queue.claim(tx, REQUEST), 500, "no connection")

    assert (claim(store, now=499), claim(store, now=500).attempts) == (None, 2)


def test_rescheduled_job_resets_its_attempts(store):
    add(store, new_job("a"))
    with store.write() as tx:
        job_queue.reschedule(tx, job_queue.claim(tx, REQUEST), 500)

    assert claim(store, now=500).attempts == 1


def test_failed_job_stays_dead_until_requeued(store):
    add(store, new_job("a"))
    with store.write() as tx:
        job_queue.fail(tx, job_queue.claim(tx, REQUEST), "refused")

    assert (states(store), claim(store)) == ({"a": "dead"}, None)
    with store.write() as tx:
        job_queue.requeue_failed(tx)
    assert claim(store).id == "a"


def test_make_due_brings_a_waiting_job_forward(store):
    add(store, new_job("a", due_at=9_999))
    with store.write() as tx:
        job_queue.make_due(tx, new_job("a"))

    assert claim(store, now=0).id == "a"


def test_make_due_leaves_a_running_job_unchanged(store):
    add(store, new_job("a"))
    claim(store)
    with store.write() as tx:
        job_queue.make_due(tx, new_job("a"))

    assert states(store) == {"a": "running"}


def test_next_due_ignores_running_jobs(store):
    add(store, new_job("a", due_at=5), new_job("b", due_at=700), new_job("c", due_at=600))
    claim(store, now=10)

    with store.read() as tx:
        assert job_queue.next_due(tx) == 600
