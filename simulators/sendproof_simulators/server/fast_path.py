"""The fast path: ordinary requests are read from the compiled contract, without Connexion.

It only accepts requests with nothing unusual: a fixed path or one with plain values, its method, the content type,
known parameters, each given once, and no violation of the contract. For all other requests it returns None and has no
effect; Connexion decides.
"""

from sendproof_simulators.core.contracts import Contract, Operation, ValidRequest
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.members import BodyRules


def match_fast_path(contract: Contract, request: Request, rules: BodyRules) -> ValidRequest | None:
    """Return the operation, parameters and body of an ordinary request, or None for any other."""
    found = contract.find_ordinary(request)
    if found is None or not _is_ordinary(contract, found[0], request):
        return None
    operation, path_values = found
    params, violations = operation.read_parameters(request, path_values)
    if violations:
        return None
    body, violations = operation.read_body(request, rules)
    return None if violations else ValidRequest(operation, params, body)


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
