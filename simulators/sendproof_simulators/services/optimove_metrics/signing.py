"""The sender of a request and its authenticity: the tenant's host, and a signature over the body.

documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics (host, headers, HMAC-SHA256
with the tenant's token, in hexadecimal). Assumed: a wrong signature is 401.
"""

import hmac
import re
from dataclasses import replace

from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.services.optimove_metrics.javascript_json import minified

VERSION_HEADER = "x-optimove-signature-version"
SIGNATURE_HEADER = "x-optimove-signature-content"
VERSION = "1"
_HOST_IN_PATH = re.compile(r"/((?:metric|server)-([0-9A-Za-z]+))(?=/|$)")
_HOST_NAME = re.compile(r"(?:metric|server)-([0-9A-Za-z]+)\.")


def strip_host_prefix(request: Request) -> Request:
    """Remove `/metric-1001` from the start of the path, as if the request had been sent to metric-1001.optimove.net.

    A request contains a signature but no key, so only the host identifies the tenant. Not every HTTP client can resolve
    such a name for a loopback address. So the base URL of a sandbox ends in the name of the host. A client that sends
    the real host name in its Host header is identified as well.
    """
    prefix = _HOST_IN_PATH.match(request.path)
    if prefix is None:
        return request
    headers = {**request.headers, "host": f"{prefix[1]}.optimove.net"}
    return replace(request, path=request.path[prefix.end() :] or "/", headers=headers)


def called_tenant(request: Request) -> str | None:
    """Return the id of the tenant of the called host, or None."""
    host = _HOST_NAME.match(request.headers.get("host", "").lower())
    return None if host is None else host[1]


def check_signature(token: str, request: Request, *, is_minified: bool) -> Problem | None:
    """Return the problem if the signature is not the tenant's. `is_minified`: the minified body is signed."""
    version = request.headers.get(VERSION_HEADER)
    if version != VERSION:
        return _unauthorized(f"expected header {VERSION_HEADER}: {VERSION}, got {version!r}")
    body = _minified(request.body) if is_minified else request.body
    if not hmac.compare_digest(sign(body, token).encode(), request.headers.get(SIGNATURE_HEADER, "").lower().encode()):
        return _unauthorized(
            f"expected header {SIGNATURE_HEADER}: the HMAC-SHA256 of the body with the tenant token, in hex"
        )
    return None


def sign(body: bytes, token: str) -> str:
    """Return the signature of a body."""
    return hmac.new(token.encode(), body, "sha256").hexdigest()


def _minified(body: bytes) -> bytes:
    """Return the body in the form of JavaScript's JSON.stringify; a body that is not JSON does not change."""
    try:
        return minified(body.decode()).encode()
    except (ValueError, RecursionError):
        return body


def _unauthorized(detail: str) -> Problem:
    return Problem(kind="unauthorized", status=401, detail=detail)
