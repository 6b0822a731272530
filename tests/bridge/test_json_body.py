"""JSON bodies. Python's own decoder reads what msgspec cannot; for all others both give the same."""

import json

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sendproof_bridge.json_body import decode_json

# msgspec does not accept it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", 10**30, 1e300])
)
VALUES = st.recursive(SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=8)


@st.composite
def bodies(draw):
    """Generate JSON in few or in about a hundred levels, of which some has another byte."""
    levels = draw(st.sampled_from([0, 0, 98, 99, 100, 101, 1_500]))
    text = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    body = bytearray(b"[" * levels + text + b"]" * levels)
    for index in draw(st.lists(st.integers(0, len(body) - 1), max_size=1)):
        body[index] = draw(st.integers(0, 255))
    return bytes(body)


def decoded(body):
    """Return the value in a form that tells 1 from True and 1.0, or the kind of the error."""
    try:
        return repr(decode_json(body))
    except ValueError as error:
        return type(error)


@settings(max_examples=300)
@given(bodies())
def test_both_decoders_give_the_same(body):
    found = decoded(body)
    event("value" if isinstance(found, str) else "error")

    assert found == decoded(BYTE_ORDER_MARK + body)
