"""The only file that knows Connexion: one contract as a full Connexion application, called in process.

Connexion is the authority on routing, security, content types and the order in which a request is
refused. It is handed canonical requests with their whole body, and reads them through the same compiled
contract as the express lane. What it gets wrong is mended here:

 1. OpenAPI 3.1 is refused by Connexion with a puzzling message: `build` says which version is wanted.
 2. A dict answered where several response types are documented is a 500: handlers' replies are
    complete responses that name their type.
 3. Reading the body twice hangs: nobody reads it from Connexion; it is in the `Exchange`.
 4. A chunked body counts as missing: the edge has read it whole, and its length is set.
 5. A body that is not UTF-8 is a 500: our validator decodes, and says 400.
 6. Formats such as date-time are not checked: ours are compiled with formats.
 7. Contract files are run through Jinja2: the loader hands over a dict.
 8. `nullable` beside `$ref` is not honoured: the compiler turns it into JSON Schema.
 9. `Allow` names one method only: refusals carry every method of the path.
10. FlaskApp has ten threads: this is an AsyncApp.
"""

import copy
import inspect
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Problem, Request, Response, Violation

with warnings.catch_warnings():
    # It imports what jsonschema has deprecated, and Starlette's test client, which asks for one more package.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*httpx2")
    import connexion
    from connexion.datastructures import MediaTypeDict
    from connexion.exceptions import OAuthProblem, ProblemException
    from connexion.lifecycle import ConnexionResponse
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import Resolution, Resolver
    from connexion.validators import AbstractRequestBodyValidator

log = logging.getLogger(__name__)

