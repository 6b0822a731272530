"""The credentials of a call: two headers, the key and the id of the account.

documented: https://docs.delivyr.net/docs/customer-io
"""

from collections.abc import Callable, Mapping
from functools import wraps

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.delivyr.errors import UNAUTHORIZED, ApiError
from sendproof_simulators.services.delivyr.responses import error_response
from sendproof_simulators.services.delivyr.state import ACCOUNT, NAME

Handler = Callable[[Call], Effects]

ACCOUNT_HEADER = "x-account-id"


def extract_credential(request: Request) -> str | None:
    """Return the key, which alone identifies the account, or None."""
    return request.headers.get("x-api-key")


def is_account_of(credentials: Mapping[str, str], request: Request) -> bool:
    """Return True if the request names the account of these credentials."""
    return request.headers.get(ACCOUNT_HEADER) == credentials[ACCOUNT]


def for_account(function: Handler) -> Handler:
    """Make the handler of an operation: check the account id, and turn an `ApiError` into a response.

    The key is checked before. The account id must belong to it.
    """

    @wraps(function)
    def handler(call: Call) -> Effects:
        try:
            _check_account(call)
            return function(call)
        except ApiError as error:
            response = error_response(error.code, str(error), call.context.dialects)
            return Effects(response=response, entries=error.entries, summary={"refused": error.code})

    return handler


def _check_account(call: Call) -> None:
    if call.params[ACCOUNT_HEADER] != call.context.credentials[NAME][ACCOUNT]:
        raise ApiError(UNAUTHORIZED, "x-account-id is not the account that x-api-key belongs to")
