"""Response bodies as JSON, or as XML for `format=xml`.

documented: https://api.txtlocal.com/docs/ and https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages:
everything is inside `response`; a list is an element with one element per item (`<errors><error>`, `<inboxes><inbox>`).
assumed: items that no document shows are named by the same rule.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from sendproof_simulators.core.http import Response, json_response

_ITEM_NAMES = {"messages_not_sent": "message", "scheduled": "schedule", "inboxes": "inbox"}
# XML 1.0 cannot represent these characters, but a text may contain them.
_UNREPRESENTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def encode_response(value: Mapping[str, object], format_: object, status: int = 200) -> Response:
    """Return `value` in the requested format: XML for `xml`, JSON for anything else."""
    if format_ != "xml":
        return json_response(value, status)
    body = '<?xml version="1.0" encoding="UTF-8" ?>\n' + "".join(_xml_element("response", value))
    return Response(status=status, body=body.encode(), content_type="application/xml")


def _xml_element(name: str, value: object) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _xml_element(str(key), item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _xml_element(_item_name(name), item)
    else:
        yield _xml_text(value)
    yield f"</{name}>"


def _item_name(name: str) -> str:
    return _ITEM_NAMES.get(name, name.removesuffix("s"))


def _xml_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_UNREPRESENTABLE.sub("\ufffd", str(value)))
