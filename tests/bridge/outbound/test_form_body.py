"""Bodies of forms, compared with the standard library."""

import json
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.outbound.form_body import form_body

TEXTS = st.text() | st.text("%25+ &=~%", max_size=8) | st.lists(st.text(st.characters(codec="ascii"))).map(json.dumps)


@given(st.dictionaries(TEXTS, TEXTS))
def test_form_body_is_the_body_of_the_standard_library(form):
    assert form_body(form) == urlencode(form).encode()


def test_every_ascii_character_is_quoted_as_in_the_standard_library():
    """So many different characters are quoted in another way than a few."""
    form = {"data": "".join(map(chr, range(128)))}

    assert form_body(form) == urlencode(form).encode()
