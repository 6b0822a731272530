"""Who may send requests: no page of another origin, no rebound name, and off loopback only clients with the token."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from command_line import sendproof
from running import RunningSimulators, running_simulators
from sendproof_simulators.server.access import Access, access_rules, documented_hosts

TOKEN = "a-token-of-the-tests"
HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def local() -> Iterator[RunningSimulators]:
    """Start simulators on loopback."""
    with running_simulators() as running:
        yield running


@pytest.fixture(scope="module")
def exposed() -> Iterator[RunningSimulators]:
    """Start simulators that other machines can reach, with a name of their own."""
    options = ("--host", "0.0.0.0", "--public-host", "localhost", "--allow-host", "Simulators")
    with running_simulators(*options, "--control-token", TOKEN) as running:
        yield running


def secrets(services: dict[str, Any]) -> set[str]:
    """Return the credentials of services, without names of users."""
    values = {value for service in services.values() for value in service["credentials"].values()}
    return {value for value in values if "@" not in value}


def status(access: Access, address: str = HERE, **headers: str) -> int:
    """Return the status of the refusal of a request with these headers, 200 without one."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    problem = access.refusal([(name.encode(), value.encode()) for name, value in names.items()], address)
    return 200 if problem is None else problem.status


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4100", "localhost:4100", "LOCALHOST", "localhost.", "app.localhost:1", "[::1]:4100", "127.1.2.3"],
)
def test_names_of_this_machine_are_served(host: str) -> None:
    assert status(Access(), host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:4100", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.7"),
        *("[fd00::7]", "127.0.0.1@evil.example", "", ":4100", "localhost evil.example"),
        *("127.0.0.1:80@evil.example", "localhost:80.evil.example", "[::1]evil.example", "localhost:port"),
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert status(Access(), host=host) == 421


def test_address_with_the_zone_of_a_network_is_served() -> None:
    """The networks of Docker have such names."""
    access = access_rules("::", None, ("fe80::1%br-0a1b_c",), None)
    assert status(access, host="[fe80::1%br-0a1b_c]:4100") == 200


def test_long_headers_are_not_remembered() -> None:
    """A thousand of them would be 64 MB. Any client can send them, without a credential."""
    tracemalloc.start()
    for number in range(100):
        assert status(Access(), host=f"{number}" + "x" * 50_000) == 421
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


def test_names_of_the_command_line_are_served() -> None:
    access = access_rules("0.0.0.0", "Simulators", ("other.example.",), None)
    served = [status(access, host=f"{name}:4100") for name in ("simulators", "other.example", "10.0.0.7", "third")]
    assert served == [200, 200, 421, 421]


def test_address_of_the_connection_is_served() -> None:
    """Other machines use it when the simulators listen on all interfaces."""
    assert status(Access(), address="10.0.0.7", host="10.0.0.7:4100") == 200


@pytest.mark.parametrize(
    ("address", "host"),
    [("::ffff:10.0.0.7", "10.0.0.7:4100"), ("10.0.0.7", "[::ffff:10.0.0.7]"), ("fd00::7", "[FD00:0::7]:4100")],
)
def test_address_of_the_connection_is_served_in_any_spelling(address: str, host: str) -> None:
    """A socket for IPv6 serves clients of IPv4 as well."""
    assert status(Access(), address=address, host=host) == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(("metric-7.optimove.net", 200), ("METRIC-7.optimove.net:443", 200), ("api4.optimove.net", 421)),
        *(("metric-.optimove.net", 421), ("metric-7.optimove.net.evil.example", 421), ("metric-7xoptimove.net", 421)),
    ],
)
def test_port_of_a_service_serves_the_documented_hosts(host: str, expected: int) -> None:
    """The number of a tenant is a sample."""
    documented = documented_hosts({"servers": [{"url": "https://metric-1001.optimove.net"}]})
    problem = Access().refusal([(b"host", host.encode())], HERE, documented)
    assert (200 if problem is None else problem.status) == expected


@pytest.mark.parametrize("document", [{}, {"servers": []}, {"servers": [{"url": "/"}]}])
def test_contract_without_a_host_adds_none(document: dict[str, Any]) -> None:
    assert documented_hosts(document).fullmatch("") is None


