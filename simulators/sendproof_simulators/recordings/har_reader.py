"""HAR files as browsers, proxies and `sendproof proxy` write them (HAR 1.2), as recorded calls.

source: http://www.softwareishard.com/blog/har-12-spec/
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import msgspec

from sendproof_simulators.bounded_file import FileTooLargeError, read_bounded
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.recorded_call import RecordedCall

MOST_BYTES = 256 * 1024 * 1024
_SHOWN = 200
#: The members that `sendproof proxy` adds to an entry.
SERVICE_MEMBER, ROLE_MEMBER, ENCODING_MEMBER, CUT_MEMBER = "_service", "_role", "_encoding", "_cut"
#: Headers of a connection and of the encoding of a body, which a recording has decoded.
_TRANSPORT = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})


def read_har(path: Path) -> list[RecordedCall]:
    """Return the calls of a HAR file in their order; `ValueError` names its mistake."""
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except FileTooLargeError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        document = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
        entries = document["log"]["entries"]
        return [*_calls(path, entries)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected a HAR file, which is JSON: {error}") from None
    except (KeyError, TypeError):
        raise ValueError(f"{path}: expected a HAR file with log.entries") from None


def _calls(path: Path, entries: Any) -> Iterator[RecordedCall]:
    for number, entry in enumerate(entries, 1):
        try:
            yield _call(number, entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
            reason = f"expected an entry of HAR 1.2, got another one: {reason}"
            raise ValueError(f"{path}: entry {number}: {reason}") from None


def _call(number: int, entry: Mapping[str, Any]) -> RecordedCall:
    sent, answered = entry["request"], entry.get("response") or {}
    parts = _url_parts(str(sent["url"]))
    headers = _headers(sent)
    body, is_known = _request_body(sent, headers)
    # Browsers write status 0 for a call without a response.
    status = int(answered.get("status") or 0)
    response, response_known = (None, True) if status <= 0 else _response(status, answered)
    return RecordedCall(
        number=number,
        at=str(entry.get("startedDateTime", "")),
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        request=Request(
            method=str(sent["method"]).upper(),
            path=unquote(parts.path) or "/",
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name: value for name, value in headers.items() if name not in _TRANSPORT},
            body=body,
        ),
        response=response,
        request_body_known=is_known,
        response_body_known=response_known,
        service=str(entry.get(SERVICE_MEMBER, "")),
        role=str(entry.get(ROLE_MEMBER, "")),
    )


def _url_parts(url: str) -> SplitResult:
    """Return the parts of a URL without a login; `ValueError` if its host is none."""
    try:
        parts = urlsplit(url)
        # Without the login, the rest must still be a host.
        return urlsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    except ValueError as error:
        raise ValueError(f"request.url: expected a URL with a valid host, got {url[:_SHOWN]!r}: {error}") from None


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name, without those that HTTP/2 adds."""
    pairs = [(str(header["name"]).lower(), str(header["value"])) for header in message.get("headers", ())]
    return {name: value for name, value in pairs if not name.startswith(":")}


def _request_body(sent: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the body of a request, and False if there was one that the recording does not have."""
    posted = sent.get("postData") or {}
    if posted.get(CUT_MEMBER):
        return b"", False
    if posted.get("text"):
        return _bytes(posted["text"], posted.get(ENCODING_MEMBER, "")), True
    if posted.get("params"):
        pairs = [(str(param["name"]), str(param.get("value", ""))) for param in posted["params"]]
        return urlencode(pairs).encode(), True
    size = sent.get("bodySize") or 0
    length = headers.get("content-length", "")
    return b"", size <= 0 and length in {"", "0"} if not posted else True


def _response(status: int, answered: Mapping[str, Any]) -> tuple[Response, bool]:
    content = answered.get("content") or {}
    headers = _headers(answered)
    kind = str(headers.get("content-type") or content.get("mimeType") or "")
    text = content.get("text") or ""
    is_known = not content.get(CUT_MEMBER) and bool(text or not (content.get("size") or 0) > 0)
    response = Response(
        status=status,
        body=_bytes(text, content.get("encoding") or "") if is_known else b"",
        content_type=kind,
        headers=tuple((name, value) for name, value in headers.items() if name not in _TRANSPORT),
    )
    return response, is_known


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        raise ValueError("expected a body in Base64") from None
