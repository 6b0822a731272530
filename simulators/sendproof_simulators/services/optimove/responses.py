"""The form of Optimove's successful responses, in the dialects of the sandbox."""

from collections.abc import Mapping, Sequence
from typing import Any

from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.services.optimove.dialects.options import OptimoveOptions
from sendproof_simulators.services.optimove.errors import ApiError

# Members of a response, at any depth, that contain an id or a flag.
_IDS = frozenset(
    {
        "ActionID",
        "CampaignID",
        "ChannelID",
        "Channels",
        "EventID",
        "Id",
        "ListID",
        "RecipientGroupID",
        "TargetGroupID",
        "TemplateID",
    }
)
_FLAGS = frozenset({"IsActive", "IsMultiChannel", "IsRecurrence"})
_RESPONSE_CODE = json_response({"ResponseCode": 200})


def success_response(options: OptimoveOptions) -> Response:
    """Return the response of a function that changes something."""
    return Response() if options.success_body_empty else _RESPONSE_CODE


def object_response(options: OptimoveOptions, value: object, status: int = 200) -> Response:
    """Return the response with one object, or with a token."""
    return json_response(_respell_ids_and_flags(options, value), status=status)


def list_response(options: OptimoveOptions, rows: Sequence[Mapping[str, object]]) -> Response:
    """Return the response with a list. The response with an empty list is an open question."""
    return json_response(_respell_ids_and_flags(options, rows)) if rows else _empty_list_response(options)


def encoded_list_response(options: OptimoveOptions, rows: bytes) -> Response:
    """Return the response with a list that is already JSON, in the dialects of the sandbox."""
    return _empty_list_response(options) if rows == b"[]" else Response(body=rows)


def _empty_list_response(options: OptimoveOptions) -> Response:
    if options.empty_result == "not_found":
        raise ApiError("nothing_found", 404, "Not Found")
    return Response(status=204, content_type="") if options.empty_result == "no_content" else Response(body=b"[]")


def attribute_member(options: OptimoveOptions, values: Sequence[str | None], delimiter: str) -> dict[str, object]:
    """Return the member of a row with the requested attributes; an empty dict if none were requested."""
    if not values:
        return {}
    if options.attributes_joined:
        return {"CustomerAttribute": delimiter.join(value or "" for value in values)}
    return {"CustomerAttributes": list(values)}


def _respell_ids_and_flags(options: OptimoveOptions, value: object) -> object:
    names = (_IDS if options.ids_as_text else frozenset()) | (_FLAGS if options.flags_as_text else frozenset())
    return _respell_as_text(value, "", names) if names else value


def _respell_as_text(value: Any, name: str, names: frozenset[str]) -> object:
    """Return `value`, the member `name`, with all members in `names` as text."""
    if isinstance(value, Mapping):
        return {member: _respell_as_text(item, member, names) for member, item in value.items()}
    if isinstance(value, list | tuple):
        return [_respell_as_text(item, name, names) for item in value]
    if name not in names or value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
