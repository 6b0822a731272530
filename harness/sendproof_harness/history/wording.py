"""Numbers with their nouns, as readers expect them."""

import re

_SINGULAR_ENDINGS = (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("tuses", "tus"), ("s", ""))
# The words that end the noun itself: `customers of an event`, `webhooks to accept`.
_AFTER_NOUN = re.compile(r" (?:from|of|to|without) .*")


def counted(number: int, nouns: str) -> str:
    """Return `1 delivery` or `2,998 deliveries`; `nouns` is a regular plural."""
    if number != 1:
        return f"{number:,} {nouns}"
    after = _AFTER_NOUN.search(nouns)
    rest = after.group() if after else ""
    return "1 " + _singular(nouns.removesuffix(rest)) + rest


def _singular(noun: str) -> str:
    for plural, singular in _SINGULAR_ENDINGS:
        if noun.endswith(plural):
            return noun.removesuffix(plural) + singular
    return noun
