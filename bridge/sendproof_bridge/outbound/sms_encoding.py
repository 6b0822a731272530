"""The 7-bit alphabet of SMS (GSM 03.38)."""

import re

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_OTHER = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")


def needs_unicode(text: str) -> bool:
    """Return True if a character is outside the alphabet, which more than halves the length of a message."""
    return _OTHER.search(text) is not None
