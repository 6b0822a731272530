"""The form of Optimove's answers: the one place that knows which of several forms a sandbox was told to speak."""

from collections.abc import Mapping, Sequence
from typing import Any

from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.errors import RefusedError

# Members that hold an id or a flag, wherever they stand in an answer.
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
_OLD_SUCCESS = json_response({"ResponseCode": 200})


def done(context: SandboxContext) -> Response:
    """Success of a function that changes something."""
    return Response() if context.dialects["success_body"] == "empty" else _OLD_SUCCESS


def details(context: SandboxContext, value: object, status: int = 200) -> Response:
    """One object, or a token."""
    return json_response(_spoken(context, value), status=status)


def listed(context: SandboxContext, rows: Sequence[Mapping[str, object]]) -> Response:
    """A list; how an empty one is told is an open question."""
    return json_response(_spoken(context, rows)) if rows else empty(context)


def encoded(context: SandboxContext, rows: bytes) -> Response:
    """A list that was encoded before, in the form that the sandbox speaks."""
    return empty(context) if rows == b"[]" else Response(body=rows)


def empty(context: SandboxContext) -> Response:
    """There is nothing to list."""
    how = context.dialects["empty_result"]
    if how == "not_found":
        raise RefusedError("not_found", 404, "Not Found")
    return Response(status=204, content_type="") if how == "no_content" else Response(body=b"[]")


def attributes(context: SandboxContext, values: Sequence[str | None], delimiter: str) -> dict[str, object]:
    """The member of a row that holds the attributes asked for; nothing when none were."""
    if not values:
        return {}
    if context.dialects["attributes_shape"] == "joined":
        return {"CustomerAttribute": delimiter.join(value or "" for value in values)}
    return {"CustomerAttributes": list(values)}


def _spoken(context: SandboxContext, value: object) -> object:
    ids_as_text = context.dialects["id_type"] == "text"
    flags_as_text = context.dialects["flag_type"] == "text"
    if not (ids_as_text or flags_as_text):
        return value
    return _respell(value, "", (_IDS if ids_as_text else frozenset()) | (_FLAGS if flags_as_text else frozenset()))


def _respell(value: Any, name: str, as_text: frozenset[str]) -> object:
    if isinstance(value, Mapping):
        return {key: _respell(item, key, as_text) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_respell(item, name, as_text) for item in value]
    if name not in as_text or value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
