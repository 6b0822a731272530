"""The digest of a sandbox: it changes with the state, and with nothing else."""

from array import array
from collections.abc import Iterator

import pytest

from local_simulators import LocalSandbox, LocalSimulators, local_simulators
from repository import CONTRACTS
from sendproof_simulators.control.states.state_digest import digest_of
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.reference.examples import example_requests

# A GET to another service may send messages.
READING = ("delivyr", "optimove")


@pytest.fixture(scope="module")
def simulators() -> Iterator[LocalSimulators]:
    with local_simulators() as started:
        yield started


@pytest.fixture
def sandbox(simulators: LocalSimulators) -> LocalSandbox:
    return simulators.sandbox()


def changed(sandbox: LocalSandbox, before: dict[str, str]) -> set[str]:
    """Return the parts with another digest than before."""
    return {name for name, digest in sandbox.control("GET", "/digest").items() if digest != before[name]}


def test_digest_changes_with_the_service_that_accepted_a_request(sandbox):
    before = sandbox.control("GET", "/digest")
    assert sandbox.optimove("integrations/AddPromotions", [{"PromoCode": "A7", "PromotionName": "Spring"}]).status < 300
    assert changed(sandbox, before) == {"optimove"}


def test_digest_is_that_of_before_a_change_that_was_undone(sandbox):
    before = sandbox.control("GET", "/digest")
    template = {"TemplateID": 14, "TemplateName": "Spring"}
    assert sandbox.optimove("integrations/AddChannelTemplates", [template], ChannelID=505).status < 300
    assert changed(sandbox, before) == {"optimove"}
    assert sandbox.optimove("integrations/DeleteChannelTemplates", [{"ChannelID": 505, "TemplateID": 14}]).status < 300
    assert changed(sandbox, before) == set()


def test_digest_changes_with_faults_and_with_scheduled_work(sandbox):
    before = sandbox.control("GET", "/digest")
    sandbox.control("POST", "/faults", [{"fault": "status", "call": "textlocal.balance"}])
    assert changed(sandbox, before) == {"faults"}
    assert sandbox.textlocal("send", numbers="447123456789", message="Hello")["status"] == "success"
    assert changed(sandbox, before) == {"clock", "faults", "textlocal"}


def test_digest_of_a_customer_changes_with_an_attribute(sandbox):
    before = sandbox.control("GET", "/digest")
    attributes = [{"RealFieldName": "SMS_OPT_IN", "Value": "0"}]
    body = {"CustomerId": "C0000001", "Attributes": attributes}
    assert sandbox.send("optimove", "PUT", "/current/customers/UpsertCustomer", (), body).status < 300
    assert "customers" in changed(sandbox, before)


@pytest.mark.parametrize("service", READING)
def test_reading_changes_no_digest(sandbox, service):
    before = sandbox.control("GET", "/digest")
    examples = example_requests(load_contract(CONTRACTS / f"{service}.yaml"), credentials={"x-account-id"})
    for example in [example for example in examples if example.method == "GET"]:
        sandbox.send(service, "GET", example.path, example.query)
    sandbox.control("GET", "/campaigns")
    assert changed(sandbox, before) == set()


def test_digest_of_a_refused_request_is_that_of_before(sandbox):
    before = sandbox.control("GET", "/digest")
    assert sandbox.optimove("integrations/AddPromotions", [{"PromoCode": 7}]).status == 400
    assert sandbox.textlocal("send", numbers="none", message="Hello")["status"] == "failure"
    assert changed(sandbox, before) == set()


def test_digest_covers_columns_of_messages():
    """Statuses are bytes and instants are numbers, because messages are many."""
    assert digest_of(bytearray(b"PP")) != digest_of(bytearray(b"PD"))
    assert digest_of(array("q", [1, 2])) != digest_of(array("q", [1, 3]))
