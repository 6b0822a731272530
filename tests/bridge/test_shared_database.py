"""Several processes of a bridge, on one PostgreSQL database."""

import threading
from contextlib import ExitStack

import pytest

from bridge_processes import BridgeProcesses
from running_bridge import wait_until
from sendproof_harness.run.processes import free_port
from small_bridge import recipient_row, sent_messages
from stand_in import Reply

EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}
ROW = recipient_row("C1", "+447100000001", at="2100-01-01 00:00:00")


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_takes_over_the_job_of_one_that_was_killed(tmp_path, database, services):
    """It has the page requested, and has not stored it."""
    requested, killed = threading.Event(), threading.Event()

    def first_page(_request):
        requested.set()
        killed.wait(300)
        return Reply([])

    services.respond("GetCustomerSendDetailsByChannel", first_page, Reply([ROW]), Reply([]))
    processes = BridgeProcesses(tmp_path, services.url)
    with processes.webhooks(), processes.worker() as worker:
        processes.post_event(**EVENT)
        assert requested.wait(300)
        with processes.worker(free_port("127.0.0.1")):
            worker.kill()
            worker.wait()
            killed.set()
            log = tmp_path / "work.log"
            wait_until(lambda: "from 0: 1 customers, 1 new, 0 dropped, 1 batches" in log.read_text(), "the page", log)

    assert sent_messages(services) == []


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_process_that_starts_before_the_database_waits_for_it(tmp_path, database, services, postgres_database):
    processes, away, log = BridgeProcesses(tmp_path, services.url), ExitStack(), tmp_path / "work.log"

    def begin_after_the_first_try():
        wait_until(lambda: log.exists() and "trying again for" in log.read_text(), "the warning")
        away.close()

    away.enter_context(postgres_database.refuse_others())
    threading.Thread(target=begin_after_the_first_try, daemon=True).start()
    with processes.worker():
        pass

    assert "not currently accepting connections" in log.read_text()
