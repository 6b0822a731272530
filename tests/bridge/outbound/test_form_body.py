"""Bodies of forms, compared with the standard library."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.outbound.form_body import form_body, form_fields

TEXTS = st.text() | st.text("%25+ &=~%", max_size=8) | st.lists(st.text(st.characters(codec="ascii"))).map(json.dumps)


@given(st.dictionaries(TEXTS, TEXTS))
def test_form_body_is_the_body_of_the_standard_library(form):
    assert form_body(form) == urlencode(form).encode()


def test_every_ascii_character_is_quoted_as_in_the_standard_library():
    """So many different characters are quoted in another way than a few."""
    form = {"data": "".join(map(chr, range(128)))}

    assert form_body(form) == urlencode(form).encode()


@given(st.text("a%2B5 +&=;", max_size=20) | TEXTS.map(lambda text: urlencode({"number": text, text: ""})))
def test_form_fields_are_those_of_the_standard_library(form):
    assert form_fields(form.encode(), 1_000) == dict(parse_qsl(form, keep_blank_values=True))


@pytest.mark.parametrize("body", [b"a&" * 1_000, b"number=\xff"])
def test_form_that_is_too_long_or_no_text_is_refused(body):
    with pytest.raises(ValueError, match=r"expected at most 1000 fields|can't decode"):
        form_fields(body, 1_000)
