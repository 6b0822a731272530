"""The Connexion application of a contract, called in process. The only module that imports Connexion.

Connexion decides on routing, security, content types and the order of refusals. It gets canonical requests with their
complete body, and reads them through the same compiled contract as the fast path. It only validates: the pipeline calls
the service's handler itself. Workarounds for Connexion's behaviour:

 1. It refuses OpenAPI 3.1 with an unclear message: the constructor says which version is expected.
 2. With several documented response types, a dict as the response is a 500: it gets complete responses.
 3. Reading the body twice hangs: it never reads the body, which is in the `Exchange`.
 4. A chunked body counts as missing: app.py has read it, and its length is set here.
 5. A body that is not UTF-8 is a 500: our validator decodes it and responds with 400.
 6. It does not check formats such as date-time: ours are compiled with formats.
 7. It treats contract files as Jinja2 templates: it gets a dict.
 8. It ignores `nullable` next to `$ref`: the compiler turns `nullable` into JSON Schema.
 9. `Allow` names one method only: refusals list all methods of the path.
10. FlaskApp has ten threads: this is an AsyncApp.
11. A header that is not UTF-8 is a 500: it gets headers in ASCII, as it reads none that could have other characters.
"""

import copy
import inspect
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from sendproof_simulators.core.contracts import Contract, InvalidBody, Operation, ValidRequest
from sendproof_simulators.core.http import Problem, Request, Response, Violation
from sendproof_simulators.core.members import BodyRules
from sendproof_simulators.server.fast_path import NO_CREDENTIAL

with warnings.catch_warnings():
    # Connexion imports deprecated names of jsonschema, and Starlette's test client, which misses a package.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*httpx2")
    import connexion
    from connexion.datastructures import MediaTypeDict
    from connexion.exceptions import InvalidSpecification, OAuthProblem, ProblemException
    from connexion.lifecycle import ConnexionResponse
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import Resolution, Resolver
    from connexion.validators import AbstractRequestBodyValidator

# Refusals are in the journal; Connexion would also print each.
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
    """The part of a request's exchange that validation needs."""

    @property
    def request(self) -> Request:
        """The request as spelled in the contract."""

    @property
    def body_rules(self) -> BodyRules:
        """How the sandbox reads the members of bodies."""

    @property
    def authenticated(self) -> bool:
        """True if the request presents a valid credential."""

    def refuse(self, problem: Problem) -> Response:
        """Return a refusal in the service's own form."""


@dataclass(slots=True)
class _Validation:
    """One request in Connexion, its body if that is valid, and the result if all is.

    `invalid` is what is known to be wrong with the body, and `failure` an error of the simulator itself.
    """

    exchange: Exchange
    invalid: InvalidBody | None
    body: Any = None
    has_read_body: bool = False
    valid: ValidRequest | None = None
    failure: Exception | None = None

    def read_body(self, operation: Operation) -> list[Violation]:
        """Return the violations of the body, and keep its value if there are none."""
        if self.invalid is not None and self.invalid.operation is operation:
            return self.invalid.violations
        body, violations = operation.read_body(self.exchange.request, self.exchange.body_rules)
        if not violations:
            self.body, self.has_read_body = body, True
        return violations


