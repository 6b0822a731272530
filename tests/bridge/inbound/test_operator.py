"""Health and measurements, over real HTTP."""

import re
from contextlib import contextmanager

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from repository import ROOT
from sendproof_bridge.clock import HOUR, MINUTE, SECOND
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.inbound.measurements import Measurements
from sendproof_bridge.inbound.operator import OperatorRoutes
from sendproof_bridge.monitor import Monitor
from sendproof_bridge.worker import Worker
from small_bridge import NOON, TOKEN, recipient_row
from stand_in import Reply, serving

OPERATOR = {"Authorization": "Bearer the-operator"}


@contextmanager
def operator(bridge, worker_problem=lambda: None):
    """Run the endpoints; yield their URL."""
    with serving(OperatorRoutes(bridge.context, Secret("the-operator"), worker_problem).router()) as url:
        yield url


def metrics(bridge):
    """Return the value of each sample, by name and sorted labels, as a page of Prometheus shows them."""
    with operator(bridge) as url:
        page = requests.get(f"{url}/metrics", headers=OPERATOR, timeout=60).text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {
        (
            sample.name.removeprefix("sendproof_bridge_"),
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for sample in samples
    }


@pytest.mark.parametrize(("problem", "status"), [(None, 200), ("the worker is stuck", 503)])
def test_stuck_worker_is_not_ready_but_alive(bridge, problem, status):
    with operator(bridge, lambda: problem) as url:
        paths = ("/health", "/health/live", "/status")
        responses = [requests.get(f"{url}{path}", headers=OPERATOR, timeout=60) for path in paths]

    assert [response.status_code for response in responses] == [status, 200, 200]
    assert responses[2].json()["problems"] == ([problem] if problem else [])


def test_worker_is_only_stuck_after_minutes(bridge):
    worker = Worker(bridge.context, threads=1)
    assert worker.problem() is None

    worker._looked_at -= 200
    assert worker.problem() == "the worker has not looked for work for 200 s"


def test_threads_that_hang_are_a_problem(bridge):
    worker = Worker(bridge.context, threads=1)
    worker._active[1] = (worker._looked_at - 2_000, "sync_templates:acme:505")

    assert worker.problem() == "no thread has ended its job for half an hour: sync_templates:acme:505"


def test_metrics_are_closed_without_the_token(bridge):
    with operator(bridge) as url:
        assert requests.get(f"{url}/metrics", timeout=60).status_code == 404


def test_metrics_count_what_a_campaign_did(bridge, services):
    rows = [recipient_row("C1"), recipient_row("C2", phone="07123456780")]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    bridge.start_campaign()
    bridge.run(until=NOON + 15 * MINUTE)
    found = metrics(bridge)

    assert found["sends_total", "505", "acme", "accepted"] == 2
    assert found["calls_total", "Textlocal bulk_json", "ok"] == found["job_seconds_count", "send_batch"] == 1
    assert found["calls_total", "Optimove UpdateCampaignMetrics", "ok"] == 1
    assert found["jobs", "push_metrics", "due"] == 28


def test_metrics_name_what_fails(bridge, services):
    services.respond("GetCustomerSendDetailsByChannel", Reply({}, status=401))
    bridge.start_campaign()
    bridge.run()
    found = metrics(bridge)

    assert found["calls_total", "Optimove GetCustomerSendDetailsByChannel", "unauthorized"] == 1
    assert found["job_errors_total", "unauthorized", "fetch_page"] == 1
    assert found["jobs", "fetch_page", "retrying"] == 1


def test_operator_sees_no_secret_that_a_service_repeats(bridge, services):
    secrets = ["an-optimove-key", "a-textlocal-key", TOKEN]
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1")]), Reply([]))
    services.respond("bulk_json", Reply({"status": "failure", "errors": [{"code": 999, "message": str(secrets)}]}))
    bridge.start_campaign()
    bridge.run(until=NOON + 5 * MINUTE)
    with operator(bridge) as url:
        pages = {path: requests.get(url + path, headers=OPERATOR, timeout=60).text for path in ("/metrics", "/status")}

    assert 'kind="send_batch"' in pages["/metrics"]
    assert "999 ['***', '***', '***']" in pages["/status"]
    assert [(path, secret) for path, page in pages.items() for secret in secrets if secret in page] == []


def test_metrics_show_how_long_a_due_job_and_an_opt_out_wait(bridge):
    bridge.start_campaign()
    bridge.execute("UPDATE job SET due_at = :due", due=NOON - HOUR)
    bridge.execute("INSERT INTO opt_out VALUES (1, 'acme', '447123456789', 'reply', :at, FALSE)", at=NOON - MINUTE)
    found = metrics(bridge)

    assert (found["oldest_due_job_age_seconds",], found["opt_outs_waiting", "acme"]) == (HOUR / SECOND, 1)
    assert found["opt_outs_waiting_age_seconds", "acme"] == MINUTE / SECOND


def test_job_that_is_due_at_once_ages_from_the_first_look(bridge):
    """Its row has no due time."""
    bridge.start_campaign()
    routes = OperatorRoutes(bridge.context, Secret("the-operator"))
    with serving(routes.router()) as url:
        first = requests.get(f"{url}/metrics", headers=OPERATOR, timeout=60).text
        bridge.clock.time += HOUR
        second = requests.get(f"{url}/metrics", headers=OPERATOR, timeout=60).text

    name = "sendproof_bridge_oldest_due_job_age_seconds"
    assert (f"{name} 0.0\n" in first, f"{name} 3600.0\n" in second) == (True, True)


def test_documentation_lists_every_measurement(bridge):
    page = (ROOT / "docs" / "operate.md").read_text().partition("## Measurements")[2].partition("## Logs")[0]
    documented = set(re.findall(r"^\| `(\w+?)(?:_total)?` \|", page, re.MULTILINE))
    families = [*bridge.context.monitor.registry.collect(), *Measurements(bridge.context).collect()]
    own = {family.name.removeprefix("sendproof_bridge_") for family in families}

    assert documented == {name for name in own if not name.startswith("process_")}


def test_operations_of_a_provider_cannot_become_endless_labels():
    monitor = Monitor()
    for index in range(150):
        monitor.call_ended(f"operation {index}", "ok", 0.1)

    names = {
        sample.labels["operation"]
        for family in monitor.registry.collect()
        for sample in family.samples
        if "operation" in sample.labels
    }
    assert (len(names), "other" in names) == (101, True)
