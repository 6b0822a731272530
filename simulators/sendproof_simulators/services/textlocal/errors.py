"""The error codes of Textlocal, and the exception that refuses a command with one of them.

The source of each code is in `openapi/textlocal.yaml`, `x-codes`.
"""

from collections.abc import Mapping, Sequence

from sendproof_simulators.core.effects import JournalEntry

INVALID_PARAMETER = 0
NO_COMMAND = 1
UNKNOWN_COMMAND = 2
BAD_LOGIN = 3
INVALID_NUMBER = 3
NO_RECIPIENTS = 4
NO_MESSAGE = 5
TOO_LONG = 6
NO_CREDITS = 7
BAD_SCHEDULE = 8
SCHEDULE_PAST = 9
BAD_GROUP = 10
EMPTY_GROUP = 11
NO_GROUP_NAME = 12
GROUP_NAME_LONG = 13
GROUP_EXISTS = 14
BAD_JSON = 15
NO_GROUP = 25
BAD_NUMBER = 32
TOO_MANY = 33
GROUP_AND_NUMBERS = 34
BAD_SENDER = 43
NO_SENDER = 44
NO_VALID_NUMBERS = 51
NO_CONTACTS = 55
BAD_CONTACTS = 56
NOT_FOUND = 61
CANNOT_DELETE = 62
NO_TEMPLATE = 80
NO_URL = 185
BAD_URL = 186
SCHEDULE_OUTSIDE = 191
NOT_NOW = 192
BAD_OR_DUPLICATE = 202

TEXTS: Mapping[int, str] = {
    INVALID_PARAMETER: "Invalid parameter",
    NO_COMMAND: "No command specified",
    UNKNOWN_COMMAND: "Unrecognised command",
    BAD_LOGIN: "Invalid login details",
    NO_RECIPIENTS: "No recipients specified",
    NO_MESSAGE: "No message content",
    TOO_LONG: "Message too long",
    NO_CREDITS: "Insufficient credits",
    BAD_SCHEDULE: "Invalid schedule date",
    SCHEDULE_PAST: "Schedule date is in the past",
    BAD_GROUP: "Invalid group ID",
    EMPTY_GROUP: "Selected group is empty",
    NO_GROUP_NAME: "No group name specified",
    GROUP_NAME_LONG: "Group name too long",
    GROUP_EXISTS: "Group already exists",
    BAD_JSON: "Invalid JSON string",
    NO_GROUP: "No group ID specified",
    BAD_NUMBER: "Invalid number format",
    TOO_MANY: "Too many numbers",
    GROUP_AND_NUMBERS: "You have supplied both a group ID and numbers",
    BAD_SENDER: "Invalid sender name",
    NO_SENDER: "No sender name specified",
    NO_VALID_NUMBERS: "No valid numbers specified",
    NO_CONTACTS: "No contact numbers specified",
    BAD_CONTACTS: "Invalid contact number(s), not created",
    NOT_FOUND: "Number(s) not found",
    CANNOT_DELETE: "Cannot delete group",
    NO_TEMPLATE: "Message does not match any approved template",
    NO_URL: "No URL specified",
    BAD_URL: "Invalid URL",
    SCHEDULE_OUTSIDE: "Schedule time is outside that allowed",
    NOT_NOW: "You cannot send messages at this time",
    BAD_OR_DUPLICATE: "Invalid or duplicate numbers",
}

# One item of `errors` or `warnings` in a response: `code` and `message`.
ErrorItem = Mapping[str, object]


class ApiError(Exception):
    """A command is refused with a code. `entries` are the journal entries of the refusal."""

    def __init__(
        self, code: int, detail: str = "", warnings: Sequence[ErrorItem] = (), *, status: int | None = None
    ) -> None:
        """Append `detail` to the text of the code; `status` replaces the usual HTTP status of an error."""
        super().__init__(detail)
        self.item = error_item(code, detail)
        self.code = code
        self.status = status
        self.warnings = warnings
        self.entries: tuple[JournalEntry, ...] = ()


def error_item(code: int, detail: str = "") -> ErrorItem:
    """Return one item of a list of errors."""
    return {"code": code, "message": f"{TEXTS[code]}: {detail}" if detail else TEXTS[code]}
