"""Texts that are kept for the rest of a run, in a quarter of the memory of a list: there are millions of them."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import overload


def packed(texts: Sequence[str]) -> Sequence[str]:
    """Return a compact sequence of the same texts."""
    if texts and texts.count(texts[0]) == len(texts):
        return RepeatedText(texts[0], len(texts))
    return PackedTexts(texts)


class PackedTexts(Sequence[str]):
    """Texts as one block of UTF-8, and the places where they end."""

    __slots__ = ("_block", "_ends")

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._block = b"".join(encoded)
        self._ends = array("I", accumulate(map(len, encoded)))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return list(self)[index]
        place = range(len(self._ends))[index]
        start = self._ends[place - 1] if place else 0
        return self._block[start : self._ends[place]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """Yield the texts; all of them at once take less time than one by one."""
        places = pairwise((0, *self._ends))
        if self._block.isascii():
            text = self._block.decode("ascii")
            return (text[start:end] for start, end in places)
        return (self._block[start:end].decode("utf-8", "surrogatepass") for start, end in places)


class RepeatedText(Sequence[str]):
    """One text, many times."""

    __slots__ = ("_count", "_text")

    def __init__(self, text: str, count: int) -> None:
        self._text, self._count = text, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        places = range(self._count)[index]
        return self._text if isinstance(places, int) else RepeatedText(self._text, len(places))
