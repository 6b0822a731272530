"""Sentences for readers."""


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless the first word is a name of the API, such as `saveEvent`."""
    first = text.partition(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].upper() + text[1:]


def as_sentence(text: str) -> str:
    """Return the text with a capital and one full stop; a text that quotes a program may end with one already."""
    return f"{capitalised(text).rstrip('.')}."