class ConnexionApp:
    """The Connexion application of one contract."""

    def __init__(self, contract: Contract) -> None:
        """Build the application; raise `ValueError` if the contract is not OpenAPI 3.0."""
        version = str(contract.document.get("openapi"))
        if not version.startswith("3.0."):
            raise ValueError(
                f"{contract.name}: expected a contract in OpenAPI 3.0.x, got {version!r}; write it in 3.0.3"
            )
        self._contract = contract
        self._current: ContextVar[_Validation] = ContextVar(f"validation for {contract.name}")
        self._app = self._build()

    async def validate(self, exchange: Exchange, invalid: InvalidBody | None = None) -> ValidRequest | Response:
        """Return the operation, parameters and body of a valid request, or the refusal of any other.

        `invalid` is what is known to be wrong with the body. An error of the simulator itself is raised.
        """
        validation = _Validation(exchange, invalid)
        token = self._current.set(validation)
        try:
            response = await _call(self._app, exchange.request)
        finally:
            self._current.reset(token)
        if validation.failure is not None:
            raise validation.failure
        return validation.valid or response

    def _build(self) -> connexion.AsyncApp:
        app = connexion.AsyncApp(__name__, swagger_ui_options=SwaggerUIOptions(swagger_ui=False))
        try:
            app.add_api(
                _document(self._contract),
                resolver=_Resolver(self._endpoint),
                validator_map=self._validators(),
                security_map={"apiKey": lambda: _ApiKeys(self._current)},
            )
        except InvalidSpecification as error:
            place = "/".join(map(str, error.absolute_path))
            raise ValueError(
                f"{self._contract.name}.yaml: expected valid OpenAPI 3.0, got an error at {place}"
            ) from error
        app.add_error_handler(ProblemException, self._on_problem)
        app.add_error_handler(HTTPException, self._on_http_error)
        app.add_error_handler(Exception, self._on_failure)
        return app

    # -- routing ---------------------------------------------------------------------------------

    def _endpoint(self, operation_id: str) -> Callable[..., Awaitable[ConnexionResponse]]:
        operation = self._contract.operations[operation_id]

        async def keep_valid_request(**path_values: Any) -> ConnexionResponse:
            validation = self._current.get()
            params, _ = operation.read_parameters(validation.exchange.request, _as_texts(path_values))
            if not validation.has_read_body:
                # Connexion asks no validator about a body that the operation does not have.
                validation.read_body(operation)
            validation.valid = ValidRequest(operation, params, validation.body)
            return ConnexionResponse(status_code=204)

        # Connexion would decode the body once more for a function that accepts any keyword.
        keep_valid_request.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
        return keep_valid_request

    def _operation(self, asgi: Mapping[str, Any]) -> Operation | None:
        routed = asgi.get("extensions", {}).get("connexion_routing", {}).get("operation_id")
        return self._contract.operations.get(routed) if routed else None

    # -- validation ------------------------------------------------------------------------------

    def _validators(self) -> dict[str, Any]:
        connexion_app = self

        class Parameters:
            def __init__(self, *_: Any, **__: Any) -> None: ...

            def validate(self, asgi: Mapping[str, Any]) -> None:
                operation = connexion_app._operation(asgi)
                if operation is not None:
                    request = connexion_app._current.get().exchange.request
                    _, violations = operation.read_parameters(request, _as_texts(asgi.get("path_params", {})))
                    _raise_if_any(violations)

        class Body(AbstractRequestBodyValidator):  # type: ignore[misc]
            async def wrap_receive(self, receive: Any, *, scope: Any) -> tuple[Any, Any]:  # Connexion's own names
                operation = connexion_app._operation(scope)
                if operation is not None:
                    # The error's traceback refers to this frame, so the frame must not refer to the decoded body.
                    _raise_if_any(connexion_app._current.get().read_body(operation))
                return receive, scope

        return {"parameter": Parameters, "body": MediaTypeDict({"*/*": Body})}

    # -- refusals --------------------------------------------------------------------------------

    # Connexion runs error handlers that are not coroutines in a pool of threads.

    async def _on_problem(self, request: Any, error: ProblemException) -> ConnexionResponse:
        return self._refusal(request, error.status, str(error.detail or error.title), getattr(error, "violations", ()))

    async def _on_http_error(self, request: Any, error: HTTPException) -> ConnexionResponse:
        return self._refusal(request, error.status_code, error.detail, ())

    async def _on_failure(self, request: Any, error: Exception) -> ConnexionResponse:
        if isinstance(error, ValueError) and self._operation(request.scope) is None:
            # The router makes a number of digits in the path, and Python refuses thousands of them.
            return self._refusal(request, 404, "Not Found", ())
        self._current.get().failure = error
        return ConnexionResponse(status_code=500)

    def _refusal(self, request: Any, status: int, detail: str, violations: tuple[Violation, ...]) -> ConnexionResponse:
        exchange = self._current.get().exchange
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
        return _connexion_response(exchange.refuse(problem))


class _Resolver(Resolver):  # type: ignore[misc]
    """Gives every operation an endpoint in our own code."""

    def __init__(self, endpoint: Callable[[str], Callable[..., Awaitable[ConnexionResponse]]]) -> None:
        super().__init__()
        self._endpoint = endpoint

    def resolve(self, operation: Any) -> Resolution:
        return Resolution(self._endpoint(operation.operation_id), operation.operation_id)


class _ViolationError(ProblemException):  # type: ignore[misc]
    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__(status=400, title="Bad Request", detail=violations[0].message)
        self.violations = violations


def _raise_if_any(violations: list[Violation]) -> None:
    if violations:
        raise _ViolationError(tuple(violations))


def _as_texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _connexion_response(response: Response) -> ConnexionResponse:
    return ConnexionResponse(
        status_code=response.status,
        content_type=response.content_type,
        body=response.body,
        headers=dict(response.headers),
    )


class _ApiKeys:
    """The check of API keys. The pipeline has already resolved the key; Connexion decides which operations need one."""

    def __init__(self, current: ContextVar[_Validation]) -> None:
        self._current = current

    def get_fn(self, scheme: Any, scopes: Any) -> Callable[[Any], Awaitable[dict[str, str]]]:
        del scheme, scopes

        async def verify(request: Any) -> dict[str, str]:
            del request
            if not self._current.get().exchange.authenticated:
                raise OAuthProblem(detail=NO_CREDENTIAL)
            return {}

        return verify


def _document(contract: Contract) -> dict[str, Any]:
    """Return a copy for Connexion, which changes it. Our paths are absolute, whatever host `servers` names."""
    document: dict[str, Any] = copy.deepcopy(dict(contract.document))
    document.pop("servers", None)
    return document


async def _call(app: Any, request: Request) -> Response:
    """Send one request to an ASGI application in this process."""
    messages = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(_scope(request), receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    content_type = headers.pop("content-type", "")
    headers.pop("content-length", None)
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
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
        "headers": [
            (name.encode("ascii", "replace"), value.encode("ascii", "replace")) for name, value in headers.items()
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }
