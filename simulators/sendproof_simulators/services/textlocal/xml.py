"""Replies as JSON, or as XML for `format=xml`.

documented: https://api.txtlocal.com/docs/ and https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages:
all in `response`, a list as an element around one element an item (`<errors><error>`, `<inboxes><inbox>`). The
names of items nobody shows are assumed to follow that rule.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from sendproof_simulators.core.http import Response, json_response

_SINGULAR = {"messages_not_sent": "message", "scheduled": "schedule", "inboxes": "inbox"}
# XML 1.0 has no way to write these; a text may hold them all the same.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def formatted(value: Mapping[str, object], format_: object, status: int = 200) -> Response:
    """`value` in the form that was asked for; anything but `xml` is JSON."""
    if format_ != "xml":
        return json_response(value, status)
    body = '<?xml version="1.0" encoding="UTF-8" ?>\n' + "".join(_element("response", value))
    return Response(status=status, body=body.encode(), content_type="application/xml")


def _element(name: str, value: object) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _element(str(key), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _element(_singular(name), item)
    else:
        yield _text(value)
    yield f"</{name}>"


def _singular(name: str) -> str:
    return _SINGULAR.get(name, name.removesuffix("s"))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_UNWRITABLE.sub("\ufffd", str(value)))
