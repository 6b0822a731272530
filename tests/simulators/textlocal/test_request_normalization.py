"""Normalization of requests, and the form of responses."""

from urllib.parse import parse_qsl

import pytest

from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.services.textlocal import SIMULATOR

FORM = "application/x-www-form-urlencoded"


def normalized_post(
    body: bytes, query: tuple[tuple[str, str], ...] = (), content_type: str = FORM, path: str = "/send/"
) -> Request:
    """Return one POST request, normalized."""
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
def test_normalized_post_has_key_in_query_and_other_fields_in_form(body, query):
    """Empty values count as absent, and a second normalization changes nothing."""
    request = normalized_post(body, query)
    assert (request.path, request.query) == ("/send", (("apikey", "k"),))
    assert parse_qsl(request.body.decode()) == [("message", "Hi you")]
    assert SIMULATOR.extract_credential(request) == "k"
    assert SIMULATOR.normalise(request) == request


def test_response_format_is_moved_to_query():
    """There even the response to an invalid form can read it."""
    assert normalized_post(b"apikey=k&format=xml").query == (("apikey", "k"), ("format", "xml"))


def test_normalized_get_keeps_its_query():
    query = (("apiKey", "k"), ("sender", ""), ("numbers", "1"))
    request = SIMULATOR.normalise(Request(method="GET", path="/send", query=query))
    assert request.query == (("apikey", "k"), ("numbers", "1"))


def test_multipart_form_becomes_urlencoded_form():
    """The text is still percent-encoded, as the vendor's class sends it."""
    parts = {"apiKey": "k", "username": "", "message": "50%25%20off", "numbers": "447700900123,447700900456"}
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts.items())
    request = normalized_post((body + "--b--\r\n").encode(), content_type="multipart/form-data; boundary=b")
    assert request.query == (("apikey", "k"),)
    assert request.headers["content-type"] == FORM
    assert dict(parse_qsl(request.body.decode())) == {"message": "50%25%20off", "numbers": "447700900123,447700900456"}


def test_body_that_is_no_form_stays_unchanged():
    """The contract's check then names the error."""
    request = normalized_post(b'{"message":"Hi"}', (("apikey", "k"),), "application/json")
    assert request.body == b'{"message":"Hi"}'
    assert request.headers["content-type"] == "application/json"


def test_invalid_utf8_stays_unchanged():
    """The later decoding refuses it."""
    assert normalized_post(b"apikey=k&message=\xff").body == b"message=\xff"


def test_request_without_key_has_no_credential():
    assert SIMULATOR.extract_credential(normalized_post(b"message=Hi")) is None


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
def test_problem_response_has_textlocals_form(kind, status, code):
    """Errors of the caller have HTTP status 200; only failures of the service itself have another one."""
    response = SIMULATOR.error(Problem(kind=kind, status=400, detail="why", operation="send_get"))
    assert response.status == status
    assert response.body.startswith(b'{"errors":[{"code":%d,' % code)
    assert response.body.endswith(b'"status":"failure"}')


def test_error_response_can_be_xml():
    """The elements are those in the documents."""
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


def test_success_response_can_be_xml(account):
    """Lists are wrapped, characters are escaped, and characters that XML cannot represent are replaced."""
    request = Request(
        method="GET",
        path="/send/",
        query=(("apikey", "k"), ("numbers", "447700900123"), ("message", "<&>\x07"), ("test", "1"), ("format", "xml")),
    )
    effects = account.effects_of(request)
    text = effects.response.body.decode()
    assert "<content>&lt;&amp;&gt;\ufffd</content>" in text
    assert "<recipient>447700900123</recipient></message></messages><test_mode>true</test_mode>" in text


def test_base_url_names_no_command(account):
    result = account.request(Request(method="GET", path="/", query=(("apikey", "k"),)))
    assert result == {"errors": [{"code": 1, "message": "No command specified"}], "status": "failure"}


def test_get_and_post_have_equal_responses(account, same_account):
    """Even the ids are equal."""
    query = (("apikey", "k"), ("numbers", "447700900123"), ("message", "Hi"))
    got = account.request(Request(method="GET", path="/send", query=query))
    assert got == same_account.call("send", numbers="447700900123", message="Hi")


def test_balance_is_remaining_text_credits(account):
    account.call("send", numbers="447700900123", message="Hi")
    assert account.call("balance") == {"balance": {"sms": 99_999_999, "mms": 0}, "status": "success"}
