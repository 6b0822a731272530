"""The signs of Optimove's dialects in recorded calls and events."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sendproof_simulators.recordings.shown_call import ShownCall, members

_PAGE = "GetCustomerSendDetailsByChannel"
_ID_MEMBERS = frozenset({"TemplateID", "CampaignID", "ChannelID", "PlanID", "EventTypeID"})
#: Functions that change something and return nothing of their own.
_CHANGES = frozenset({
    "RegisterEventListener", "UnregisterEventListener", "AddChannelTemplates", "DeleteChannelTemplates",
    "AddChannelApps", "DeleteChannelApps", "SetCustomerChannelPreference", "UpdateCampaignMetrics",
    "UpdateCampaignInteractions",
})  # fmt: skip
_OK, _ACCEPTED, _NO_CONTENT, _NOT_FOUND, _NOT_ALLOWED, _TOO_MANY = 200, 202, 204, 404, 405, 429
_SERVER_ERROR, _UNAUTHORIZED = 500, 401
_TRIGGER = 11
# Documents describe a listener of a channel for the other events only.
_EVENTS_OF_ALL_CHANNELS = (1, 2, 3, 4)
_PAGE_SIZES = (10_000, 20_000, 200_000)
_LATER_METRICS = frozenset({7, 8})


def _empty_result(call: ShownCall) -> Iterable[str]:
    if call.status == _NO_CONTENT:
        return ("no_content",)
    if call.status == _OK and call.answer == []:
        return ("list",)
    is_past_end = call.operation == _PAGE and int(_number(call.query("$skip"))) > 0
    return ("not_found",) if call.status == _NOT_FOUND and is_past_end else ()


def _success_body(call: ShownCall) -> Iterable[str]:
    if call.operation not in _CHANGES or call.status != _OK:
        return ()
    if call.has_empty_answer:
        return ("empty",)
    return ("response_code",) if isinstance(call.answer, dict) and "ResponseCode" in call.answer else ()


def _id_type(call: ShownCall) -> Iterable[str]:
    return _of_members(call, lambda name, value: name in _ID_MEMBERS and value not in {None, ""}, int, "numbers")


def _flag_type(call: ShownCall) -> Iterable[str]:
    return _of_members(call, lambda name, value: name.startswith("Is") and value is not None, bool, "booleans")


def _of_members(call: ShownCall, is_meant: Callable[[str, Any], bool], kind: type, option: str) -> Iterable[str]:
    """Return the option if a member has this type, and `text` if it is text."""
    if call.is_callback or not call.is_success:
        return ()
    found = [value for name, value in members(call.answer) if is_meant(name, value)]
    if any(type(value) is kind for value in found):
        return (option,)
    return ("text",) if any(isinstance(value, str) for value in found) else ()


def _attributes_shape(call: ShownCall) -> Iterable[str]:
    if call.is_callback:
        return ()
    shown = dict(members(call.answer))
    if isinstance(shown.get("CustomerAttributes"), list):
        return ("array",)
    return ("joined",) if isinstance(shown.get("CustomerAttribute"), str) else ()


def _execution_time_name(call: ShownCall) -> Iterable[str]:
    if call.operation != "GetCustomerExecutionDetailsByCampaign":
        return ()
    names = {name for name, _ in members(call.answer)}
    return [name for name in ("ScheduleTime", "ScheduledTime") if name in names]


def _attribute_update_status(call: ShownCall) -> Iterable[str]:
    is_update = call.operation == "UpdateCustomerAttributes"
    return (str(call.status),) if is_update and call.status in {_OK, _ACCEPTED} else ()


def _attribute_update_body(call: ShownCall) -> Iterable[str]:
    if call.operation != "UpdateCustomerAttributes" or not call.is_success:
        return ()
    return ("request_id",) if "requestId" in dict(members(call.answer)) else ("empty",)


def _api_key_info(call: ShownCall) -> Iterable[str]:
    if call.operation != "ApiKeyInfo" or not call.is_success:
        return ()
    return ("array",) if isinstance(call.answer, list) else ("object",) if isinstance(call.answer, dict) else ()


def _listener_channel(call: ShownCall) -> Iterable[str]:
    if call.operation != "GetRegisteredEventListeners" or not isinstance(call.answer, list):
        return ()
    listeners = [item for item in call.answer if isinstance(item, dict)]
    if any("ChannelID" in item and item["ChannelID"] is None for item in listeners):
        return ("null",)
    return ("absent",) if any("ChannelID" not in item for item in listeners) else ()


def _retry_after(call: ShownCall) -> Iterable[str]:
    if call.status != _TOO_MANY:
        return ()
    return ("absent",) if call.header("retry-after") is None else ("seconds",)


def _page_maximum(call: ShownCall) -> Iterable[str]:
    if call.operation != _PAGE or not isinstance(call.answer, list):
        return ()
    rows, asked = len(call.answer), int(_number(call.query("$top")))
    if rows in _PAGE_SIZES and asked > rows:
        return (str(rows),)
    return [str(size) for size in _PAGE_SIZES if size >= rows] if rows > _PAGE_SIZES[0] else ()


def _paging_names(call: ShownCall) -> Iterable[str]:
    if call.operation != _PAGE or not isinstance(call.answer, list) or call.query("$top") is not None:
        return ()
    asked = int(_number(call.query("top")))
    if not asked:
        return ()
    return ("both",) if len(call.answer) == asked else ("dollar_only",) if len(call.answer) > asked else ()


def _row_order(call: ShownCall) -> Iterable[str]:
    if call.operation != _PAGE or not isinstance(call.answer, list):
        return ()
    ids = [str(value) for name, value in members(call.answer) if name == "CustomerID"]
    if len(set(ids)) < 2:  # noqa: PLR2004 - one row has no order
        return ()
    return [name for name, rows in (("ascending", sorted(ids)), ("descending", sorted(ids)[::-1])) if ids == rows]


def _metric_ids(call: ShownCall) -> Iterable[str]:
    if call.operation != "UpdateCampaignMetrics" or call.status == 0:
        return ()
    if not _LATER_METRICS & {value for name, value in members(call.sent) if name == "MetricID"}:
        return ()
    return ("all",) if call.is_success else ()


def _event_1_channel(call: ShownCall) -> Iterable[str]:
    if call.operation != "RegisterEventListener" or not isinstance(call.sent, dict):
        return ()
    sent = {name.lower(): value for name, value in call.sent.items()}
    is_meant = sent.get("eventtypeid") in _EVENTS_OF_ALL_CHANNELS and sent.get("channelid") is not None
    return ("accepted",) if is_meant and call.is_success else ()


def _login_failure(call: ShownCall) -> Iterable[str]:
    is_failed = call.operation == "Login" and call.status in {_UNAUTHORIZED, _SERVER_ERROR}
    return (str(call.status),) if is_failed else ()


def _unknown_path(call: ShownCall) -> Iterable[str]:
    is_unknown = not call.is_callback and not call.operation and call.status in {_NOT_FOUND, _NOT_ALLOWED}
    return (str(call.status),) if is_unknown else ()


# -- events ------------------------------------------------------------------------------------------


def _event(call: ShownCall) -> tuple[Mapping[str, Any], bool]:
    """Return the members of an event, and True for event 11; no members for another call."""
    sent = call.sent if call.is_callback else None
    if not isinstance(sent, dict):
        return {}, False
    names = {name.lower(): value for name, value in sent.items()}
    is_trigger = names.get("eventtypeid") in {_TRIGGER, str(_TRIGGER)} or "triggername" in names
    is_event = "eventtypeid" in names or is_trigger
    return (sent if is_event else {}), is_trigger


def _event_keys(call: ShownCall) -> Iterable[str]:
    event, is_trigger = _event(call)
    spellings: Mapping[str, tuple[str, ...]] = {
        "CampaignID": ("pascal",) if is_trigger else ("as_seen", "pascal"),
        "campaignID": ("as_seen", "camel_id") if is_trigger else ("camel_id",),
        "campaignId": ("camel",),
    }
    return next((options for name, options in spellings.items() if name in event), ())


def _personal_info(call: ShownCall) -> Iterable[str]:
    event, is_trigger = _event(call)
    if not is_trigger:
        return ()
    names = {name.lower(): value for name, value in event.items()}
    personalization = names.get("personalization")
    info = personalization.get("personalInfo") if isinstance(personalization, dict) else None
    return ("present",) if info else ("absent",)


def _trigger_event_type(call: ShownCall) -> Iterable[str]:
    event, is_trigger = _event(call)
    if not is_trigger:
        return ()
    return ("present",) if "eventtypeid" in {name.lower() for name in event} else ("absent",)


def _number(text: str | None) -> str:
    return text if text is not None and text.isdecimal() else "0"


OPTIMOVE: Mapping[str, Callable[[ShownCall], Iterable[str]]] = {
    "empty_result": _empty_result,
    "success_body": _success_body,
    "id_type": _id_type,
    "flag_type": _flag_type,
    "attributes_shape": _attributes_shape,
    "execution_time_name": _execution_time_name,
    "attribute_update_status": _attribute_update_status,
    "attribute_update_body": _attribute_update_body,
    "api_key_info": _api_key_info,
    "listener_channel": _listener_channel,
    "retry_after": _retry_after,
    "page_maximum": _page_maximum,
    "paging_names": _paging_names,
    "row_order": _row_order,
    "metric_ids": _metric_ids,
    "event_1_channel": _event_1_channel,
    "login_failure": _login_failure,
    "unknown_path": _unknown_path,
    "event_keys": _event_keys,
    "personal_info": _personal_info,
    "trigger_event_type": _trigger_event_type,
}
