"""The job table, on a real database."""

import pytest
from sqlalchemy import text

from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import LEASE_SECONDS, ClaimRequest, LostJobError, NewJob


def take(store, *, owner="run-1", now=1_000, real=0.0, busy=()):
    """Claim one job."""
    with store.write() as tx:
        return job_queue.claim(tx, ClaimRequest(owner=owner, now=now, real=real, busy_lanes=busy))


def take_together(store, now=1_000):
    """Claim one job, and with it those that are done together with it; their names."""
    with store.write() as tx:
        claimant = ClaimRequest(owner="run-1", now=now, real=0.0)
        return [one.id for one in job_queue.claim_batch(tx, claimant, job_queue.claim(tx, claimant))]


def put(store, *new):
    """Add jobs."""
    with store.write() as tx:
        job_queue.add(tx, new)


def states(store):
    """How each job stands."""
    with store.read() as tx:
        return dict(tx.execute(text("SELECT id, state FROM job")).all())


def job(name, due_at=0, lane="", **payload):
    """A job of that name."""
    return NewJob(id=name, kind="fetch_page", due_at=due_at, lane=lane, payload=payload)


def test_a_job_is_claimed_once(store):
    """The second claim finds nothing."""
    put(store, job("a", skip=7))

    assert (take(store).payload, take(store)) == ({"skip": 7}, None)


def test_a_name_is_taken_once(store):
    """Whoever adds the same job again changes nothing."""
    put(store, job("a", skip=1), job("a", skip=2))

    assert take(store).payload == {"skip": 1}


def test_a_job_is_not_claimed_before_it_is_due(store):
    """`due_at` is measured on the injected clock."""
    put(store, job("a", due_at=1_001))

    assert (take(store, now=1_000), take(store, now=1_001).id) == (None, "a")


def test_what_has_been_due_longest_comes_first(store):
    """Late work is not made later by new work."""
    put(store, job("a", due_at=20), job("b", due_at=10))

    assert [take(store).id, take(store).id] == ["b", "a"]


def test_busy_lanes_are_left_out(store):
    """Jobs of one lane run one after the other."""
    put(store, job("a", lane="optimove:acme"), job("b"))

    assert take(store, busy={"optimove:acme"}).id == "b"


def trigger(name, lane="trigger:acme:505:8001", due_at=0):
    """The job of a trigger."""
    return NewJob(id=name, kind="send_triggered", lane=lane, due_at=due_at)


def test_triggers_of_one_lane_are_taken_together(store):
    """Those that are due, in the order of their names; the others when their lane and their time come."""
    put(store, trigger("b"), trigger("c", due_at=1), trigger("a", due_at=2))
    put(store, trigger("other", lane="trigger:acme:505:8002", due_at=3), trigger("later", due_at=1_001))

    assert [take_together(store), take_together(store), take_together(store, 1_001)] == [
        ["a", "b", "c"],
        ["other"],
        ["later"],
    ]


def test_other_jobs_are_taken_one_by_one(store):
    """Also those of one lane."""
    put(store, job("a", lane="optimove:acme"), job("b", lane="optimove:acme"))

    assert take_together(store) == ["a"]


def test_jobs_are_ended_together_by_their_owner_only(store):
    """If one of them was taken over, none is ended."""
    put(store, trigger("a"), trigger("b"))
    with store.write() as tx:
        claimant = ClaimRequest(owner="run-1", now=0, real=0.0)
        lost = job_queue.claim_batch(tx, claimant, job_queue.claim(tx, claimant))
    take(store, owner="run-2", real=LEASE_SECONDS + 1)

    with pytest.raises(LostJobError, match="1 of 2 jobs from a on"), store.write() as tx:
        job_queue.complete_all(tx, lost)
    assert states(store) == {"a": "running", "b": "running"}


def test_a_job_is_ended_by_its_owner_only(store):
    """A run whose job was taken over must not end it, and its transaction is undone."""
    put(store, job("a"))
    lost = take(store, owner="run-1")
    take(store, owner="run-2", real=LEASE_SECONDS + 1)

    with pytest.raises(LostJobError, match="a is no longer owned by run-1"), store.write() as tx:
        job_queue.complete(tx, lost)
    assert states(store) == {"a": "running"}


def test_a_job_whose_lease_ended_is_taken_over(store):
    """Leases are real time: a dead process is dead whatever the injected clock says."""
    put(store, job("a"))
    take(store, owner="run-1", real=0.0)

    assert take(store, owner="run-2", real=LEASE_SECONDS) is None
    assert take(store, owner="run-2", real=LEASE_SECONDS + 1).attempts == 2


def test_a_renewed_lease_keeps_the_job(store):
    """A run that is at work says so in time."""
    put(store, job("a"))
    take(store, owner="run-1", real=0.0)
    with store.write() as tx:
        job_queue.renew_leases(tx, "run-1", 100.0)

    assert take(store, owner="run-2", real=LEASE_SECONDS + 1) is None


def test_a_new_run_takes_over_at_once(store):
    """With the database locked to one process, what others left running needs no waiting."""
    put(store, job("a"))
    take(store, owner="run-1")
    with store.write() as tx:
        rescued = job_queue.release_expired(tx, "run-2")

    assert (rescued, take(store, owner="run-2").id) == (1, "a")


def test_a_postponed_job_comes_back_with_its_attempts(store):
    """The number of attempts decides how long to wait next time."""
    put(store, job("a"))
    with store.write() as tx:
        job_queue.retry_at(tx, job_queue.claim(tx, ClaimRequest(owner="run-1", now=0, real=0)), 500, "no connection")

    assert (take(store, now=499), take(store, now=500).attempts) == (None, 2)


def test_a_recurring_job_comes_back_as_new(store):
    """Its attempts start again from nothing."""
    put(store, job("a"))
    with store.write() as tx:
        job_queue.reschedule(tx, job_queue.claim(tx, ClaimRequest(owner="run-1", now=0, real=0)), 500)

    assert take(store, now=500).attempts == 1


def test_a_dead_job_stays_until_the_next_start(store):
    """Nobody works at it, and nobody forgets it."""
    put(store, job("a"))
    with store.write() as tx:
        job_queue.fail(tx, job_queue.claim(tx, ClaimRequest(owner="run-1", now=0, real=0)), "refused")

    assert (states(store), take(store)) == ({"a": "dead"}, None)
    with store.write() as tx:
        job_queue.requeue_failed(tx)
    assert take(store).id == "a"


def test_starting_over_brings_a_job_forward(store):
    """What is due in six hours is due now when the bridge starts."""
    put(store, job("a", due_at=9_999))
    with store.write() as tx:
        job_queue.make_due(tx, job("a"))

    assert take(store, now=0).id == "a"


def test_starting_over_leaves_a_running_job_alone(store):
    """It is being done already."""
    put(store, job("a"))
    take(store)
    with store.write() as tx:
        job_queue.make_due(tx, job("a"))

    assert states(store) == {"a": "running"}


def test_the_next_due_instant_is_that_of_the_earliest_waiting_job(store):
    """Running and ended jobs wait for nothing."""
    put(store, job("a", due_at=5), job("b", due_at=700), job("c", due_at=600))
    take(store, now=10)

    with store.read() as tx:
        assert job_queue.next_due(tx) == 600
