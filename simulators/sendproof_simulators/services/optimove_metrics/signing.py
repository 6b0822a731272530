"""Whose request it is, and whether it is theirs: the tenant's host, and a signature over the body.

documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics (host, headers, HMAC-SHA256
with the tenant's token, in hexadecimal). That a wrong signature is 401 is assumed.
"""

import hmac
import json
import re
from dataclasses import replace

from sendproof_simulators.core.http import Problem, Request

VERSION_HEADER = "x-optimove-signature-version"
SIGNATURE_HEADER = "x-optimove-signature-content"
VERSION = "1"
_PATH_HOST = re.compile(r"/((?:metric|server)-([0-9A-Za-z]+))(?=/|$)")
_HOST = re.compile(r"(?:metric|server)-([0-9A-Za-z]+)\.")


def at_host(request: Request) -> Request:
    """Take `/metric-1001` off the start of the path, as if the request had been sent to metric-1001.optimove.net.

    A request shows a signature and no key, so the tenant can only be told from the host. Loopback addresses have no
    such names that every HTTP client resolves: so the base address that a sandbox hands out ends in the name of the
    host. A client that sends the real host name in its Host header is found as well.
    """
    found = _PATH_HOST.match(request.path)
    if found is None:
        return request
    headers = {**request.headers, "host": f"{found[1]}.optimove.net"}
    return replace(request, path=request.path[found.end() :] or "/", headers=headers)


def tenant_of(request: Request) -> str | None:
    """The tenant whose host is called."""
    found = _HOST.match(request.headers.get("host", "").lower())
    return None if found is None else found[1]


def check(token: str, request: Request, *, minified: bool) -> Problem | None:
    """Why a request is not the tenant's, if so."""
    if request.headers.get(VERSION_HEADER) != VERSION:
        return _refused(f"expected header {VERSION_HEADER}: {VERSION}, got {request.headers.get(VERSION_HEADER)!r}")
    body = _minified(request.body) if minified else request.body
    if not hmac.compare_digest(sign(body, token).encode(), request.headers.get(SIGNATURE_HEADER, "").lower().encode()):
        return _refused(
            f"expected header {SIGNATURE_HEADER}: the HMAC-SHA256 of the body with the tenant token, in hex"
        )
    return None


def sign(body: bytes, token: str) -> str:
    """The signature of a body."""
    return hmac.new(token.encode(), body, "sha256").hexdigest()


def _minified(body: bytes) -> bytes:
    """The body as JavaScript's JSON.stringify would write it again."""
    try:
        return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return body


def _refused(detail: str) -> Problem:
    return Problem(kind="unauthorized", status=401, detail=detail)
