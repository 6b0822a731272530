"""Numbers and sentences for readers."""

_SINGULAR_ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("s", ""))


def counted(number: int, nouns: str) -> str:
    """Return `1 delivery` or `2,998 deliveries`; `nouns` is a regular plural."""
    if number != 1:
        return f"{number:,} {nouns}"
    for plural, singular in _SINGULAR_ENDINGS:
        if nouns.endswith(plural):
            return f"1 {nouns.removesuffix(plural)}{singular}"
    return f"1 {nouns}"


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless the first word is a name of the API, such as `saveEvent`."""
    first = text.partition(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].upper() + text[1:]
