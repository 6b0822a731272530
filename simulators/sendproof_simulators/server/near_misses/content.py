"""What differs in the content type of a body, or between the body and its content type."""

import re
from collections.abc import Iterator

from sendproof_simulators.core.contracts import FORM, JSON, Body, Operation
from sendproof_simulators.core.http import Request

_UNSUPPORTED_MEDIA_TYPE = 415
_JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_FORM_START = re.compile(rb"[A-Za-z0-9_.%\[\]-]+=[^{\"]*")
_NAMES = {JSON: "JSON", FORM: "a form"}


def differences(meant: Operation, request: Request, status: int, *, known: bool) -> Iterator[str]:
    """Yield how the body of a refused request differs from what the operation reads.

    A service reads several types: only with status 415, or if the credential was not found, its type explains the
    refusal.
    """
    body = meant.body
    if body is None or not request.body:
        return
    sent = request.headers.get("content-type", "")
    media_type = sent.partition(";")[0].strip().lower()
    if media_type != body.content_type and (status == _UNSUPPORTED_MEDIA_TYPE or (sent and not known)):
        yield f"you sent {_shown(sent)}, {meant.id} wants {body.content_type}"
    elif _is_other_kind(body, request.body[:1_000]):
        yield f"the body is {_other_kind(body)}, {meant.id} wants {_NAMES[body.content_type]}"


def _is_other_kind(body: Body, start: bytes) -> bool:
    if body.content_type == JSON:
        return _FORM_START.match(start) is not None
    return body.content_type == FORM and _JSON_START.match(start) is not None


def _other_kind(body: Body) -> str:
    return _NAMES[FORM] if body.content_type == JSON else _NAMES[JSON]


def _shown(content_type: str) -> str:
    return content_type[:100] or "no content type"
