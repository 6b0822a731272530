"""Which e-mails may have the text of another customer for readers without HTML. The judge decides about these."""

import re
from array import array
from collections.abc import Iterator

# As the simulator that records such a text compares it with the HTML.
_LINK = re.compile(r"\b(?:https?|mailto|tel):[^\s()<>\[\]]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# What the placeholders of all providers begin with.
_PLACEHOLDER = re.compile(r"\{\{|%%\|")


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, which are the same in plain text and in HTML."""
    return tuple(_WORD.findall(_LINK.sub(" ", text).casefold()))


def variants_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of a due text with and without the first line, which may be the subject."""
    return words_of(text), words_of(text.partition("\n")[2])


class PlainTexts:
    """The due texts of all customers, by their place among the obligations, and the plain texts that differ from them.

    Only hashes of their words are kept.
    """

    def __init__(self) -> None:
        self._due = (array("q"), array("q"))
        self._places, self._plain = array("q"), array("q")

    def add_due(self, text: str | None, *, is_mail: bool) -> None:
        """Add the text that is due at the next place."""
        for due, words in zip(self._due, variants_of(text) if text and is_mail else (None, None), strict=True):
            due.append(hash(words))

    def add(self, place: int, plain: str) -> bool:
        """Add the plain text of an e-mail to the customer at a place; return True if it has a placeholder."""
        words = hash(words_of(plain))
        if words not in {due[place] for due in self._due}:
            self._places.append(place)
            self._plain.append(words)
        return _PLACEHOLDER.search(plain) is not None

    def mixed_up(self) -> Iterator[int]:
        """Yield the places with a plain text that is due at another place, and those other places."""
        plain, found = set(self._plain), set[int]()
        for place, variants in enumerate(zip(*self._due, strict=True)) if plain else ():
            if not plain.isdisjoint(variants):
                found |= plain.intersection(variants)
                yield place
        yield from (place for place, words in zip(self._places, self._plain, strict=True) if words in found)
