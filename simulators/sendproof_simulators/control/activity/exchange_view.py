"""A kept exchange as JSON, without secrets: a person may show it to others."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus, unquote_plus

from sendproof_simulators.core.contracts import FORM
from sendproof_simulators.core.recording.exchanges import BODY_BYTES_MAX, MARGIN_BYTES, KeptExchange
from sendproof_simulators.core.recording.redaction import Redaction, redact_long_text, secret_name

# Names of headers, fields and members with a value that opens something.
_SECRET_NAME = re.compile(r"auth|api.?key|apptoken|token|secret|passw|hash|signature|cookie|-key$", re.IGNORECASE)
_NAME_OF_A_SECRET = re.compile(r"secret-[0-9a-f]{8}")
_JSON_MEMBER = re.compile(r'"([^"\\]*)"(\s*:\s*)"((?:[^"\\]|\\.)*)"')

#: The members of `exchange_json` for an exchange that is not kept any more.
NOT_KEPT: Mapping[str, object] = {
    "kept": False,
    "query": [],
    "request_headers": {},
    "request_body": None,
    "request_bytes": None,
    "response_headers": {},
    "response_body": None,
    "response_bytes": None,
    "truncated": False,
}


def exchange_json(exchange: KeptExchange | None, redaction: Redaction) -> dict[str, object]:
    """Return query, headers and bodies; bodies have at most `BODY_BYTES_MAX` bytes of text."""
    if exchange is None:
        return dict(NOT_KEPT)
    request, response = exchange.request, exchange.response
    sizes = exchange.request_bytes, exchange.response_bytes
    return {
        "kept": True,
        "query": [[name, _value(name, value, redaction)] for name, value in request.query],
        "request_headers": _headers(request.headers.items(), redaction),
        "request_body": _body(request.body, sizes[0], request.headers, redaction),
        "request_bytes": exchange.request_bytes,
        "response_headers": _headers((("content-type", response.content_type), *response.headers), redaction),
        "response_body": _body(response.body, sizes[1], {}, redaction),
        "response_bytes": exchange.response_bytes,
        "truncated": any(size > BODY_BYTES_MAX for size in sizes),
    }


def _headers(headers: Iterable[tuple[str, str]], redaction: Redaction) -> dict[str, str]:
    return {name.lower(): _value(name, value, redaction) for name, value in headers if value}


def _value(name: str, value: str, redaction: Redaction) -> str:
    return secret_name(value) if value and _SECRET_NAME.search(name) else redaction.redact(redact_long_text(value))


def _body(kept: bytes, size: int, headers: Mapping[str, str], redaction: Redaction) -> str:
    text = redaction.redact_line(kept).decode("utf-8", "replace")
    if headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        text = "&".join(_form_field(*pair.partition("=")) for pair in text.split("&"))
    else:
        text = redact_long_text(_JSON_MEMBER.sub(_json_member, text))
    # The end of a cut body may have a part of a secret, and secrets have become shorter.
    return text[: min(BODY_BYTES_MAX, len(text) - MARGIN_BYTES)] if size > BODY_BYTES_MAX else text


def _hidden(value: str) -> str:
    """Return the name of a secret; known ones have theirs already."""
    return value if _NAME_OF_A_SECRET.fullmatch(value) else secret_name(value)


def _form_field(name: str, equals: str, value: str) -> str:
    if value and _SECRET_NAME.search(name):
        return f"{name}{equals}{_hidden(unquote_plus(value))}"
    if "%3a%2f%2f" in value.lower():
        return f"{name}{equals}{quote_plus(redact_long_text(unquote_plus(value)))}"
    return f"{name}{equals}{value}"


def _json_member(member: re.Match[str]) -> str:
    name, colon, value = member.groups()
    return f'"{name}"{colon}"{_hidden(value)}"' if value and _SECRET_NAME.search(name) else member[0]
