"""Parts of a text, from tables that were calculated by hand from 3GPP TS 23.038 and TS 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendproof_simulators.core.messaging.sms import Parts, count_parts, is_gsm


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Parts("gsm", 0, 1)),
        ("x" * 160, Parts("gsm", 160, 1)),
        ("x" * 161, Parts("gsm", 161, 2)),
        ("x" * 306, Parts("gsm", 306, 2)),
        ("x" * 307, Parts("gsm", 307, 3)),
        ("x" * 765, Parts("gsm", 765, 5)),
        ("€" * 80, Parts("gsm", 160, 1)),
        ("€" * 81, Parts("gsm", 162, 2)),
        ("€" * 152, Parts("gsm", 304, 2)),
        ("€" * 153, Parts("gsm", 306, 3)),  # the 77th does not fit after 152 units, so it begins the next part
        ("x" * 152 + "€" + "x" * 152, Parts("gsm", 306, 3)),
        ("日" * 70, Parts("ucs2", 70, 1)),
        ("日" * 71, Parts("ucs2", 71, 2)),
        ("日" * 134, Parts("ucs2", 134, 2)),
        ("日" * 135, Parts("ucs2", 135, 3)),
        ("😀" * 35, Parts("ucs2", 70, 1)),
        ("😀" * 36, Parts("ucs2", 72, 2)),
        ("😀" * 66, Parts("ucs2", 132, 2)),
        ("😀" * 67, Parts("ucs2", 134, 3)),  # 33 a part: the 34th would be split
    ],
)
def test_parts_at_each_limit_and_one_past_it(text, expected):
    """Both alphabets, single and multipart, with characters of one and two units."""
    assert count_parts(text) == expected


def test_forced_unicode_has_the_limits_of_ucs2():
    assert count_parts("x" * 71, unicode=True) == Parts("ucs2", 71, 2)


@pytest.mark.parametrize(
    ("text", "expected"), [("Zoë", False), ("José", True), ("[{~}]", True), ("ç", False), ("Ç", True)]
)
def test_gsm_alphabet_has_some_accented_letters(text, expected):
    """It has é but not ë, and a capital Ç but not a small one."""
    assert is_gsm(text) is expected


@given(st.text(alphabet="a€é日😀", max_size=700))
def test_parts_waste_at_most_one_unit_each(text):
    counted = count_parts(text)
    multipart = 153 if counted.encoding == "gsm" else 67
    if counted.parts > 1:
        assert -(-counted.units // multipart) <= counted.parts <= -(-counted.units // (multipart - 1))
