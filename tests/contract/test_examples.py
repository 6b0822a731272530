"""The examples in the contracts work as they are in the default sandbox of `sendproof up --examples`."""

from collections.abc import Iterator

import pytest

from default_sandbox import SETTINGS, send_example
from local_simulators import LocalSimulators, local_simulators
from repository import CONTRACTS
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.reference.examples import ExampleRequest, example_requests
from sendproof_simulators.server.default_sandbox import create_default_sandbox

SERVICES = ("control", "delivyr", "optimove", "optimove-metrics", "smtp", "textlocal", "xtremepush")
# Operations without a success in any sandbox like this, with the reason.
WITHOUT_SUCCESS = {
    "Login": "Optimove ended logins on 1 February 2024",
    "LoginByQuery": "Optimove ended logins on 1 February 2024",
    "completeFault": "a fault is pending only while a call waits for its response",
    "computeVerdict": "these simulators have no judge",
    "no_command": "always a failure",
    "no_command_get": "always a failure",
}

EXAMPLES = [
    pytest.param(service, example, id=f"{service}:{example}")
    for service in SERVICES
    for example in example_requests(
        load_contract(CONTRACTS / f"{service}.yaml"), credentials={"x-account-id", "x-smtp-user"}
    )
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


@pytest.mark.parametrize(("service", "example"), EXAMPLES)
def test_example_succeeds(simulators: LocalSimulators, service: str, example: ExampleRequest) -> None:
    assert not example.missing
    reply = simulators.runner.run(send_example(simulators.app, service, example))
    assert reply.status < 300, reply.body
    # Textlocal refuses with status 200.
    assert service != "textlocal" or b'"failure"' not in reply.body
    assert not simulators.app.watch.found
