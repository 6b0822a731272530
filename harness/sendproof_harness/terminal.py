"""Consoles and texts of rich that show what other parties sent, as `output` does, and obey none of it."""

from collections.abc import Iterable
from typing import Any, Self, TextIO

import rich.text
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from sendproof_harness.output import visible


class Text(rich.text.Text):
    """Text for a terminal. The base class drops some control characters, which readers then never see."""

    def __init__(self, text: str = "", *arguments: Any, **options: Any) -> None:
        super().__init__(visible(text), *arguments, **options)

    def append(self, text: "rich.text.Text | str", style: Any = None) -> Self:
        super().append(visible(text) if isinstance(text, str) else text, style)
        return self

    @classmethod
    def assemble(cls, *parts: Any, **options: Any) -> Self:
        """Return the parts as one text; a part may be a pair of text and style."""
        assembled: Any = super().assemble(*parts, **options)
        return assembled  # type: ignore[no-any-return]  # of this class, which rich does not declare


class Terminal(Console):
    """A console on stdout, or on another file, that takes all text literally: `[red]` is no colour."""

    def __init__(self, file: TextIO | None = None, width: int | None = None) -> None:
        super().__init__(file=file, width=width, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> rich.text.Text:
        """Return the text with escapes, before it is laid out."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the parts with escapes; only rich's own control sequences stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
