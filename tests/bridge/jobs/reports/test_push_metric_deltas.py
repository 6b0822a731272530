"""Reports to an Optimove that adds up reported values."""

import pytest

from sendproof_bridge.clock import DAY, HOUR
from sendproof_bridge.jobs.reports import push_metrics
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest, LostJobError
from small_bridge import NOON, NUMBERS, bridge_config, metric_values, open_small_bridge, receive_statuses, recipient_row
from stand_in import Reply


@pytest.fixture
def additive(tmp_path, database, services):
    """Send one message of a client with `metric_values = "additive"`."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", f"+{NUMBERS[0]}")]), Reply([]))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, metric_values="additive")) as bridge:
        bridge.start_campaign()
        bridge.run()
        yield bridge


def test_additive_reports_contain_only_growth(additive, services):
    """Growth of zero is reported too, because reports are due several times a day."""
    additive.run(until=NOON + HOUR)
    receive_statuses(additive, (NUMBERS[0], "D"))
    additive.run(until=NOON + DAY)

    values = [metric_values(call) for call in services.calls("UpdateCampaignMetrics")]
    assert values[:3] == [{0: 1, 1: 0, 5: 0, 9: 0}, {0: 0, 1: 1, 5: 0, 9: 0}, {0: 0, 1: 0, 5: 0, 9: 0}]


def test_growth_with_lost_response_is_not_repeated(additive, services):
    """It may count already; `/status` names the job."""
    services.respond("UpdateCampaignMetrics", Reply(status=500), Reply())
    additive.run(until=NOON + HOUR)

    assert additive.query("SELECT state FROM job WHERE kind = 'push_metric_deltas'") == ["unknown"]
    assert len(services.calls("UpdateCampaignMetrics")) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_growth_that_two_workers_report_counts_once(additive, services):
    """One hung after it had claimed the report, and wakes when the other has reported."""
    additive.clock.time = NOON + HOUR
    with additive.context.store.write() as tx:
        request = ClaimRequest(owner="run-8", now=additive.clock.time, real=0.0, started_at=NOON)
        job = next(job for job in iter(lambda: job_queue.claim(tx, request), None) if job.kind == "push_metrics")
    additive.execute("UPDATE job SET state = 'due', owner = NULL WHERE owner = 'run-8'")
    additive.run()
    with pytest.raises(LostJobError):
        push_metrics.run(additive.context, job)
    additive.run()

    assert [metric_values(call)[0] for call in services.calls("UpdateCampaignMetrics")] == [1]
