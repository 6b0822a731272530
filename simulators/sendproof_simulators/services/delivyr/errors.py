"""How Delivyr says no. assumed, all of it: an HTTP status that fits, and `{"error": {"code", "message"}}`."""

from collections.abc import Mapping

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.http import Problem, Response, json_response

INVALID, UNAUTHORIZED, NOT_FOUND = "invalid_request", "unauthorized", "not_found"
UNKNOWN_TEMPLATE, MISSING_VARIABLES, TEXT_TOO_LONG = "template_not_found", "missing_variables", "text_too_long"
QUEUE_FULL = "queue_full"
# Why a message is rejected. documented: the first three, in prose, https://docs.delivyr.net/docs/optimove
OPTED_OUT, INCORRECT_FORMAT, CANNOT_RECEIVE = "opted_out", "incorrect_format", "cannot_receive"
UNSUPPORTED_COUNTRY, BLOCKED = "unsupported_country", "blocked"

REJECTIONS: Mapping[str, str] = {
    OPTED_OUT: "the recipient has opted out",
    INCORRECT_FORMAT: "the phone number is in an incorrect format; expected E.164, such as +12125550100",
    CANNOT_RECEIVE: "the phone is known not to be able to receive SMS or MMS",
    UNSUPPORTED_COUNTRY: "the phone number is neither of the United States nor of Canada",
    BLOCKED: "the carrier blocks messages to this number",
}
STATUSES: Mapping[str, int] = {
    INVALID: 400,
    UNAUTHORIZED: 401,
    NOT_FOUND: 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    **dict.fromkeys((UNKNOWN_TEMPLATE, MISSING_VARIABLES, TEXT_TOO_LONG, *REJECTIONS), 422),
    QUEUE_FULL: 503,
    "internal": 500,
}
_CODES: Mapping[str, str] = {
    "bad_request": INVALID,
    "forbidden": UNAUTHORIZED,
    "too_large": "payload_too_large",
    "rate_limited": QUEUE_FULL,
}
_WHO = {"header.x-account-id", "header.x-api-key"}


class RefusalError(Exception):
    """A call is refused with a code; `entries` are what that puts into the journal."""

    def __init__(self, code: str, message: str, *entries: JournalEntry) -> None:
        super().__init__(message)
        self.code = code
        self.entries = entries

    @property
    def response(self) -> Response:
        """The refusal as the caller gets it."""
        return _refused(self.code, str(self))


def problem_response(problem: Problem) -> Response:
    """What was refused before it got to an operation, as Delivyr would put it."""
    if any(violation.where in _WHO for violation in problem.violations):
        return _refused(UNAUTHORIZED, "x-account-id and x-api-key are needed, both from Settings in app.delivyr.net")
    code = _CODES.get(problem.kind, problem.kind)
    broken = "; ".join(f"{v.where.partition('.')[2] or v.where}: {v.message}" for v in problem.violations)
    return _refused(code, broken or problem.detail)


def _refused(code: str, message: str) -> Response:
    return json_response({"error": {"code": code, "message": message}}, status=STATUSES[code])
