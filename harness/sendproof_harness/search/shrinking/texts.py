"""Edits of the texts of templates: fewer words."""

import re
from collections.abc import Collection
from typing import Any

from sendproof_harness.scenario.document import Document
from sendproof_harness.search.shrinking.edits import edited

# A placeholder is one word, whatever stands in it.
_WORD = re.compile(r"\{\{.*?\}\}|[^\s{]+|\s+|\{")
#: A text without any property of its own.
SHORTEST = "Hello"


def words(document: Document) -> list[tuple[int, int]]:
    """Return all words of all templates, each as the position of its template and of itself."""
    return [
        (index, number)
        for index, template in enumerate(document["templates"])
        if template["body"] != SHORTEST
        for number, _ in enumerate(_words(template["body"]))
    ]


def with_words(document: Document, kept: Collection[tuple[int, int]]) -> dict[str, Any]:
    """Return the document with these words of its templates, and with a short text where none is left."""

    def keep(content: dict[str, Any]) -> None:
        for index, template in enumerate(content["templates"]):
            left = [word for number, word in enumerate(_words(template["body"])) if (index, number) in kept]
            template["body"] = "".join(left).strip() or SHORTEST

    return edited(document, keep)


def _words(body: str) -> list[str]:
    """Return the words, each with the spaces before it."""
    joined: list[str] = []
    spaces = ""
    for word in _WORD.findall(body):
        if word.isspace():
            spaces += word
        else:
            joined.append(spaces + word)
            spaces = ""
    return joined