# Every refusal is an answer, and in the journal; Connexion would also print each.
for _name in ("connexion", "connexion.middleware.exceptions", "connexion.operation"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_KINDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


class Exchange(Protocol):
    """One request on its way: what Connexion may know of it, and whom it hands it to."""

    @property
    def request(self) -> Request:
        """The request as the contract spells it."""

    @property
    def known(self) -> bool:
        """Whether the request shows a credential that is valid here."""

    async def serve(self, operation: Operation, params: dict[str, Any], body: Any) -> Response:
        """Answer a valid request."""

    def refuse(self, problem: Problem) -> Response:
        """Answer a request that cannot be served, in the service's own form."""


class ConnexionApp:
    """The Connexion application of one contract."""

    def __init__(self, contract: Contract) -> None:
        """Build it; `ValueError` when the contract is not OpenAPI 3.0."""
        version = str(contract.document.get("openapi"))
        if not version.startswith("3.0."):
            raise ValueError(
                f"{contract.name}: expected a contract in OpenAPI 3.0.x, got {version!r}; write it in 3.0.3"
            )
        self._contract = contract
        self._current: ContextVar[Exchange] = ContextVar(f"exchange of {contract.name}")
        self._app = self._build()

    async def answer(self, exchange: Exchange) -> Response:
        """Run one request through Connexion."""
        token = self._current.set(exchange)
        try:
            return await _call(self._app, exchange.request)
        finally:
            self._current.reset(token)

    def _build(self) -> connexion.AsyncApp:
        app = connexion.AsyncApp(__name__, swagger_ui_options=SwaggerUIOptions(swagger_ui=False))
        app.add_api(
            _document(self._contract),
            resolver=_Resolver(self._endpoint),
            validator_map=self._validators(),
            security_map={"apiKey": lambda: _ApiKeys(self._current)},
        )
        app.add_error_handler(ProblemException, self._refuse_problem)
        app.add_error_handler(HTTPException, self._refuse_http)
        app.add_error_handler(Exception, self._refuse_failure)
        return app

    # -- serving ---------------------------------------------------------------------------------

    def _endpoint(self, operation_id: str) -> Callable[..., Awaitable[ConnexionResponse]]:
        operation = self._contract.operations[operation_id]

        async def serve(**path_values: Any) -> ConnexionResponse:
            exchange = self._current.get()
            params, _ = operation.read_parameters(exchange.request, _texts(path_values))
            body, _ = operation.read_body(exchange.request)
            return _response(await exchange.serve(operation, params, body))

        # For a function that takes any keyword Connexion would decode the body once more.
        serve.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
        return serve

    def _operation(self, asgi: Mapping[str, Any]) -> Operation | None:
        routed = asgi.get("extensions", {}).get("connexion_routing", {}).get("operation_id")
        return self._contract.operations.get(routed) if routed else None

    # -- validating ------------------------------------------------------------------------------

    def _validators(self) -> dict[str, Any]:
        authority = self

        class Parameters:
            def __init__(self, *_: Any, **__: Any) -> None: ...

            def validate(self, asgi: Mapping[str, Any]) -> None:
                operation = authority._operation(asgi)
                if operation is not None:
                    request = authority._current.get().request
                    _, violations = operation.read_parameters(request, _texts(asgi.get("path_params", {})))
                    _raise(violations)

        class Body(AbstractRequestBodyValidator):  # type: ignore[misc]
            async def wrap_receive(self, receive: Any, *, scope: Any) -> tuple[Any, Any]:  # Connexion's own names
                operation = authority._operation(scope)
                if operation is not None:
                    _, violations = operation.read_body(authority._current.get().request)
                    _raise(violations)
                return receive, scope

        return {"parameter": Parameters, "body": MediaTypeDict({"*/*": Body})}

    # -- refusing --------------------------------------------------------------------------------

    def _refuse_problem(self, request: Any, error: ProblemException) -> ConnexionResponse:
        return self._refused(request, error.status, str(error.detail or error.title), getattr(error, "violations", ()))

    def _refuse_http(self, request: Any, error: HTTPException) -> ConnexionResponse:
        return self._refused(request, error.status_code, error.detail, ())

    def _refuse_failure(self, request: Any, error: Exception) -> ConnexionResponse:
        log.error("serving %s failed", request.scope["path"], exc_info=error)
        return self._refused(request, 500, f"the simulator failed: {type(error).__name__}: {error}", ())

    def _refused(self, request: Any, status: int, detail: str, violations: tuple[Violation, ...]) -> ConnexionResponse:
        exchange = self._current.get()
        operation = self._operation(request.scope)
        problem = Problem(
            kind=_KINDS.get(status, "internal"),
            status=status,
            detail=detail,
            operation=operation.id if operation else None,
            violations=violations,
            allow=self._contract.methods_of(exchange.request.path),
            params=dict(exchange.request.query),
        )
        return _response(exchange.refuse(problem))


class _Resolver(Resolver):  # type: ignore[misc]
    """Gives every operation the one endpoint that leads back into our own code."""

    def __init__(self, endpoint: Callable[[str], Callable[..., Awaitable[ConnexionResponse]]]) -> None:
        super().__init__()
        self._endpoint = endpoint

    def resolve(self, operation: Any) -> Resolution:
        return Resolution(self._endpoint(operation.operation_id), operation.operation_id)


class _Violated(ProblemException):  # type: ignore[misc]
    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(status=400, title="Bad Request", detail=violations[0].message)
        self.violations = violations


def _raise(violations: list[Violation]) -> None:
    if violations:
        raise _Violated(tuple(violations))


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _response(response: Response) -> ConnexionResponse:
    return ConnexionResponse(
        status_code=response.status,
        content_type=response.content_type,
        body=response.body,
        headers=dict(response.headers),
    )


class _ApiKeys:
    """Whether a key is valid was found out when the sandbox was looked up; Connexion decides when it matters."""

    def __init__(self, current: ContextVar[Exchange]) -> None:
        self._current = current

    def get_fn(self, scheme: Any, scopes: Any) -> Callable[[Any], Awaitable[dict[str, str]]]:
        del scheme, scopes

        async def verify(request: Any) -> dict[str, str]:
            del request
            if not self._current.get().known:
                raise OAuthProblem(detail="no valid credential was given")
            return {}

        return verify


def _document(contract: Contract) -> dict[str, Any]:
    """A copy for Connexion, which writes into it. Our paths are absolute, whatever host `servers` names."""
    document: dict[str, Any] = copy.deepcopy(dict(contract.document))
    document.pop("servers", None)
    return document


async def _call(app: Any, request: Request) -> Response:
    """One request to an ASGI application within this process."""
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(_scope(request), receive, send)
    start = next(m for m in sent if m["type"] == "http.response.start")
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    content_type = headers.pop("content-type", "")
    headers.pop("content-length", None)
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return Response(status=start["status"], body=body, content_type=content_type, headers=tuple(headers.items()))


def _scope(request: Request) -> dict[str, Any]:
    headers = {**request.headers, "content-length": str(len(request.body))}
    headers.pop("transfer-encoding", None)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": urlencode(request.query).encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }
