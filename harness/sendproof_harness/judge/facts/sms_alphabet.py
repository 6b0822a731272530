"""The 7-bit alphabet of SMS: GSM-7 with its extension."""

# documented: 3GPP TS 23.038, 6.2.1
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    "\f^{}\\[~]|€"
)


def is_gsm(text: str) -> bool:
    """Return True if the 7-bit alphabet has every character of the text."""
    return _GSM_7.issuperset(text)
