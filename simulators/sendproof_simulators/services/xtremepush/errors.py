"""The error codes of Xtremepush, and the exception that refuses a call with one of them.

documented: the codes are those of HTTP,
https://support.xtremepush.com/hc/en-us/articles/115001058185-External-API-Responses-Status-Error-Codes
"""

from collections.abc import Mapping, Sequence

from sendproof_simulators.core.effects import JournalEntry

BAD_REQUEST = 400
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405


class ApiError(Exception):
    """A call is refused. `errors` name the invalid fields, each as `field` and `message`.

    `entries` are the journal entries of the refusal.
    """

    def __init__(self, code: int, message: str, errors: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.errors = errors
        self.entries: tuple[JournalEntry, ...] = ()


def invalid_field(field: str, message: str) -> ApiError:
    """Return the error for one field that breaks a rule."""
    return ApiError(BAD_REQUEST, f"{field}: {message}", ({"field": field, "message": message},))
