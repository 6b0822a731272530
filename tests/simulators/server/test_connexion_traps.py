"""Each of the eleven workarounds for Connexion that `connexion_app.py` lists."""

import asyncio
import threading
from pathlib import Path

import connexion
import pytest
import yaml

import toy_contract as toy
from sendproof_simulators.core.contracts import ValidRequest, load_contract
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.server.connexion_app import ConnexionApp


def test_openapi_3_1_is_refused_with_the_expected_version() -> None:
    with pytest.raises(
        ValueError, match=r"toy: expected a contract in OpenAPI 3\.0\.x, got '3\.1\.0'; write it in 3\.0\.3"
    ):
        ConnexionApp(toy.contract(openapi="3.1.0"))


def test_operation_with_several_response_types_is_valid() -> None:
    """With a dict as the response of such an operation, Connexion responds with 500."""
    assert isinstance(toy.validate(toy.post(b'{"text":"hello"}'))[0], ValidRequest)


def test_valid_request_has_parameters_and_body() -> None:
    """Connexion hangs when the body is read a second time."""
    request = toy.post(b'{"text":"hello"}')
    valid, exchange = toy.validate(request)
    assert (valid.operation.id, valid.params, valid.body) == ("addNote", {}, {"text": "hello"})
    assert exchange.request.body == b'{"text":"hello"}'


def test_body_without_a_content_type_is_read_and_a_violation() -> None:
    request = Request(method="POST", path="/notes", body=b'{"text":"hello"}')
    operation = toy.validate(request)[0].operation

    assert [(v.where, v.rule) for v in operation.missing_content_type(request)] == [("header.Content-Type", "required")]
    assert operation.missing_content_type(toy.post(b'{"text":"hello"}')) == []


def test_chunked_body_is_valid() -> None:
    request = toy.post(b'{"text":"hello"}', **{"transfer-encoding": "chunked"})
    assert isinstance(toy.validate(request)[0], ValidRequest)


def test_body_that_is_not_utf8_is_a_bad_request() -> None:
    response, exchange = toy.validate(toy.post(b'{"text":"\xff"}'))
    assert response.status == 400
    (violation,) = exchange.problem.violations
    assert (violation.rule, violation.message) == ("syntax", "the body is not UTF-8: byte 0xff")


# Deeper than the recursion limit, which Hypothesis may have raised.
@pytest.mark.parametrize("body", [b"[" * 50_000, b'{"text":' * 50_000])
def test_body_that_is_nested_too_deeply_is_a_bad_request(body: bytes) -> None:
    _, exchange = toy.validate(toy.post(body))
    assert [(v.rule, v.message) for v in exchange.problem.violations] == [("syntax", "the body is nested too deeply")]


def test_header_that_is_not_ascii_is_no_failure() -> None:
    response, _ = toy.validate(Request(method="POST", path="/notes", headers={"content-type": "\xff"}, body=b"{}"))
    assert response.status == 415


def test_formats_are_checked() -> None:
    response, exchange = toy.validate(toy.post(b'{"text":"hello","at":"yesterday"}'))
    assert response.status == 400
    assert [(v.where, v.rule) for v in exchange.problem.violations] == [("body.at", "format")]


def test_jinja2_placeholders_in_a_contract_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(toy.TOY))
    assert load_contract(path).document["info"]["description"] == "Dear {{ first_name }}"


def test_null_is_valid_for_a_nullable_reference() -> None:
    assert isinstance(toy.validate(toy.post(b'{"text":"hello","author":null}'))[0], ValidRequest)


def test_refused_method_has_all_allowed_methods() -> None:
    """Connexion's `Allow` header names the first method only."""
    _, exchange = toy.validate(Request(method="DELETE", path="/notes"))
    assert (exchange.problem.status, exchange.problem.allow) == (405, ("GET", "POST"))


def test_connexion_runs_on_the_event_loops_thread() -> None:
    """FlaskApp would use a pool of ten threads."""
    threads: list[threading.Thread] = []

    class Watching(toy.ToyExchange):
        def refuse(self, *problem: object) -> Response:
            threads.append(threading.current_thread())
            return super().refuse(*problem)

    app = ConnexionApp(toy.contract())
    asyncio.run(app.validate(Watching(Request(method="DELETE", path="/notes"))))
    assert isinstance(app._app, connexion.AsyncApp)
    assert threads == [threading.main_thread()]


def test_path_values_have_the_type_of_the_contract() -> None:
    assert toy.validate(Request(method="GET", path="/notes/7"))[0].params == {"note": 7}


def test_missing_credential_is_only_refused_by_secured_operations() -> None:
    assert toy.validate(toy.post(b'{"text":"hello"}'), authenticated=False)[0].status == 401
    assert isinstance(toy.validate(Request(method="GET", path="/notes"), authenticated=False)[0], ValidRequest)


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
def test_refusal_has_its_problem_kind(request_: Request, status: int, kind: str) -> None:
    response, exchange = toy.validate(request_)
    assert (response.status, exchange.problem.kind) == (status, kind)


def test_deeply_nested_body_is_a_bad_request() -> None:
    """The validator cannot quote it; the mistake is the client's, not the simulator's."""
    response, exchange = toy.validate(toy.post(b"[" * 900 + b"]" * 900))
    assert response.status == 400
    assert [(v.where, v.rule) for v in exchange.problem.violations] == [("body", "syntax")]
