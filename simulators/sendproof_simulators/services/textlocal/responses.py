"""Responses to commands: from the result or error of a command to HTTP 200 with `status: success` or `failure`.

documented: https://api.txtlocal.com/docs/ (the form). That the HTTP status is 200 is read off clients: the vendor's own
class throws on anything else before it reads the body.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Problem, Response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.errors import ApiError, ErrorItem, error_item
from sendproof_simulators.services.textlocal.xml import encode_response

# The parameters of a call, typed by the contract, from its query or its form.
Fields = Mapping[str, Any]

_CODES_BY_MISSING_FIELD: Mapping[tuple[str, str], int] = {
    ("create_shorturl", "url"): errors.NO_URL,
    ("bulk_json", "data"): errors.BAD_JSON,
    ("create_group", "name"): errors.NO_GROUP_NAME,
    ("delete_group", "group_id"): errors.NO_GROUP,
    ("get_contacts", "group_id"): errors.NO_GROUP,
    ("create_contacts", "numbers"): errors.NO_CONTACTS,
    ("create_contacts_bulk", "contacts"): errors.BAD_JSON,
    ("delete_contact", "number"): errors.NO_CONTACTS,
}
_CODES_BY_WRONG_FIELD: Mapping[str, int] = {
    "sender": errors.BAD_SENDER,
    "url": errors.BAD_URL,
    "schedule_time": errors.BAD_SCHEDULE,
    "scheduled": errors.BAD_SCHEDULE,
    "group_id": errors.BAD_GROUP,
    "name": errors.GROUP_NAME_LONG,
}
# A body of another content type has no fields at all: the code of the first missing field, by command.
_CODES_WITHOUT_FORM: Mapping[str, int] = {
    **{command: code for (command, _), code in _CODES_BY_MISSING_FIELD.items()},
    "send": errors.NO_MESSAGE,
}
_STATUSES: Mapping[str, int] = {"method_not_allowed": 405, "too_large": 413, "rate_limited": 429, "internal": 500}
_CODES: Mapping[str, int] = {
    "unauthorized": errors.BAD_LOGIN,
    "forbidden": errors.BAD_LOGIN,
    "not_found": errors.UNKNOWN_COMMAND,
    "method_not_allowed": errors.UNKNOWN_COMMAND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The values that a successful command returns, and its effects apart from the response.

    The response also gets `status: success`, unless `has_status` is False.
    """

    value: Mapping[str, object]
    has_status: bool = True
    effects: Effects = field(default_factory=Effects)


def customer_member(customer: str) -> Mapping[str, str]:
    """Return the member of a row about a recipient that the caller named by customer id; no member otherwise."""
    return {"customer": customer} if customer else {}


def command(function: Callable[[Call, Fields], CommandResult]) -> Callable[[Call], Effects]:
    """Make the handler of an operation from a function that takes the call and its fields.

    The handler merges query and form, and formats the result, or the `ApiError`, as JSON or XML.
    """

    @wraps(function)
    def handler(call: Call) -> Effects:
        fields: Fields = call.with_defaults
        try:
            result = function(call, fields)
        except ApiError as error:
            return _refusal(call, fields, error)
        status = {"status": "success"} if result.has_status else {}
        return replace(result.effects, response=encode_response({**result.value, **status}, fields.get("format")))

    return handler


def _refusal(call: Call, fields: Fields, error: ApiError) -> Effects:
    status = error.status or _error_status(call.context.dialects)
    response = encode_response(_failure([error.item], error.warnings), fields.get("format"), status)
    return Effects(response=response, entries=error.entries, summary={"errors": [error.code]}, refused=True)


def _failure(items: Sequence[ErrorItem], warnings: Sequence[ErrorItem] = ()) -> dict[str, object]:
    """Return the body of a refusal."""
    return {**({"warnings": warnings} if warnings else {}), "errors": items, "status": "failure"}


def _error_status(dialects: Mapping[str, str], kind: str = "") -> int:
    """Return the HTTP status of a refusal. Without a known sandbox it is that of the default dialect."""
    if dialects.get("error_status") != "400":
        return 200
    return 401 if kind == "unauthorized" else 400


def problem_response(problem: Problem) -> Response:
    """Return the response to a request that was refused before it reached a command."""
    status = _STATUSES.get(problem.kind) or _error_status(problem.dialects, problem.kind)
    # assumed: an HTTP server refuses such a body before the service sees it.
    status = problem.status if problem.is_about_encoding else status
    format_ = problem.params.get("format", problem.defaults.get("format"))
    return encode_response(_failure(_problem_errors(problem)), format_, status)


def _problem_errors(problem: Problem) -> Sequence[ErrorItem]:
    command_name = (problem.operation or "").removesuffix("_get")
    if problem.kind in _CODES:
        return [error_item(_CODES[problem.kind])]
    if problem.kind == "unsupported_media_type" and not problem.is_about_encoding:
        code = _CODES_WITHOUT_FORM.get(command_name, errors.INVALID_PARAMETER)
        return [error_item(code, "send parameters as a form, application/x-www-form-urlencoded")]
    if not problem.violations:
        return [error_item(errors.INVALID_PARAMETER, problem.detail)]
    return [_field_error(command_name, v.where.partition(".")[2], v.rule, v.message) for v in problem.violations]


def _field_error(command_name: str, name: str, rule: str, message: str) -> ErrorItem:
    is_missing = rule in {"required", "minLength"}
    code = _CODES_BY_MISSING_FIELD.get((command_name, name)) if is_missing else _CODES_BY_WRONG_FIELD.get(name)
    if code is None:
        return error_item(errors.INVALID_PARAMETER, f"{name or 'form'}: {message}")
    return error_item(code)
