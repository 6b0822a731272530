"""The failed or limited calls of one sandbox, and the facts that distinguish a repetition from another call.

Two calls are the same if method, path, query and body are equal. The journal shows the body as a digest only: of calls
that failed, and of every call of a path from its first 429 response on. So other requests cost nothing.
"""

from hashlib import blake2b

import msgspec

from sendproof_simulators.core.contracts import DEFAULT_RULES, Contract
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.members import BodyRules

TOO_MANY_REQUESTS = 429
_FIRST_ERROR = 400

_encode = msgspec.json.Encoder(order="deterministic").encode


class FailedCalls:
    """The service, method and path of every call that got a 429 response."""

    def __init__(self) -> None:
        self._limited: set[tuple[str, str, str]] = set()

    def journal_fields(
        self,
        service: str,
        contract: Contract,
        request: Request,
        response: Response,
        *,
        rules: BodyRules = DEFAULT_RULES,
        is_failure: bool,
    ) -> dict[str, object]:
        """Return the delay that a 429 response demands, in seconds, and the digest of a call that may be repeated.

        `is_failure`: the call failed in another way than by its HTTP status.
        """
        key = service, request.method, request.path
        fields: dict[str, object] = {}
        if response.status == TOO_MANY_REQUESTS:
            self._limited.add(key)
            delay = next((value for name, value in response.headers if name.lower() == "retry-after"), "")
            if delay.isdecimal():
                fields["retry_after"] = int(delay)
        if is_failure or response.status >= _FIRST_ERROR or key in self._limited:
            fields["content"] = content_digest(contract, request, rules)
        return fields


def content_digest(contract: Contract, request: Request, rules: BodyRules) -> str:
    """Return a digest of query and body. The order of parameters and fields does not change it."""
    found = contract.find_operation(request)
    body = None if found is None else found[0].read_body(request, rules)[0]
    query = sorted((name.lower(), value) for name, value in request.query)
    return blake2b(_encode([query, request.body if body is None else body]), digest_size=8).hexdigest()
