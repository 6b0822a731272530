"""Several processes that share one PostgreSQL database: here, threads with a connection pool each."""

import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from running_bridge import wait_until
from sendproof_bridge.clock import HOUR, SECOND
from sendproof_bridge.jobs.campaigns import send_batch
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest, LostJobError, NewJob
from sendproof_bridge.worker import Worker
from small_bridge import NOON, NUMBERS, bridge_config, open_small_bridge, recipient_row, sent_messages
from stand_in import Reply

LATER = "2026-03-02 18:00:00"
END_OF_RECORD = Reply({"messages": [], "status": "success"})
REJECTED = Reply({"errors": [{"code": 5, "message": "Invalid number"}], "status": "failure"})
UNAUTHORIZED = Reply(status=403)
CAMPAIGNS, WORKERS = range(7001, 7007), 3


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_workers_share_the_campaigns_and_send_each_message_once(tmp_path, database, services):
    rows = [[recipient_row(f"C{n}-{page}", f"+4471{n:04d}{page:04d}") for page in range(5)] for n in CAMPAIGNS]
    services.respond("GetCustomerSendDetailsByChannel", *(reply for page in rows for reply in (Reply(page), Reply([]))))
    with ExitStack() as stack:
        config = bridge_config(tmp_path, services.url)
        bridges = [stack.enter_context(open_small_bridge(tmp_path, config)) for _ in range(WORKERS)]
        for campaign in CAMPAIGNS:
            bridges[0].start_campaign(campaign)
        work_together(bridges)
        assert bridges[0].query("SELECT state, COUNT(*) FROM message GROUP BY state") == [("accepted", 30)]
        assert bridges[0].query("SELECT id FROM job WHERE state = 'running'") == []

    numbers = [message["number"] for call in sent_messages(services) for message in call]
    assert (len(numbers), len(set(numbers))) == (30, 30)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_lost_connections_neither_lose_nor_repeat_a_message(bridge, services, postgres_database):
    """They are lost while the provider responds, so its response cannot be stored."""

    def accept_and_disconnect(request):
        postgres_database.disconnect_others()
        parts = [{"messages": [{"id": number[-3:], "recipient": int(number)}]} for number in NUMBERS]
        return Reply({"messages": parts, "messages_not_sent": [], "status": "success"})

    rows = [recipient_row(f"C{n}", f"+{number}") for n, number in enumerate(NUMBERS)]
    record = [{"id": number[-3:], "number": number, "message": "Hello Ann"} for number in NUMBERS]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    services.respond("bulk_json", accept_and_disconnect)
    services.respond("get_history_api", Reply({"messages": record, "status": "success"}), END_OF_RECORD)
    bridge.start_campaign()
    bridge.run(until=NOON + HOUR)

    assert [len(call) for call in sent_messages(services)] == [len(NUMBERS)]
    assert bridge.query("SELECT state, COUNT(*) FROM message GROUP BY state") == [("accepted", len(NUMBERS))]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_without_a_database_is_not_ready_and_says_why(bridge, postgres_database, caplog):
    """The webhooks of its process may have a connection meanwhile, so the database can be read."""
    worker, working = Worker(bridge.context, threads=1), threading.Event()
    bridge.clock.on_idle = working.set
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert working.wait(60)
    with postgres_database.refuse_others():
        wait_until(lambda: "not currently accepting connections" in (worker.problem() or ""), "the reason")
    wait_until(lambda: worker.problem() is None, "a new run")
    worker.stop()
    thread.join(60)

    logged = [record.getMessage() for record in caplog.records if "the database was lost" in record.getMessage()]
    assert "not currently accepting connections" in logged[-1]
    assert len(logged) == len(set(logged))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_that_loses_the_database_at_its_start_begins_when_it_is_back(bridge, postgres_database):
    worker, working = Worker(bridge.context, threads=1), threading.Event()
    bridge.clock.on_idle = working.set
    thread = threading.Thread(target=worker.run, daemon=True)
    with postgres_database.refuse_others():
        thread.start()
        wait_until(lambda: worker.problem() is not None, "the problem")
    assert working.wait(60)
    worker.stop()
    thread.join(60)

    assert bridge.query("SELECT COUNT(*) FROM run") == [2]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("hangs_before", ["the batch begins", "the call"])
