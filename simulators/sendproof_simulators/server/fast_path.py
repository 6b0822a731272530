"""The fast path: ordinary requests are read from the compiled contract, without Connexion.

It only accepts requests with nothing unusual: a fixed path or one with plain values, its method, the content type,
known parameters, each given once, and no violation of the contract. For all other requests it has no effect; Connexion
decides. It hands over what it found in the body, because decoding a large one again takes longer than the rest.

A request without a valid credential is refused here too, if it is for an operation that needs one: Connexion looks at
nothing else before. Such requests are no exception. The harness begins each run with one, and building Connexion's
applications takes longer than the rest of the start.
"""

from sendproof_simulators.core.contracts import Contract, InvalidBody, Operation, ValidRequest
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.members import BodyRules

#: Why a request without a valid credential is refused.
NO_CREDENTIAL = "no valid credential was given"


def match_fast_path(contract: Contract, request: Request, rules: BodyRules) -> ValidRequest | InvalidBody | None:
    """Return the operation, parameters and body of an ordinary request; what is wrong with its body; or None."""
    found = contract.find_ordinary(request)
    if found is None or not _is_ordinary(contract, found[0], request):
        return None
    operation, path_values = found
    params, violations = operation.read_parameters(request, path_values)
    if violations:
        return None
    body, violations = operation.read_body(request, rules)
    return InvalidBody(operation, violations) if violations else ValidRequest(operation, params, body)


def match_unauthorized(contract: Contract, request: Request) -> Problem | None:
    """Return the refusal of a request without a valid credential, None if routing or the body decide more."""
    found = contract.find_ordinary(request)
    if found is None or not found[0].secured:
        return None
    return Problem(
        kind="unauthorized",
        status=401,
        detail=NO_CREDENTIAL,
        operation=found[0].id,
        allow=contract.methods_of(request.path),
        params=dict(request.query),
    )


def _is_ordinary(contract: Contract, operation: Operation, request: Request) -> bool:
    keys = [operation.query_key(name) for name, _ in request.query]
    if len(set(keys)) < len(keys):
        return False
    if not all(key in operation.query_names or key in contract.security_names for key in keys):
        return False
    if operation.body is None:
        return not request.body
    content_type = operation.body.content_type
    accepted = (content_type, content_type + "; charset=utf-8", content_type + ";charset=utf-8")
    return request.headers.get("content-type", "").lower() in accepted
