"""The express lane: ordinary requests, read straight from the compiled contract.

It serves a request only when nothing about it is unusual: a fixed path, its one method, the one
content type, every parameter known and given once, nothing that breaks the contract. For all else it
answers `None`, without any effect, and Connexion decides.
"""

from dataclasses import dataclass
from typing import Any

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Request


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """A valid request to one operation."""

    operation: Operation
    params: dict[str, Any]
    body: Any


def match_fast_path(contract: Contract, request: Request) -> ValidRequest | None:
    """What an ordinary request asks for, or None."""
    operation = contract.match_fast_path.get((request.method, request.path))
    if operation is None or not _is_plain(contract, operation, request):
        return None
    params, violations = operation.read_parameters(request, {})
    if violations:
        return None
    body, violations = operation.read_body(request)
    return None if violations else ValidRequest(operation, params, body)


def _is_plain(contract: Contract, operation: Operation, request: Request) -> bool:
    names = [operation.spelled(name) for name, _ in request.query]
    if len(set(names)) < len(names):
        return False
    if not all(name in operation.query_names or name in contract.security_names for name in names):
        return False
    if operation.body is None:
        return not request.body
    return request.headers.get("content-type", "").lower() in (
        operation.body.content_type,
        operation.body.content_type + "; charset=utf-8",
        operation.body.content_type + ";charset=utf-8",
    )