@pytest.mark.parametrize(
    ("service", "host"),
    [
        *(
            ("textlocal", "api.textlocal.in"),
            ("optimove", "api4.optimove.net"),
            ("xtremepush", "api.us.xtremepush.com"),
        ),
        *(("delivyr", "api.delivyr.net"), ("optimove-metrics", "server-7.optimove.net")),
    ],
)
def test_host_of_the_real_service_is_only_a_name_of_its_port(local: RunningSimulators, service: str, host: str) -> None:
    urls = local.services[service]["url"], f"{local.control}/control/health"
    statuses = [requests.get(url, headers={"Host": host}, timeout=60).status_code for url in urls]
    assert (statuses[0] != 421, statuses[1]) == (True, 421)


def test_client_without_a_host_is_served() -> None:
    """HTTP/1.0 has none, and no browser sends such a request."""
    assert status(Access()) == 200
    assert status(Access(), origin="null") == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost:3000",
        "http://localhost",
        "file://localhost:4100",
        "localhost:4100",
    ],
)
def test_pages_of_other_origins_are_refused(origin: str) -> None:
    assert status(Access(), host="localhost:4100", origin=origin) == 403


@pytest.mark.parametrize(
    ("site", "expected"), [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)]
)
def test_pages_of_other_sites_are_refused(site: str, expected: int) -> None:
    """A browser sends no Origin with the address of an image."""
    assert status(Access(), host="localhost:4100", sec_fetch_site=site) == expected


def test_two_hosts_are_refused() -> None:
    headers = [(b"host", b"localhost"), (b"host", b"localhost")]
    problem = Access().refusal(headers, HERE)
    assert problem is not None
    assert problem.status == 400


def test_short_token_is_refused() -> None:
    with pytest.raises(ValueError, match="--control-token: expected at least 16 characters, got 6"):
        access_rules("127.0.0.1", None, (), "secret")


@pytest.mark.parametrize("name", ["control", "optimove", "textlocal", "delivyr", "xtremepush", "optimove-metrics"])
def test_every_port_refuses_a_rebound_name_and_a_foreign_page(local: RunningSimulators, name: str) -> None:
    url = local.control if name == "control" else local.services[name]["url"]
    rebound = requests.get(url, headers={"Host": "evil.example"}, timeout=60)
    foreign = requests.post(url, headers={"Origin": "http://evil.example"}, timeout=60)
    assert (rebound.status_code, foreign.status_code) == (421, 403)
    assert "--public-host NAME" in rebound.json()["detail"]


def test_body_without_a_content_type_has_no_effect(local: RunningSimulators) -> None:
    """A page of any origin may send one without asking first."""
    url = f"{local.control}/control/sandboxes"
    response = requests.post(url, data=b'{"seed": 1, "name": "by-a-page"}', timeout=60)
    assert response.status_code == 415
    assert [sandbox["sandbox"] for sandbox in local.call("GET", "/sandboxes")] == ["default"]


def test_control_api_off_loopback_needs_the_token(exposed: RunningSimulators) -> None:
    plain = exposed.control.partition("/token/")[0]
    url = f"{plain}/control/sandboxes"
    bearers = ({}, {"Authorization": "Bearer another"}, {"Authorization": f"Bearer {TOKEN}"})
    assert [requests.get(url, headers=headers, timeout=60).status_code for headers in bearers] == [401, 401, 200]
    assert requests.get(url, timeout=60).headers["WWW-Authenticate"] == "Bearer"
    assert requests.get(f"{plain}/token/another/control/sandboxes", timeout=60).status_code == 401
    assert requests.get(f"{plain}/token/{TOKEN}/control/sandboxes", timeout=60).status_code == 200


def test_credentials_off_loopback_are_not_published(exposed: RunningSimulators, local: RunningSimulators) -> None:
    """Nor do they follow from the seed of a sandbox."""
    made = [running.call("POST", "/sandboxes", {"seed": 7, "name": "seven"}) for running in (exposed, local)]
    drawn = secrets(exposed.services) | secrets(made[0]["services"])
    assert drawn.isdisjoint(secrets(local.services) | secrets(made[1]["services"]))


@pytest.mark.slow
def test_commands_take_the_url_with_the_token(exposed: RunningSimulators) -> None:
    listed = sendproof("marketer", "campaigns", environment={"SENDPROOF_CONTROL_URL": exposed.control})
    assert (listed.status, listed.err) == (0, "")
