"""The sender of a request and its authenticity: the tenant's host, and a signature over the body.

documented: https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics (host, headers, HMAC-SHA256
with the tenant's token, in hexadecimal). Assumed: a wrong signature is 401.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.services.optimove_metrics.javascript_json import minified

VERSION_HEADER = "x-optimove-signature-version"
SIGNATURE_HEADER = "x-optimove-signature-content"
VERSION = "1"
# Bodies of which other forms are looked at, to explain a wrong signature: an event has a few hundred bytes. A form with
# indentation can need a hundred times the memory.
_COMPARED_BYTES = 65_536
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
        detail = f"expected header {VERSION_HEADER}: {VERSION}, got {version!r}"
        return _unauthorized(detail, f"{VERSION_HEADER} is {version or 'missing'}, and the only version is {VERSION}")
    body = _minified(request.body) if is_minified else request.body
    presented = request.headers.get(SIGNATURE_HEADER, "")
    if not hmac.compare_digest(sign(body, token).encode(), presented.lower().encode()):
        detail = f"expected header {SIGNATURE_HEADER}: the HMAC-SHA256 of the body with the tenant token, in hex"
        return _unauthorized(detail, _difference(token, body, presented))
    return None


def _difference(token: str, body: bytes, presented: str) -> str:
    """Return what differs from the right signature; "" if nothing usual explains it, such as another token."""
    if not presented:
        return f"no header {SIGNATURE_HEADER}"
    digest, sha1 = hmac.digest(token.encode(), body, "sha256"), hmac.digest(token.encode(), body, "sha1")
    others = {
        base64.b64encode(digest).decode(): "the signature is in base64, and hexadecimal is documented",
        sha1.hex(): "the signature is an HMAC-SHA1, and SHA-256 is documented",
        hashlib.sha256(token.encode() + body).hexdigest(): "the signature is no HMAC, but a digest of token and body",
        hashlib.sha256(body).hexdigest(): "the signature is a digest of the body without the token",
    }
    others |= dict.fromkeys((sign(form, token) for form in _other_forms(body)), "other bytes were signed than sent")
    return others.get(presented, others.get(presented.lower(), ""))


def _other_forms(body: bytes) -> Iterator[bytes]:
    """Yield the forms in which a client may serialize the same JSON once more; none of a long body."""
    if len(body) > _COMPARED_BYTES:
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for escaped in (True, False):
        yield json.dumps(value, ensure_ascii=escaped).encode("utf-8", "replace")
        yield json.dumps(value, ensure_ascii=escaped, separators=(",", ":")).encode("utf-8", "replace")
        yield json.dumps(value, ensure_ascii=escaped, indent=2).encode("utf-8", "replace")


def is_signed_by(credentials: Mapping[str, str], request: Request) -> bool:
    """Return True if the signature, in any dialect, is that of the tenant with these credentials."""
    presented = request.headers.get(SIGNATURE_HEADER, "").lower()
    forms = [request.body]
    if len(request.body) <= _COMPARED_BYTES:
        forms.append(_minified(request.body))
    return presented in {sign(form, credentials["tenant_token"]) for form in forms}


def sign(body: bytes, token: str) -> str:
    """Return the signature of a body."""
    return hmac.new(token.encode(), body, "sha256").hexdigest()


def _minified(body: bytes) -> bytes:
    """Return the body in the form of JavaScript's JSON.stringify; a body that is not JSON does not change."""
    try:
        return minified(body.decode()).encode()
    except (ValueError, RecursionError):
        return body


def _unauthorized(detail: str, differs: str) -> Problem:
    return Problem(kind="unauthorized", status=401, detail=detail, differs=differs)
