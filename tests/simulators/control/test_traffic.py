"""The traffic of a sandbox over virtual time."""

import requests

START = "2026-03-02T09:00:00.000Z"


def test_traffic_counts_requests_at_their_virtual_instants(simulators):
    made = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual", "start": START}})
    path, textlocal = f"/sandboxes/{made['sandbox']}", made["services"]["textlocal"]
    for _ in range(2):
        requests.get(f"{textlocal['url']}/balance/", params=textlocal["credentials"], timeout=60)
        simulators.call("POST", f"{path}/clock/advance", {"by_ms": 2_000})
    traffic = simulators.call("GET", f"{path}/traffic")
    assert (traffic["width_ms"], traffic["at"]) == (1_000, [START, "2026-03-02T09:00:02.000Z"])
    assert traffic["kinds"]["request"] == [1, 1]


def test_traffic_goes_back_with_a_restored_snapshot(simulators):
    """Twice, because the counts of the snapshot must not change with those of the sandbox."""
    path = f"/sandboxes/{simulators.call('POST', '/sandboxes', {'seed': 7})['sandbox']}"
    simulators.call("POST", f"{path}/providers/textlocal/templates", [{"title": "first", "body": "first"}])
    simulators.call("POST", f"{path}/snapshots", {"name": "kept"})
    before = simulators.call("GET", f"{path}/traffic")
    for _ in range(2):
        simulators.call("POST", f"{path}/providers/textlocal/templates", [{"title": "second", "body": "second"}])
        assert simulators.call("GET", f"{path}/traffic") != before
        simulators.call("POST", f"{path}/snapshots/kept/restore")
        assert simulators.call("GET", f"{path}/traffic") == before


def test_services_are_listed_with_the_targets_of_faults(simulators):
    services = simulators.call("GET", "/services")
    assert "RegisterEventListener" in services["optimove"]["operations"]
    assert "13" in services["optimove"]["events"]
