"""The examples in the contracts work as they are in the default sandbox of `sendproof up --examples`."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from local_simulators import LocalSimulators, Reply, local_simulators
from repository import CONTRACTS
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.reference.examples import ExampleRequest, example_requests
from sendproof_simulators.server.server import DefaultSandbox, create_default_sandbox
from sendproof_simulators.services.optimove_metrics import SIMULATOR as METRICS
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, sign
from sendproof_simulators.services.xtremepush import SIMULATOR as XTREMEPUSH

SERVICES = ("control", "delivyr", "optimove", "optimove-metrics", "textlocal", "xtremepush")
# The credentials of the default sandbox that are no part of an example.
HEADERS = {
    "delivyr": {"x-api-key": "sendproof-delivyr-key", "x-account-id": "sendproof-delivyr-account"},
    "optimove": {"x-api-key": "sendproof-optimove-admin-key"},
}
PARAMETERS = {"textlocal": {"apikey": "sendproof-textlocal-key"}}
# Paths on the control port.
PREFIXES = {"control": "", "optimove-metrics": "/optimove-metrics/metric-1001"}
SETTINGS = DefaultSandbox(seed=1, customers=1_000, allow_remote_webhooks=False, rate_limits=True, examples=True)
# Operations without a success in any sandbox like this, with the reason.
WITHOUT_SUCCESS = {
    "Login": "Optimove ended logins on 1 February 2024",
    "LoginByQuery": "Optimove ended logins on 1 February 2024",
    "completeFault": "a fault is pending only while a call waits for its response",
    "no_command": "always a failure",
    "no_command_get": "always a failure",
}

EXAMPLES = [
    pytest.param(service, example, id=f"{service}:{example}")
    for service in SERVICES
    for example in example_requests(load_contract(CONTRACTS / f"{service}.yaml"), credentials={"x-account-id"})
    if example.operation not in WITHOUT_SUCCESS
]


@pytest.fixture(scope="module")
def started() -> Iterator[LocalSimulators]:
    """Start the simulators once. They check every response against its contract."""
    with local_simulators(strict=True) as simulators:
        yield simulators


@pytest.fixture
def simulators(started: LocalSimulators) -> Iterator[LocalSimulators]:
    """Create the sandbox anew for each example, because some examples delete what others name."""
    started.runner.run(create_default_sandbox(started.app, SETTINGS))
    yield started
    started.runner.run(started.app.sandboxes.close())


def send(simulators: LocalSimulators, service: str, example: ExampleRequest) -> Reply:
    """Send an example with the credentials of the default sandbox; sign it where the service demands that."""
    body = example.encoded().replace(b"YOUR_APPTOKEN", XTREMEPUSH.default_credentials["apptoken"].encode())
    headers = {"content-type": example.media} if body else {}
    headers |= {name.lower(): value for name, value in example.headers.items()}
    if example.needs_credential:
        headers |= HEADERS.get(service, {})
    if service == "optimove-metrics":
        headers[SIGNATURE_HEADER] = sign(body, METRICS.default_credentials["tenant_token"])
    path = PREFIXES.get(service, f"/{service}") + example.path
    query = urlencode({**example.query, **PARAMETERS.get(service, {})})
    return simulators.send(example.method, path, query, headers, body)


@pytest.mark.parametrize(("service", "example"), EXAMPLES)
def test_example_succeeds(simulators: LocalSimulators, service: str, example: ExampleRequest) -> None:
    assert not example.missing
    reply = send(simulators, service, example)
    assert reply.status < 300, reply.body
    # Textlocal refuses with status 200.
    assert service != "textlocal" or b'"failure"' not in reply.body
    assert not simulators.app.watch.found
