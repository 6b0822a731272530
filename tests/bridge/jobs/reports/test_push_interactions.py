"""Reports of customers, which count again when they are repeated."""

import threading
from contextlib import ExitStack

import pytest

from running_bridge import wait_until
from sendproof_bridge.clock import HOUR
from sendproof_bridge.jobs.reports import push_interactions
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest, LostJobError, NewJob
from sendproof_bridge.worker import Worker
from small_bridge import KEY, NOON
from stand_in import Reply


def reported_events(services):
    return [call.body["EventID"] for call in services.calls("UpdateCampaignInteractions")]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_report_is_not_repeated_after_the_database_was_away(sent, services, postgres_database, caplog):
    """It is lost while Optimove responds, so the bridge cannot record the call for a while."""
    lost, reporting = ExitStack(), threading.Event()

    def respond_and_refuse(_request):
        lost.enter_context(postgres_database.refuse_others())
        reporting.set()
        return Reply()

    services.respond("UpdateCampaignInteractions", respond_and_refuse, Reply())
    sent.clock.limit = NOON + HOUR
    worker = Worker(sent.context, threads=2)
    sent.clock.on_idle = worker.stop
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    with lost:
        assert reporting.wait(60)
        wait_until(lambda: "recorded when the database is back" in caplog.text, "the warning")
    thread.join(60)

    assert reported_events(services) == [0, 5]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_report_is_not_repeated_after_a_crash_of_the_server(sent, services, postgres_database):
    """It undoes the last commits that were not flushed to disk. The next report is under way."""

    def crash_and_respond(_request):
        postgres_database.crash()
        return Reply()

    services.respond("UpdateCampaignInteractions", Reply(), crash_and_respond, Reply())
    sent.run(until=NOON + HOUR)

    assert reported_events(services) == [0, 5]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_report_still_has_its_owner_after_a_crash_during_the_call(sent, services, postgres_database):
    """Without one, another worker would make the call again at once. The second report waits for the first."""
    states = []

    def crash_and_respond(_request):
        postgres_database.crash()
        states.append(sent.query("SELECT state FROM job WHERE kind = 'push_interactions' ORDER BY state"))
        return Reply()

    services.respond("UpdateCampaignInteractions", crash_and_respond, Reply(), Reply())
    sent.run(until=NOON + HOUR)

    assert (states, reported_events(services)) == ([["due", "running"]], [0, 5])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_report_that_another_run_took_over_is_recorded_before_it_begins(sent, services):
    """The other one releases it while Optimove responds, as after a crash of the server."""

    def respond_and_release(_request):
        sent.execute("UPDATE job SET state = 'due', owner = NULL WHERE state = 'running'")
        return Reply()

    services.respond("UpdateCampaignInteractions", respond_and_release, Reply())
    sent.run(until=NOON + HOUR)

    assert reported_events(services) == [0, 5]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("hung_before", ["the claim of another run", "the end of the lease"])
def test_worker_that_hung_reports_nothing_when_it_wakes(sent, services, hung_before):
    report = {**KEY._asdict(), "template": 11, "event": 9, "date": "2026-03-02", "customers": ["C1"]}
    with sent.context.store.write() as tx:
        job_queue.add(tx, [NewJob(id="report", kind="push_interactions", payload=report)])
        job = job_queue.claim(tx, ClaimRequest(owner="run-8", now=NOON, real=0.0))
    if hung_before == "the end of the lease":
        job.lease.until = 0.0
    else:
        sent.execute("UPDATE job SET owner = 'run-9' WHERE id = 'report'")
    with job_queue.attempted(job), pytest.raises(LostJobError):
        push_interactions.run(sent.context, job)

    assert reported_events(services) == []
