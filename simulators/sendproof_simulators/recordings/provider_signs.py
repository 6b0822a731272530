"""The signs of the dialects of the message providers, and of Optimove's metrics, in recorded calls."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qsl

import msgspec

from sendproof_simulators.recordings.shown_call import ShownCall, members

_OK, _BAD_REQUEST = 200, 400
# The code of the warning about invalid numbers.
_INVALID_NUMBER = 3
_Signs = Mapping[str, Callable[[ShownCall], Iterable[str]]]


def _is(call: ShownCall, *operations: str) -> bool:
    """Return True for a successful call of an operation."""
    return call.operation.removesuffix("_get") in operations and call.is_success


# -- Optimove's metrics ------------------------------------------------------------------------------


def _metrics_host(call: ShownCall) -> Iterable[str]:
    prefix, dash, _ = call.call.host.partition("-")
    return (prefix,) if dash and prefix in {"metric", "server"} else ()


def _metrics_success_body(call: ShownCall) -> Iterable[str]:
    if call.status != _OK:
        return ()
    return ("empty",) if call.has_empty_answer else ("status",)


def _signed_text(call: ShownCall) -> Iterable[str]:
    if not call.is_success or call.sent is None:
        return ()
    # A body with spaces that is accepted was signed as it is.
    return ("exact",) if call.call.request.body != msgspec.json.encode(call.sent) else ()


METRICS: _Signs = {
    "host": _metrics_host,
    "success_body": _metrics_success_body,
    "signed_text": _signed_text,
}


# -- Textlocal ---------------------------------------------------------------------------------------


def _variant(call: ShownCall) -> Iterable[str]:
    return {"api.txtlocal.com": ("uk",), "api.textlocal.in": ("india",)}.get(call.call.host, ())


def _error_status(call: ShownCall) -> Iterable[str]:
    if not isinstance(call.answer, dict) or call.answer.get("status") != "failure":
        return ()
    # Other statuses have reasons of their own, such as 413 and 429.
    return (str(call.status),) if call.status in {_OK, _BAD_REQUEST} else ()


def _scheduled_status(call: ShownCall) -> Iterable[str]:
    if not _is(call, "get_scheduled") or not isinstance(call.answer, dict):
        return ()
    return ("present",) if "status" in call.answer else ("absent",)


def _optouts_reply(call: ShownCall) -> Iterable[str]:
    answer = call.answer if _is(call, "get_optouts") and isinstance(call.answer, dict) else {}
    return [name for name in ("optouts", "contacts") if name in answer]


def _shorturl_reply(call: ShownCall) -> Iterable[str]:
    if not _is(call, "create_shorturl") or not isinstance(call.answer, dict):
        return ()
    link = call.answer.get("shorturl")
    return ("text",) if isinstance(link, str) else ("object",) if isinstance(link, dict) else ()


def _batch_counters(call: ShownCall) -> Iterable[str]:
    if not _is(call, "status_batch") or not isinstance(call.answer, dict):
        return ()
    return ("num_expired",) if "num_expired" in call.answer else ("without",)


def _test_ids(call: ShownCall) -> Iterable[str]:
    answer = call.answer if _is(call, "send") and isinstance(call.answer, dict) else {}
    if not answer.get("test_mode"):
        return ()
    return ("ones",) if answer.get("batch_id") in {99, "99"} else ("as_sent",)


def _bulk_ids(call: ShownCall) -> Iterable[str]:
    answer = call.answer if _is(call, "bulk_json") and isinstance(call.answer, dict) else {}
    rows = [value for name, value in members(answer.get("messages")) if name == "messages"]
    ids = [value for row in rows for name, value in members(row) if name == "id"]
    return ("as_sent",) if ids and isinstance(ids[0], str) else ("swapped",) if ids else ()


def _warning_numbers(call: ShownCall) -> Iterable[str]:
    answer = call.answer if _is(call, "send") and isinstance(call.answer, dict) else {}
    warnings = answer.get("warnings")
    invalid = [
        warning
        for warning in (warnings if isinstance(warnings, list) else ())
        if isinstance(warning, dict) and warning.get("code") == _INVALID_NUMBER
    ]
    return ("present" if any("numbers" in warning for warning in invalid) else "absent",) if invalid else ()


def _receipt(call: ShownCall) -> Mapping[str, str]:
    if not call.is_callback:
        return {}
    return dict(parse_qsl(call.call.request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _expired_receipts(call: ShownCall) -> Iterable[str]:
    return ("pushed",) if _receipt(call).get("status") == "E" else ()


def _plus_numbers(call: ShownCall) -> Iterable[str]:
    fields = dict(parse_qsl(call.call.request.body.decode("utf-8", "replace")))
    is_single = _is(call, "send") and "," not in fields.get("numbers", "") and "warnings" not in (call.answer or {})
    return ("understood",) if is_single and fields.get("numbers", "").startswith("+") else ()


_TEXTLOCAL: _Signs = {
    "variant": _variant,
    "error_status": _error_status,
    "scheduled_status": _scheduled_status,
    "optouts_reply": _optouts_reply,
    "shorturl_reply": _shorturl_reply,
    "batch_counters": _batch_counters,
    "test_ids": _test_ids,
    "bulk_ids": _bulk_ids,
    "warning_numbers": _warning_numbers,
    "expired_receipts": _expired_receipts,
    "plus_numbers": _plus_numbers,
}


# -- Delivyr and Xtremepush --------------------------------------------------------------------------


def _delivyr_reply(call: ShownCall) -> Iterable[str]:
    if not _is(call, "sendSms") or not isinstance(call.answer, dict):
        return ()
    return ("with_id",) if "message_id" in call.answer else ("bare",)


def _xtremepush_status(call: ShownCall) -> Iterable[str]:
    code = call.answer.get("code") if isinstance(call.answer, dict) else None
    if call.is_callback or not isinstance(code, int) or code == _OK:
        return ()
    return ("follows_code",) if code == call.status else ("always_200",) if call.status == _OK else ()


def _failure_event(call: ShownCall) -> Iterable[str]:
    sent = call.sent if call.is_callback and isinstance(call.sent, dict) else {}
    return ("message_error",) if sent.get("event") == "message_error" else ()


PROVIDERS: Mapping[str, _Signs] = {
    "textlocal": _TEXTLOCAL,
    "delivyr": {"reply": _delivyr_reply},
    "xtremepush": {"http_status": _xtremepush_status, "failure_event": _failure_event},
}
