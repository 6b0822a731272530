"""The 7-bit alphabet of SMS (GSM 03.38)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_ALPHABET = frozenset(_BASIC + _EXTENSION)


def needs_unicode(text: str) -> bool:
    """Return True if a character is outside the alphabet, which more than halves the length of a message."""
    return not _ALPHABET.issuperset(text)
