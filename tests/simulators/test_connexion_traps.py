"""Each of Connexion's ten traps, and that it does not snap."""

import asyncio
import json
import threading
from pathlib import Path

import connexion
import pytest
import yaml

import toy_contract as toy
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.connexion_app import ConnexionApp


def test_1_another_openapi_version_is_refused_with_what_to_do() -> None:
    """A contract in 3.1 fails at the start, and the message names the version to write."""
    with pytest.raises(
        ValueError, match=r"toy: expected a contract in OpenAPI 3\.0\.x, got '3\.1\.0'; write it in 3\.0\.3"
    ):
        ConnexionApp(toy.contract(openapi="3.1.0"))


def test_2_several_documented_response_types_are_no_failure() -> None:
    """A JSON answer beside a documented problem+json arrives as it was given."""
    response, _ = toy.ask(toy.post(b'{"text":"hello"}'))
    assert (response.status, response.content_type) == (201, "application/json")


def test_3_the_handler_has_the_body_without_reading_it_again() -> None:
    """Body and parameters arrive together, and nothing hangs."""
    request = toy.post(b'{"text":"hello"}')
    response, exchange = toy.ask(request)
    assert json.loads(response.body)["body"] == {"text": "hello"}
    assert exchange.request.body == b'{"text":"hello"}'


def test_4_a_chunked_body_is_a_body() -> None:
    """A request that came without a length is served like any other."""
    request = toy.post(b'{"text":"hello"}', **{"transfer-encoding": "chunked"})
    assert toy.ask(request)[0].status == 201


def test_5_a_body_that_is_not_utf8_is_a_bad_request() -> None:
    """Bytes that are no text are refused, and the reason says so."""
    response, exchange = toy.ask(toy.post(b'{"text":"\xff"}'))
    assert response.status == 400
    assert exchange.problem.violations[0].rule == "syntax"


def test_6_formats_are_checked() -> None:
    """A date-time that is none is refused, and named."""
    response, exchange = toy.ask(toy.post(b'{"text":"hello","at":"yesterday"}'))
    assert response.status == 400
    assert [(v.where, v.rule) for v in exchange.problem.violations] == [("body.at", "format")]


def test_7_placeholders_in_a_contract_file_survive(tmp_path: Path) -> None:
    """Nothing in a contract is taken for a Jinja2 template."""
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(toy.TOY))
    assert load_contract(path).document["info"]["description"] == "Dear {{ first_name }}"


def test_8_nullable_behind_a_reference_admits_null() -> None:
    """`null` is accepted where the referred schema is nullable."""
    assert toy.ask(toy.post(b'{"text":"hello","author":null}'))[0].status == 201


def test_9_a_refused_method_is_told_all_that_are_allowed() -> None:
    """The problem lists every method of the path, not the first one only."""
    _, exchange = toy.ask(Request(method="DELETE", path="/notes"))
    assert (exchange.problem.status, exchange.problem.allow) == (405, ("GET", "POST"))


def test_10_the_application_is_asynchronous() -> None:
    """Handlers run on the event loop's own thread: no pool of ten limits them."""
    threads: list[threading.Thread] = []

    class Watching(toy.ToyExchange):
        async def serve(self, *call: object) -> object:
            threads.append(threading.current_thread())
            return await super().serve(*call)

    authority = ConnexionApp(toy.contract())
    asyncio.run(authority.answer(Watching(toy.post(b'{"text":"hello"}'))))
    assert isinstance(authority._app, connexion.AsyncApp)
    assert threads == [threading.main_thread()]


def test_values_in_the_path_arrive_typed() -> None:
    """A number in the path reaches the handler as a number."""
    response, _ = toy.ask(Request(method="GET", path="/notes/7"))
    assert json.loads(response.body)["params"] == {"note": 7}


def test_a_missing_credential_is_refused_only_where_one_is_asked_for() -> None:
    """The open operation answers everybody; the secured one does not."""
    assert toy.ask(toy.post(b'{"text":"hello"}'), known=False)[0].status == 401
    assert toy.ask(Request(method="GET", path="/notes"), known=False)[0].status == 201


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        (Request(method="GET", path="/nowhere"), 404, "not_found"),
        (Request(method="GET", path="/notes/seven"), 404, "not_found"),
        (
            Request(method="POST", path="/notes", headers={"content-type": "text/plain"}, body=b"x"),
            415,
            "unsupported_media_type",
        ),
        (Request(method="POST", path="/notes", headers={"content-type": "application/json"}), 400, "bad_request"),
    ],
)
def test_every_refusal_names_its_kind(request_: Request, status: int, kind: str) -> None:
    """What Connexion refuses reaches the service as one of a few kinds of problem."""
    response, exchange = toy.ask(request_)
    assert (response.status, exchange.problem.kind) == (status, kind)


def test_a_body_too_deep_to_be_quoted_is_a_bad_request() -> None:
    """The validator cannot quote it; that is the client's mistake, not ours."""
    response, exchange = toy.ask(toy.post(b"[" * 900 + b"]" * 900))
    assert response.status == 400
    assert [(v.where, v.rule) for v in exchange.problem.violations] == [("body", "syntax")]


def test_a_failing_handler_is_an_internal_problem() -> None:
    """A bug in a handler is answered as 500 with its reason."""

    class Failing(toy.ToyExchange):
        async def serve(self, *call: object) -> object:
            raise LookupError("no such drawer")

    exchange = Failing(Request(method="GET", path="/notes"))
    response = asyncio.run(ConnexionApp(toy.contract()).answer(exchange))
    assert (response.status, exchange.problem.kind) == (500, "internal")
    assert exchange.problem.detail == "the simulator failed: LookupError: no such drawer"
