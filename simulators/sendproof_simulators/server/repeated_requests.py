"""Valid requests without a body, as they were read before: clients repeat theirs, and reading takes long."""

from sendproof_simulators.core.contracts import ValidRequest
from sendproof_simulators.core.http import Request

# Bounds against hostile clients: requests, and characters of the path and query of one.
_MOST, _LONGEST = 1024, 1024

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


class RepeatedRequests:
    """The valid requests to one service that are only described by method, path and query."""

    def __init__(self) -> None:
        """Start without requests."""
        self._valid: dict[_Key, ValidRequest] = {}

    def find(self, request: Request) -> ValidRequest | None:
        """Return how an equal request was read before, None for any other. Nothing may change the result."""
        return None if request.body else self._valid.get((request.method, request.path, request.query))

    def keep(self, request: Request, valid: ValidRequest) -> None:
        """Remember how a request was read, unless its body or headers say more, or its query is long."""
        operation = valid.operation
        has_more = request.body or operation.body or any(part.where == "header" for part in operation.parameters)
        length = len(request.path) + sum(len(name) + len(text) for name, text in request.query)
        if has_more or length > _LONGEST:
            return
        if len(self._valid) >= _MOST:
            self._valid.clear()
        self._valid[request.method, request.path, request.query] = valid