def test_worker_that_hung_makes_no_call_when_it_wakes(bridge, services, hangs_before):
    """Another one may have made it."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", at=LATER)]), Reply([]))
    bridge.start_campaign()
    bridge.run()
    bridge.clock.time += 6 * HOUR
    with bridge.context.store.write() as tx:
        request = ClaimRequest(owner="run-8", now=bridge.clock.time, real=0.0, busy_lanes={"optimove:acme"})
        job = next(job for job in iter(lambda: job_queue.claim(tx, request), None) if job.kind == "send_batch")
    if hangs_before == "the call":
        job.lease.until = 0.0
    else:
        bridge.execute("UPDATE job SET owner = 'run-9' WHERE id = :id", id=job.id)
    with pytest.raises(LostJobError):
        send_batch.run(bridge.context, job)

    assert sent_messages(services) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("refusal", [REJECTED, UNAUTHORIZED], ids=["rejected", "not sent"])
def test_worker_that_hung_during_a_refused_call_leaves_the_batch_to_its_new_owner(bridge, services, refusal):
    """As planned, the batch would be sent again without a look at what the other one has sent."""

    def take_over_and_refuse(_request):
        bridge.execute("UPDATE job SET owner = 'run-9' WHERE state = 'running'")
        return refusal

    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1")]), Reply([]))
    services.respond("bulk_json", take_over_and_refuse)
    bridge.start_campaign()
    bridge.run()

    assert bridge.query("SELECT state FROM batch") == ["sending"]


@pytest.fixture
def two(tmp_path, database, services):
    """Return two bridges, each with a run of its own that is alive, and no job."""
    with ExitStack() as stack:
        config = bridge_config(tmp_path, services.url)
        bridges = [stack.enter_context(open_small_bridge(tmp_path, config)) for _ in range(2)]
        bridges[1].run()
        bridges[1].execute("DELETE FROM job")
        yield bridges


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_that_joins_others_plans_no_setup(two):
    """The calls of a start do not grow with the number of workers."""
    two[0].run()

    assert two[0].query("SELECT id FROM job") == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_with_other_settings_plans_the_setup(two):
    two[0].context = replace(two[0].context, public_url="http://other.test")
    two[0].run()

    assert two[0].query("SELECT kind FROM job WHERE kind = 'register_listeners'") == ["register_listeners"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_waits_for_the_lane_of_another(two):
    """Without a pause, it would read the database without end."""
    with two[1].context.store.write() as tx:
        job_queue.add(tx, [NewJob(id=id_, kind="fetch_page", lane="optimove:acme") for id_ in ("a", "b")])
        request = ClaimRequest(owner="run-1", now=NOON, real=two[1].context.store.lease_time(tx))
        assert job_queue.claim(tx, request).id == "a"
    two[0].clock.limit = NOON + SECOND
    two[0].run()

    assert two[0].clock.parks == [NOON + 5 * SECOND]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_clock_that_is_set_changes_no_times_of_several_workers(two):
    """Each machine has a clock of its own, and each worker would change them."""
    with two[1].context.store.write() as tx:
        job_queue.add(tx, [NewJob(id="a", kind="fetch_page", due_at=NOON + HOUR)])
    two[0].clock.steps = [HOUR]
    two[0].run()

    assert two[0].query("SELECT due_at FROM job") == [NOON + HOUR]


def work_together(bridges):
    """Run a worker of each bridge, until no job is due."""
    while bridges[0].query("SELECT 1 FROM job WHERE state = 'due' AND due_at <= :now", now=bridges[0].clock.time):
        threads = [threading.Thread(target=bridge.run) for bridge in bridges]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
