"""A page in the documented form is decoded at once. The result is that of the decoder for all other forms."""

import json

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import RemoteCallError
from sendproof_bridge.outbound.http import Response
from sendproof_bridge.outbound.optimove import OptimoveClient

# The documented form has none.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NAMES = ["PHONE", "FIRST_NAME"]
VALUES = st.none() | st.text(max_size=5) | st.sampled_from([2**63, 14, 14.0, True, "14", [], {}, ["a"], [1, "a"]])


@st.composite
def pages(draw):
    """Generate pages of which about half have only documented rows."""
    page = [
        {
            "CustomerID": draw(st.text(max_size=5)),
            "TemplateID": draw(st.integers(-(2**63), 2**63)),
            "ScheduledTime": draw(st.sampled_from(["2026-03-02 09:00:00", "2026-03-02T09:00:00Z"])),
            "CustomerAttributes": draw(st.lists(st.none() | st.text(max_size=5), min_size=2, max_size=2)),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    for row in page if draw(st.booleans()) else ():
        name = draw(st.sampled_from([*row, "AppID", "customerid", "CUSTOMERATTRIBUTE", "Other"]))
        row[name] = draw(VALUES)
    return page


class Service:
    """Responds with one body."""

    def __init__(self, body):
        self.body = body

    def request(self, operation, *_, **__):
        return Response(operation=operation, status=200, headers={}, body=self.body)


def recipients(body):
    """Return the recipients of a page, or the kind of the error."""
    client = OptimoveClient("http://optimove.test", Secret("a-key"), Service(body), lambda: None)
    try:
        return client.send_details(505, "7001", NAMES, 0)
    except RemoteCallError as error:
        return type(error)


@given(pages(), st.booleans())
def test_documented_page_has_the_recipients_of_any_other_form(page, ascii_only):
    body = json.dumps(page, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = recipients(body)
    event("recipients" if isinstance(found, list) else "error")

    assert found == recipients(BYTE_ORDER_MARK + body)


@settings(max_examples=300)
@given(st.data())
def test_damaged_page_has_the_same_result_in_any_form(data):
    row = {
        "TemplateID": 1,
        "ScheduledTime": "2026-03-02 09:00:00",
        "AppID": "é",
        "CustomerAttributes": ["1", "\U0001f44d"],
    }
    body = bytearray(json.dumps([{"CustomerID": "C1", **row}], ensure_ascii=data.draw(st.booleans())).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    assert recipients(bytes(body)) == recipients(BYTE_ORDER_MARK + bytes(body))
