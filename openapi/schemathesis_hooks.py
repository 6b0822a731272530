"""Signs generated events for `optimove-metrics.yaml`, as OpenAPI cannot describe: SCHEMATHESIS_HOOKS names this module.

The service checks an HMAC over the exact body, so no header that is given once can be right for every request.
"""

import hashlib
import hmac
import os
from typing import Any

import requests
import schemathesis

HEADER = "x-optimove-signature-content"
#: That of the default sandbox of `sendproof up`, or another one in the environment.
TOKEN = os.environ.get("TENANT_TOKEN", "sendproof-tenant-token")


class Signature(requests.auth.AuthBase):
    """Signs the body of a request that is ready to be sent."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        request.headers[HEADER] = hmac.new(TOKEN.encode(), raw, hashlib.sha256).hexdigest()
        return request


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Sign every request, except where a generated case is about the missing or wrong signature."""
    del context
    is_about_signature = any(name.lower() == HEADER for name in case.headers or {})
    if not is_about_signature:
        kwargs.setdefault("auth", Signature())
