"""The one source of chance: every draw is a pure function of the seed and of what it is drawn for.

Drawing by name instead of from a stream means that the order of requests cannot change a result.
"""

from hashlib import blake2b

_WIDTH = 2**64


class Chance:
    """Named, repeatable draws. Two draws with the same seed and path are equal."""

    __slots__ = ("_key", "seed")

    def __init__(self, seed: int) -> None:
        """Hash the seed first: consecutive seeds must not give related draws."""
        self.seed = seed
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()

    def fraction(self, *path: object) -> float:
        """A number from 0 up to but not including 1."""
        return (self._word(path) >> 11) / (1 << 53)

    def below(self, n: int, *path: object) -> int:
        """A whole number from 0 to n - 1."""
        return self._word(path) * n // _WIDTH

    def token(self, length: int, *path: object) -> str:
        """`length` lower-case hexadecimal digits, at most 128."""
        return self._digest(path, 64).hex()[:length]

    def _word(self, path: tuple[object, ...]) -> int:
        return int.from_bytes(self._digest(path, 8), "big")

    def _digest(self, path: tuple[object, ...], size: int) -> bytes:
        text = "\x1f".join(map(str, path)).encode()
        return blake2b(text, digest_size=size, key=self._key).digest()
