"""The 7-bit alphabet of SMS."""

import pytest

from sendproof_bridge.outbound.sms_encoding import needs_unicode


def test_gsm_alphabet_needs_no_unicode():
    assert not needs_unicode("Hello Jürgen, £5 or 6€ [off] {now}\n")


@pytest.mark.parametrize("text", ["Zażółć", "naïve", "😀", "“quoted”"])
def test_other_characters_need_unicode(text):
    assert needs_unicode(text)
