"""Request bodies with a content encoding: gzip and deflate are decoded, others are refused by name.

RFC 9110, sections 8.4.1 and 15.5.16. assumed: that the services decode, since many HTTP clients can compress. The
decoded body is bounded, so a small body that expands to gigabytes costs no more than the largest allowed one.
"""

import zlib
from dataclasses import replace

from sendproof_simulators.core.http import CONTENT_ENCODING, Problem, Request, Violation

_HEADER = "content-encoding"
_GZIP, _DEFLATE = ("gzip", "x-gzip"), ("deflate",)
_GZIP_WRAPPER, _ZLIB_WRAPPER, _NO_WRAPPER = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
# A body that is encoded more often is no ordinary request, nor is one in more gzip members.
MAX_ENCODINGS = 2
MAX_MEMBERS = 100


class _InvalidBodyError(Exception):
    """A body that is not of its encoding."""


class _TooLargeError(Exception):
    """A body that is larger than the limit when it is decoded."""


def decode_body(request: Request, limit: int) -> Request | Problem:
    """Return the request with its body decoded to at most `limit` bytes, or the reason to refuse it."""
    header = request.headers.get(_HEADER)
    if header is None or not request.body:
        return request
    encodings = [name for name in (part.strip().lower() for part in header.split(",")) if name not in {"", "identity"}]
    unknown = next((name for name in encodings if name not in (*_GZIP, *_DEFLATE)), None)
    if unknown is not None or len(encodings) > MAX_ENCODINGS:
        return _unsupported(unknown or header)
    body = request.body
    try:
        for name in reversed(encodings):
            body = _decoded(body, name, limit)
    except _TooLargeError:
        return Problem(kind="too_large", status=413, detail=f"the decoded body is larger than {limit} bytes")
    except _InvalidBodyError as error:
        return _invalid(header, str(error))
    headers = {name: value for name, value in request.headers.items() if name != _HEADER}
    return replace(request, headers=headers, body=body)


def _decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its gzip or zlib wrapper; clients also send deflate without one."""
    if encoding in _GZIP:
        return _inflated(body, limit, _GZIP_WRAPPER)
    try:
        return _inflated(body, limit, _ZLIB_WRAPPER)
    except _InvalidBodyError:
        return _inflated(body, limit, _NO_WRAPPER)


def _inflated(body: bytes, limit: int, wrapper: int) -> bytes:
    blocks: list[bytes] = []
    size = 0
    # Several gzip members make one body, and zeros may pad it.
    while body := body.lstrip(b"\0") if blocks else body:
        if len(blocks) == MAX_MEMBERS:
            raise _InvalidBodyError(f"it has more than {MAX_MEMBERS} members")
        stream = zlib.decompressobj(wrapper)
        try:
            blocks.append(stream.decompress(body, limit + 1 - size))
        except zlib.error as error:
            raise _InvalidBodyError(str(error)) from error
        size += len(blocks[-1])
        if size > limit:
            raise _TooLargeError
        if not stream.eof:
            raise _InvalidBodyError("it ends too early")
        body = stream.unused_data
    return b"".join(blocks)


def _unsupported(encoding: str) -> Problem:
    violation = Violation(
        where=CONTENT_ENCODING,
        rule="enum",
        message=f"the body is {encoding}, expected gzip, deflate or no encoding",
        expected="gzip or deflate",
        value=encoding,
    )
    return Problem(
        kind="unsupported_media_type",
        status=415,
        detail=f"Content-Encoding: {violation.message}",
        violations=(violation,),
    )


def _invalid(encoding: str, reason: str) -> Problem:
    message = f"the body is not {encoding}: {reason}"
    violation = Violation(where="body", rule="syntax", message=message)
    return Problem(kind="bad_request", status=400, detail=message, violations=(violation,))
