"""Edits of the texts of templates, also those that steps change: fewer words."""

import re
from collections.abc import Collection
from typing import Any

from sendproof_harness.scenario.document import Document
from sendproof_harness.search.shrinking.edits import edited

# A placeholder is one word, whatever stands in it.
_WORD = re.compile(r"\{\{[^{}]*+\}\}|[^\s{]+|\s+|\{")
#: Texts without any property of their own: of a template from the start, and of one that a step adds or changes.
SHORTEST, SHORTEST_LATER = "Hello", "Goodbye"
# Steps that give a text to a template.
_STEPS = ("add_template", "change_template")


def words(document: Document) -> list[tuple[int, int]]:
    """Return all words of all texts, each as the position of its text and of itself.

    The texts are those of the templates, and then those that steps give to templates.
    """
    return [
        (index, number)
        for index, (place, shortest) in enumerate(_places(document))
        if place["body"] != shortest
        for number, _ in enumerate(_words(place["body"]))
    ]


def with_words(document: Document, kept: Collection[tuple[int, int]]) -> dict[str, Any]:
    """Return the document with these words of its texts, and with a short text where none is left."""

    def keep(content: dict[str, Any]) -> None:
        for index, (place, shortest) in enumerate(_places(content)):
            left = [word for number, word in enumerate(_words(place["body"])) if (index, number) in kept]
            place["body"] = "".join(left).strip() or shortest

    return edited(document, keep)


def _places(document: Document) -> list[tuple[Any, str]]:
    """Return the templates, and the steps that have the text of one, each with its shortest text."""
    later = (step[key] for step in document["steps"] for key in _STEPS if key in step)
    return [*((template, SHORTEST) for template in document["templates"]), *((step, SHORTEST_LATER) for step in later)]


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
