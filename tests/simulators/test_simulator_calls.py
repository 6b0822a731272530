"""How many calls the simulators make for a request, and for one more message of it."""

import json

import pytest

from counted_calls import assert_as_few_calls, calls_per_item, count_calls
from local_simulators import local_simulators

REQUESTS = 20


@pytest.fixture(scope="module")
def sandbox():
    """Return a sandbox of simulators in this process."""
    with local_simulators() as simulators:
        yield simulators.sandbox()


def test_small_request_makes_few_calls(sandbox):
    """The first request prepares what the others use."""
    headers = {"x-api-key": sandbox.credentials("optimove")["api_key"]}
    path = "/optimove/current/integrations/GetChannelTemplates"
    request = lambda: sandbox.simulators.send("GET", path, "ChannelID=505", headers, b"")  # noqa: E731 - the work
    assert request().status == 200
    counted = count_calls(lambda: [request() for _ in range(REQUESTS)]) / REQUESTS
    assert_as_few_calls("simulators: small request", counted)


def test_message_makes_few_calls(sandbox):
    def prepare(messages: int):
        parts = [{"number": f"4471000{number:05d}", "text": f"Hello {number}"} for number in range(messages)]
        data = json.dumps({"sender": "Sendproof", "messages": parts})
        return lambda: sandbox.textlocal("bulk_json", data=data)

    assert prepare(1)()["status"] == "success"
    assert_as_few_calls("simulators: accept a message", calls_per_item(prepare, 50, 150))
