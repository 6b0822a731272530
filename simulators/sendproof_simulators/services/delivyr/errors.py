"""The error codes of Delivyr, the reasons of rejections, and the exception that refuses a call with one of them.

assumed, all codes.
"""

from collections.abc import Mapping

from sendproof_simulators.core.effects import JournalEntry

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


class ApiError(Exception):
    """A call is refused with a code. `entries` are the journal entries of the refusal."""

    def __init__(self, code: str, message: str, *entries: JournalEntry) -> None:
        super().__init__(message)
        self.code = code
        self.entries: tuple[JournalEntry, ...] = entries
