"""The failed or limited calls of one sandbox, and the facts that distinguish a repetition from another call.

Two calls are the same if method, path, query and body are equal. The journal shows the body as a digest only: of calls
that failed, and of every call of an operation from its first 429 response or injected fault on. So other requests cost
nothing.
"""

from hashlib import blake2b

import msgspec

from sendproof_simulators.core.contracts import DEFAULT_RULES, Contract
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.members import BodyRules

TOO_MANY_REQUESTS = 429
_FIRST_ERROR = 400
# Bytes of a body whose repetition may have another form. Clients that repeat a longer one send the same bytes.
_DECODED_BYTES = 1024 * 1024

_encode = msgspec.json.Encoder(order="deterministic").encode


class FailedCalls:
    """The operations of which a call got a 429 response or a fault: their calls may be repetitions."""

    def __init__(self) -> None:
        # By service. A hostile client could call any number of paths, but only those of a contract can be successful.
        self._repeatable: set[tuple[str, str]] = set()

    def expect_repetition(self, service: str, contract: Contract, request: Request) -> None:
        """Record from now on the content of each call of this request's operation: it may repeat the request."""
        self._repeatable |= self._operation(service, contract, request)

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
        fields: dict[str, object] = {}
        if response.status == TOO_MANY_REQUESTS:
            self.expect_repetition(service, contract, request)
            delay = next((value for name, value in response.headers if name.lower() == "retry-after"), "")
            if delay.isdecimal():
                fields["retry_after"] = int(delay)
        is_failure = is_failure or response.status >= _FIRST_ERROR
        if is_failure or (self._repeatable and self._repeatable & self._operation(service, contract, request)):
            fields["content"] = content_digest(contract, request, rules)
        return fields

    @staticmethod
    def _operation(service: str, contract: Contract, request: Request) -> set[tuple[str, str]]:
        """Return the operation of a request; nothing for an unknown one, of which no call is successful."""
        found = contract.find_operation(request)
        return set() if found is None else {(service, found[0].id)}


def content_digest(contract: Contract, request: Request, rules: BodyRules) -> str:
    """Return a digest of query and body. The order of parameters and fields does not change it.

    A long body is not decoded once more, so its bytes count.
    """
    found = contract.find_operation(request) if len(request.body) <= _DECODED_BYTES else None
    body = None if found is None else found[0].read_body(request, rules)[0]
    query = sorted((name.lower(), value) for name, value in request.query)
    return blake2b(_encode([query, request.body if body is None else body]), digest_size=8).hexdigest()
