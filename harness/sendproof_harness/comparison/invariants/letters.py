"""Other names with the same spelling rules: each letter becomes another one of its kind.

Kinds are vowels and consonants, small and capital, with and without accents. So a new name has the length of the old
one, needs the same alphabet of SMS, and the same bytes in every encoding. All other characters stay: spaces, hyphens,
apostrophes, and letters outside of Latin.
"""

# The accented letters of the alphabet of SMS are apart from the others. Without its accent, the letter after an
# accented one is not the one after the plain letter: a bridge that removes accents must not seem right.
_KINDS = (
    "aeiou",
    "AEIOU",
    "bcdfghjklmnpqrstvwxyz",
    "BCDFGHJKLMNPQRSTVWXYZ",
    "àìùèòéäüöåøæ",
    "ÄÜÖÅØÆÉ",
    "áíúêôãóëâûîïýÿõ",
    "ÀÌÙÈÒÁÍÚÊÔÃÓËÂÛÎÏÝÕ",
    "ćńśźčšžłř",
    "ĆŃŚŹČŠŽŁŘ",
)
_NEXT = {ord(letter): kind[(place + 1) % len(kind)] for kind in _KINDS for place, letter in enumerate(kind)}


def other_letters(text: str) -> str:
    """Return the text with each letter replaced by the next one of its kind; different texts stay different."""
    return text.translate(_NEXT)
