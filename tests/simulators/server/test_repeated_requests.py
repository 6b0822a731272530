"""A request is read once; what is read again must be the same."""

from dataclasses import replace

from sendproof_simulators.core.contracts import Contract, ValidRequest
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.server.fast_path import match_fast_path
from sendproof_simulators.server.repeated_requests import RepeatedRequests
from sendproof_simulators.services.discovery import service_contracts

CONTRACTS = service_contracts()
OPTIMOVE = CONTRACTS["optimove"]
PAGE = Request(method="GET", path="/current/integrations/GetChannelTemplates", query=(("ChannelID", "505"),))


def read(contract: Contract, request: Request) -> ValidRequest:
    valid = match_fast_path(contract, request, BodyRules())
    assert isinstance(valid, ValidRequest)
    return valid


def test_equal_request_is_found_whatever_its_headers_are() -> None:
    """No parameter of the operation is a header, and none of its headers decides on the body."""
    repeated = RepeatedRequests()
    repeated.keep(PAGE, read(OPTIMOVE, PAGE))
    assert repeated.find(replace(PAGE, headers={"x-api-key": "k"})) == read(OPTIMOVE, PAGE)


def test_other_requests_are_not_found() -> None:
    """Neither with another query or method, nor with a body."""
    repeated = RepeatedRequests()
    repeated.keep(PAGE, read(OPTIMOVE, PAGE))
    for other in ({"query": (("ChannelID", "506"),)}, {"method": "POST"}, {"path": "/"}, {"body": b"x"}):
        assert repeated.find(replace(PAGE, **other)) is None


def test_request_with_a_body_or_a_long_query_is_not_kept() -> None:
    """A hostile client could fill the memory with them."""
    repeated, valid = RepeatedRequests(), read(OPTIMOVE, PAGE)
    for other in ({"query": (("ChannelID", "5" * 1024),)}, {"body": b"x"}):
        repeated.keep(replace(PAGE, **other), valid)
    assert repeated._valid == {}


def test_number_of_kept_requests_is_bounded() -> None:
    repeated, valid = RepeatedRequests(), read(OPTIMOVE, PAGE)
    for number in range(3_000):
        repeated.keep(replace(PAGE, query=(("ChannelID", str(number)),)), valid)
    assert len(repeated._valid) <= 1_024


def test_request_with_a_parameter_in_its_headers_is_not_kept() -> None:
    """Its headers decide on the parameters."""
    operations = [operation for contract in CONTRACTS.values() for operation in contract.operations.values()]
    described = next(o for o in operations if any(p.where == "header" for p in o.parameters))
    repeated = RepeatedRequests()
    repeated.keep(Request(method="GET", path=described.path), ValidRequest(replace(described, body=None), {}, None))
    assert repeated._valid == {}
