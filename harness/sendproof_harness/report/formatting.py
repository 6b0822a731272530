"""Sentences for readers."""


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless the first word is a name of the API, such as `saveEvent`."""
    first = text.partition(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].upper() + text[1:]
