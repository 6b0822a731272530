"""The journal fields that tell a repeated call from another call of the same path."""

from pathlib import Path

import pytest

from sendproof_simulators.core.contracts import Contract, load_contract
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.limited_calls import LimitedCalls

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
    calls, templates = LimitedCalls(), b'[{"TemplateID": 1, "TemplateName": "News"}]'
    limited = Response(status=429, headers=(("Retry-After", "30"),))

    assert calls.journal_fields("optimove", contract, call("505", templates), Response()) == {}
    first = calls.journal_fields("optimove", contract, call("505", templates), limited)
    again = calls.journal_fields(
        "optimove", contract, call("505", b'[{"TemplateName":"News","TemplateID":1}]'), Response()
    )
    other = calls.journal_fields("optimove", contract, call("250", templates), Response())

    assert first == {"retry_after": 30, **again}
    assert again["content"] != other["content"]


def test_429_response_without_retry_after_has_no_delay(contract):
    fields = LimitedCalls().journal_fields("optimove", contract, call("505", b"[]"), Response(status=429))

    assert list(fields) == ["content"]
