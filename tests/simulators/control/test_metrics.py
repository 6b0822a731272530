"""`/metrics`: what the simulators' process did, for Prometheus."""

import re
from collections.abc import Mapping

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from running import RunningSimulators
from sendproof_simulators.services.discovery import discover

MINIMAL = {"seed": 1, "clock": {"mode": "virtual", "start": "2026-03-02T08:00:00Z"}}
PREFIX = "sendproof_simulators"


def read(simulators: RunningSimulators) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return each value by its name and labels."""
    response = requests.get(f"{simulators.control}/metrics", timeout=60)
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(response.text)
    return {(line.name, frozenset(line.labels.items())): line.value for family in families for line in family.samples}


def value(metrics: Mapping[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    """Return one value; 0 if it was never counted."""
    return metrics.get((f"{PREFIX}_{name}", frozenset(labels.items())), 0)


def test_calls_are_counted_by_operation_and_class_of_status(simulators):
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL)
    url, key = (sandbox["services"]["textlocal"][name] for name in ("url", "credentials"))
    before = read(simulators)
    for _ in range(3):
        requests.post(f"{url}/get_templates", data={"apikey": key["apikey"]}, timeout=60)

    labels = {"service": "textlocal", "operation": "get_templates", "status": "2xx"}
    assert value(read(simulators), "requests_total", **labels) - value(before, "requests_total", **labels) == 3


def test_call_without_a_response_has_no_status(simulators):
    sandbox = simulators.call("POST", "/sandboxes", MINIMAL)
    url, key = (sandbox["services"]["textlocal"][name] for name in ("url", "credentials"))
    fault = {"call": "textlocal.balance", "fault": "connection_reset", "when": "before"}
    simulators.call("POST", f"/sandboxes/{sandbox['sandbox']}/faults", [fault])
    labels = {"service": "textlocal", "operation": "balance", "status": ""}
    before = value(read(simulators), "requests_total", **labels)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/balance", data={"apikey": key["apikey"]}, timeout=60)
    assert value(read(simulators), "requests_total", **labels) - before == 1


def test_calls_without_a_known_credential_are_counted(simulators):
    url = simulators.call("GET", "/services")["delivyr"]["url"]
    before = value(read(simulators), "unauthenticated_requests_total", service="delivyr")
    requests.get(f"{url}/anything", timeout=60)
    assert value(read(simulators), "unauthenticated_requests_total", service="delivyr") >= before + 1


def test_sandboxes_and_the_process_are_measured(simulators):
    simulators.call("POST", "/sandboxes", MINIMAL)
    metrics = read(simulators)
    assert value(metrics, "sandboxes") >= 1
    assert metrics["process_cpu_seconds_total", frozenset()] > 0


def test_no_client_chooses_a_label(simulators):
    """Each new label would be kept forever."""
    url = simulators.call("GET", "/services")["textlocal"]["url"]
    for path in ("made/up", "other"):
        requests.get(f"{url}/{path}", timeout=60)
    for _, labels in read(simulators):
        chosen = dict(labels)
        assert chosen.get("service", "optimove") in discover()
        assert re.fullmatch(r"[1-5]xx|", chosen.get("status", ""))
        assert chosen.get("operation") not in {"made/up", "other"}
