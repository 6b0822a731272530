"""Every accepted way to call is one call."""

from urllib.parse import parse_qsl

import pytest

from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.services.textlocal import SIMULATOR

FORM = "application/x-www-form-urlencoded"


def post(
    body: bytes, query: tuple[tuple[str, str], ...] = (), content_type: str = FORM, path: str = "/send/"
) -> Request:
    """One POST, normalised."""
    headers = {"content-type": content_type}
    return SIMULATOR.normalise(Request(method="POST", path=path, query=query, headers=headers, body=body))


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"apikey=k&message=Hi+you", ()),
        (b"apiKey=k&message=Hi%20you", ()),
        (b"message=Hi+you", (("apiKey", "k"),)),
        (b"", (("apikey", "k"), ("message", "Hi you"))),
        (b"apikey=k&message=Hi+you&username=&hash=", (("message", "Ho"),)),
        (b"apikey=x&message=x&apikey=k&message=Hi+you", ()),
    ],
)
def test_key_in_the_query_and_all_else_in_the_form(body, query):
    """Wherever and however often it was given; empty values count as none."""
    request = post(body, query)
    assert (request.path, request.query) == ("/send", (("apikey", "k"),))
    assert parse_qsl(request.body.decode()) == [("message", "Hi you")]
    assert SIMULATOR.extract_credential(request) == "k"
    assert SIMULATOR.normalise(request) == request


def test_the_format_of_the_reply_travels_in_the_query():
    """So that even a refusal can have it."""
    assert post(b"apikey=k&format=xml").query == (("apikey", "k"), ("format", "xml"))


def test_a_get_keeps_its_query():
    """The key is spelled as in the contract, and empty values go."""
    query = (("apiKey", "k"), ("sender", ""), ("numbers", "1"))
    request = SIMULATOR.normalise(Request(method="GET", path="/send", query=query))
    assert request.query == (("apikey", "k"), ("numbers", "1"))


def test_the_vendors_own_class_is_understood():
    """It posts multipart forms in which text is percent-encoded once more."""
    parts = {"apiKey": "k", "username": "", "message": "50%25%20off", "numbers": "447700900123,447700900456"}
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts.items())
    request = post((body + "--b--\r\n").encode(), content_type="multipart/form-data; boundary=b")
    assert request.query == (("apikey", "k"),)
    assert request.headers["content-type"] == FORM
    assert dict(parse_qsl(request.body.decode())) == {"message": "50% off", "numbers": "447700900123,447700900456"}


def test_a_body_that_is_no_form_is_left_alone():
    """Whoever reads it next says what is wrong with it."""
    request = post(b'{"message":"Hi"}', (("apikey", "k"),), "application/json")
    assert request.body == b'{"message":"Hi"}'
    assert request.headers["content-type"] == "application/json"


def test_bytes_that_are_no_utf8_are_passed_on():
    """They are refused where they are decoded."""
    assert post(b"apikey=k&message=\xff").body == b"message=\xff"


def test_a_request_without_a_key_shows_none():
    """Whoever calls is then unknown."""
    assert SIMULATOR.extract_credential(post(b"message=Hi")) is None


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("unauthorized", 200, 3),
        ("forbidden", 200, 3),
        ("not_found", 200, 2),
        ("method_not_allowed", 405, 2),
        ("bad_request", 200, 0),
        ("unsupported_media_type", 200, 5),
        ("too_large", 413, 0),
        ("rate_limited", 429, 0),
        ("internal", 500, 0),
    ],
)
def test_every_problem_has_the_services_own_form(kind, status, code):
    """What a caller got wrong is HTTP 200; only when the service itself fails is it not."""
    response = SIMULATOR.error(Problem(kind=kind, status=400, detail="why", operation="send_get"))
    assert response.status == status
    assert response.body.startswith(b'{"errors":[{"code":%d,' % code)
    assert response.body.endswith(b'"status":"failure"}')


def test_a_refusal_can_be_xml():
    """In the wrapping that the documents show."""
    violation = Violation(where="body.sender", rule="pattern", message="")
    problem = Problem(
        kind="bad_request", status=400, detail="", operation="send", violations=(violation,), params={"format": "xml"}
    )
    response = SIMULATOR.error(problem)
    assert response.content_type == "application/xml"
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<response><errors><error><code>43</code>'
        "<message>Invalid sender name</message></error></errors><status>failure</status></response>"
    )


def test_a_success_can_be_xml(account):
    """Lists are wrapped, characters escaped, and what XML cannot hold is replaced."""
    request = Request(
        method="GET",
        path="/send/",
        query=(("apikey", "k"), ("numbers", "447700900123"), ("message", "<&>\x07"), ("test", "1"), ("format", "xml")),
    )
    effects = account._outcome(SIMULATOR.normalise(request))
    text = effects.response.body.decode()
    assert "<content>&lt;&amp;&gt;\ufffd</content>" in text
    assert "<recipient>447700900123</recipient></message></messages><test_mode>true</test_mode>" in text


def test_a_bare_address_names_no_command(account):
    """A failure with exactly two keys."""
    said = account.ask(Request(method="GET", path="/", query=(("apikey", "k"),)))
    assert said == {"errors": [{"code": 1, "message": "No command specified"}], "status": "failure"}


def test_get_and_post_lead_to_the_same(account, same_account):
    """Also to the same ids."""
    query = (("apikey", "k"), ("numbers", "447700900123"), ("message", "Hi"))
    got = account.ask(Request(method="GET", path="/send", query=query))
    assert got == same_account.call("send", numbers="447700900123", message="Hi")


def test_the_balance_is_what_is_left(account):
    """Text credits, and none for pictures."""
    account.call("send", numbers="447700900123", message="Hi")
    assert account.call("balance") == {"balance": {"sms": 99_999_999, "mms": 0}, "status": "success"}
