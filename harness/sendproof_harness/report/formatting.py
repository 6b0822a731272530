"""Numbers with their nouns, as people write them."""

_SINGULAR_OF_ENDING = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("s", ""))


def counted(number: int, nouns: str) -> str:
    """`1 delivery`, `2,998 deliveries`; `nouns` is the plural, in regular spelling."""
    if number != 1:
        return f"{number:,} {nouns}"
    for plural, singular in _SINGULAR_OF_ENDING:
        if nouns.endswith(plural):
            return f"1 {nouns.removesuffix(plural)}{singular}"
    return f"1 {nouns}"


def capitalised(text: str) -> str:
    """The same with a capital at its beginning, and the rest as it was; a name of the API stays as it is spelled."""
    first = text.partition(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) else text[:1].upper() + text[1:]
