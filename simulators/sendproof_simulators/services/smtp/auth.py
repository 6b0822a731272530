"""The credentials of a call: user and password, as headers or from AUTH.

documented: AUTH, RFC 4954. assumed: the headers.
"""

from collections.abc import Callable, Mapping
from functools import wraps

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.smtp.replies import AUTHENTICATED, WRONG_LOGIN, RefusedError, reply_response
from sendproof_simulators.services.smtp.state import NAME, USER

Handler = Callable[[Call], Effects]

USER_HEADER, PASSWORD_HEADER = "x-smtp-user", "x-smtp-password"


def extract_credential(request: Request) -> str | None:
    """Return the password, which alone identifies the account, or None."""
    return request.headers.get(PASSWORD_HEADER)


def is_user_of(credentials: Mapping[str, str], request: Request) -> bool:
    """Return True if the request names the user of these credentials."""
    return request.headers.get(USER_HEADER) == credentials[USER]


def for_user(function: Handler) -> Handler:
    """Make the handler of an operation: check the user, and turn a `RefusedError` into a response.

    The password is checked before. The user must belong to it.
    """

    @wraps(function)
    def handler(call: Call) -> Effects:
        try:
            _check_user(call)
            return function(call)
        except RefusedError as error:
            summary = {"refused": str(error)}
            return Effects(response=reply_response(error.reply), entries=error.entries, summary=summary)

    return handler


def _check_user(call: Call) -> None:
    if call.params[USER_HEADER] != call.context.credentials[NAME][USER]:
        raise RefusedError(WRONG_LOGIN)


@for_user
def authenticate(call: Call) -> Effects:
    """Accept the login; `for_user` has checked it."""
    del call
    return Effects(response=reply_response(AUTHENTICATED))
