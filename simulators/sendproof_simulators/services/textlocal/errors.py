"""How Textlocal says no: HTTP 200, a list of codes, and `status: failure`.

documented: https://api.txtlocal.com/docs/ (the form). That the status is 200 is read off clients: the vendor's own
class throws on anything else before it reads the body. The source of each code is in `openapi/textlocal.yaml`,
`x-codes`.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.http import Problem, Response
from sendproof_simulators.services.textlocal.xml import formatted

# What reading JSON in a field may end with: it is broken, is no Unicode, or goes deeper than the interpreter can.
UNREADABLE = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)

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

_MISSING: Mapping[tuple[str, str], int] = {
    ("create_shorturl", "url"): NO_URL,
    ("bulk_json", "data"): BAD_JSON,
    ("create_group", "name"): NO_GROUP_NAME,
    ("delete_group", "group_id"): NO_GROUP,
    ("get_contacts", "group_id"): NO_GROUP,
    ("create_contacts", "numbers"): NO_CONTACTS,
    ("create_contacts_bulk", "contacts"): BAD_JSON,
    ("delete_contact", "number"): NO_CONTACTS,
}
_WRONG: Mapping[str, int] = {
    "sender": BAD_SENDER,
    "url": BAD_URL,
    "schedule_time": BAD_SCHEDULE,
    "group_id": BAD_GROUP,
    "name": GROUP_NAME_LONG,
}
# A form that was sent as something else says nothing at all: what is missed first, by command.
_MISSED_FIRST: Mapping[str, int] = {
    **{command: code for (command, _), code in _MISSING.items()},
    "send": NO_MESSAGE,
}
_STATUSES: Mapping[str, int] = {"method_not_allowed": 405, "too_large": 413, "rate_limited": 429, "internal": 500}
_CODES: Mapping[str, int] = {
    "unauthorized": BAD_LOGIN,
    "forbidden": BAD_LOGIN,
    "not_found": UNKNOWN_COMMAND,
    "method_not_allowed": UNKNOWN_COMMAND,
}

Error = Mapping[str, object]


class RefusalError(Exception):
    """A command is refused with a code. `entries` are what the refusal puts into the journal."""

    def __init__(
        self, code: int, detail: str = "", warnings: Sequence[Error] = (), *, status: int | None = None
    ) -> None:
        """`detail` is added to the code's own text; `status` is another HTTP status than trouble has otherwise."""
        super().__init__(detail)
        self.error = error_of(code, detail)
        self.code = code
        self.status = status
        self.warnings = warnings
        self.entries: tuple[JournalEntry, ...] = ()


def error_of(code: int, detail: str = "") -> Error:
    """One entry of a list of errors."""
    return {"code": code, "message": f"{TEXTS[code]}: {detail}" if detail else TEXTS[code]}


def failure(errors: Sequence[Error], warnings: Sequence[Error] = ()) -> dict[str, object]:
    """The body of a refusal."""
    said: dict[str, object] = {"warnings": warnings} if warnings else {}
    return {**said, "errors": errors, "status": "failure"}


def status_of_trouble(dialects: Mapping[str, str], kind: str = "") -> int:
    """The HTTP status of a refusal; without a known sandbox, that of the default dialect."""
    if dialects.get("error_status") != "400":
        return 200
    return 401 if kind == "unauthorized" else 400


def problem_response(problem: Problem) -> Response:
    """What was refused before it got to a command, as Textlocal would put it."""
    status = _STATUSES.get(problem.kind) or status_of_trouble(problem.dialects, problem.kind)
    return formatted(failure(_errors(problem)), problem.params.get("format"), status)


def _errors(problem: Problem) -> Sequence[Error]:
    command = (problem.operation or "").removesuffix("_get")
    if problem.kind in _CODES:
        return [error_of(_CODES[problem.kind])]
    if problem.kind == "unsupported_media_type":
        code = _MISSED_FIRST.get(command, INVALID_PARAMETER)
        return [error_of(code, "send parameters as a form, application/x-www-form-urlencoded")]
    if not problem.violations:
        return [error_of(INVALID_PARAMETER, problem.detail)]
    return [_broken(command, v.where.partition(".")[2], v.rule, v.message) for v in problem.violations]


def _broken(command: str, name: str, rule: str, message: str) -> Error:
    missing = rule in {"required", "minLength"}
    code = _MISSING.get((command, name)) if missing else _WRONG.get(name)
    if code is None:
        return error_of(INVALID_PARAMETER, f"{name or 'form'}: {message}")
    return error_of(code)
