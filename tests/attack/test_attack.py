"""A short attack: a few hostile requests of each kind to every port. `make attack` sends 10,000 to each."""

import asyncio

import pytest

from attack_report import ACCEPTED, LEFT, REFUSED
from attack_run import Plan, attack, attempt
from hostile_requests import KINDS, ValidRequest
from smtp_attack import SCRIPTS, SMTP_PORT
from wire import parse_responses

# A stalled request takes as long as the server waits for its end.
QUICK = frozenset(KINDS) - {"stalling"}
VALID = ValidRequest(operation="send", method="POST", path="/send", host="127.0.0.1", media="application/json", body={})


def test_hostile_requests_break_no_simulator(tmp_path):
    ports = ("control", "delivyr", "optimove", "optimove-metrics", "smtp", "textlocal", "xtremepush")
    plan = Plan(seed=2, numbers=range(1, 21), kinds=QUICK, ports=ports)
    figures = asyncio.run(attack(tmp_path, plan, lambda port: None)).ports
    assert [finding for port in figures for finding in port.findings] == []
    # An attack that is refused as a whole, or accepted, looked at nothing.
    assert all(port.by_outcome(ACCEPTED) and port.by_outcome(REFUSED) for port in figures)


def test_hostile_conversations_do_not_break_the_smtp_port(tmp_path):
    plan = Plan(seed=1, numbers=range(1, 31), ports=[SMTP_PORT])
    (figures,) = asyncio.run(attack(tmp_path, plan, lambda port: None)).ports
    assert (figures.findings, {kind for kind, _ in figures.outcomes}) == ([], {*SCRIPTS})
    assert all(figures.by_outcome(outcome) for outcome in (ACCEPTED, REFUSED, LEFT))


@pytest.mark.slow
def test_hostile_requests_do_not_break_the_bridge(tmp_path):
    plan = Plan(seed=1, numbers=range(1, 101), kinds=QUICK, ports=["bridge textlocal"])
    figures = asyncio.run(attack(tmp_path, plan, lambda port: None)).ports
    assert [finding for port in figures for finding in port.findings] == []
    assert all(port.by_outcome(ACCEPTED) and port.by_outcome(REFUSED) for port in figures)


def test_request_of_a_number_is_the_same_each_time():
    first, again, other = (attempt("textlocal", [VALID], seed, 4711) for seed in (1, 1, 2))
    assert first == again
    assert first.request.encoded != other.request.encoded


def test_responses_are_split_by_their_lengths():
    received = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n!"
    responses, rest = parse_responses(received, has_body=True)
    assert [(response.status, response.body) for response in responses] == [(200, b"ok"), (400, b"")]
    assert rest == b"!"
