"""The journal fields that distinguish a repeated call from another call of the same path."""

from pathlib import Path

import pytest

from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.recording.failed_calls import FailedCalls

CONTRACT = Path("openapi/optimove.yaml")
PATH = "/current/integrations/AddChannelTemplates"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(CONTRACT, case_insensitive=True, optional_prefix="/current")


def call(channel: str, body: bytes) -> Request:
    return Request(
        method="POST",
        path=PATH,
        query=(("ChannelID", channel),),
        headers={"content-type": "application/json"},
        body=body,
    )


def test_content_is_recorded_from_the_first_429_response_on(contract):
    calls, templates = FailedCalls(), b'[{"TemplateID": 1, "TemplateName": "News"}]'
    limited = Response(status=429, headers=(("Retry-After", "30"),))

    assert calls.journal_fields("optimove", contract, call("505", templates), Response(), is_failure=False) == {}
    first = calls.journal_fields("optimove", contract, call("505", templates), limited, is_failure=False)
    again = calls.journal_fields(
        "optimove", contract, call("505", b'[{"TemplateName":"News","TemplateID":1}]'), Response(), is_failure=False
    )
    other = calls.journal_fields("optimove", contract, call("250", templates), Response(), is_failure=False)

    assert first == {"retry_after": 30, **again}
    assert again["content"] != other["content"]


def test_429_response_without_retry_after_has_no_delay(contract):
    fields = FailedCalls().journal_fields(
        "optimove", contract, call("505", b"[]"), Response(status=429), is_failure=False
    )

    assert list(fields) == ["content"]


def test_content_of_failed_calls_is_recorded(contract):
    """Only equal contents make the second call a repetition of the first."""
    calls = FailedCalls()

    refused = calls.journal_fields("optimove", contract, call("505", b"[]"), Response(), is_failure=True)
    unavailable = calls.journal_fields("optimove", contract, call("505", b"[]"), Response(status=503), is_failure=False)
    accepted = calls.journal_fields("optimove", contract, call("505", b"[]"), Response(), is_failure=False)

    assert refused == unavailable
    assert accepted == {}


def test_content_of_a_repetition_after_a_fault_is_recorded(contract):
    """The judge sees that the failed call was repeated."""
    calls, request = FailedCalls(), call("505", b"[]")
    calls.expect_repetition("optimove", contract, request)

    failed = calls.journal_fields("optimove", contract, request, Response(status=503), is_failure=True)
    assert failed == calls.journal_fields("optimove", contract, request, Response(), is_failure=False)


def test_path_without_operation_is_not_remembered(contract):
    """A hostile client could call any number of them."""
    calls = FailedCalls()
    for number in range(3):
        unknown = Request(method="POST", path=f"/{number}")
        fields = calls.journal_fields("optimove", contract, unknown, Response(status=429), is_failure=False)
        assert "content" in fields
        assert calls.journal_fields("optimove", contract, unknown, Response(), is_failure=False) == {}
