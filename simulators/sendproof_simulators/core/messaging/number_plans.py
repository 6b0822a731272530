"""The mobile numbers that customers have, country by country, and how a client's records spell them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """The numbers of one country in a row: digits with country code, `block` neighbours from each of `firsts` on.

    `national` is what stands before the rest when the country's own people write a number; `double_zero` is how
    others spell it who dial 00 for abroad.
    """

    country: str
    code: str
    firsts: tuple[int, ...]
    block: int
    national: str
    double_zero: str

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return len(self.firsts) * self.block

    def number(self, place: int) -> str:
        """The number at one place of the row: valid in the country."""
        block, rest = divmod(place, self.block)
        return str(self.firsts[block] + rest)

    def nationally(self, number: str) -> str:
        """`07123456789`, `2125550123`: as it is dialled inside the country."""
        return self.national + number[len(self.code) :]

    def from_abroad(self, number: str) -> str:
        """`0044 7123456789`, `001 2125550123`."""
        return f"{self.double_zero} {number[len(self.code) :]}"


# Area codes of large cities, none of them shared with Canada.
# documented: https://www.nationalnanpa.com (area codes in service).
_AREAS = """
    202 205 206 212 213 214 215 216 217 301 303 305 310 312 313 314 317 323 404 405 408 410 412
    414 415 480 501 502 503 504 505 512 513 515 602 612 615 617 619 702 703 704 713 718 801 808
""".split()  # noqa: SIM905 - fifty quoted words would hide what they are
# An exchange begins with 2 to 9; N11 are service codes. 555 is kept apart for directory services and for invented
# numbers, and ours are invented, too: those that dial a receipt. documented: https://www.nationalnanpa.com
_EXCHANGES = [str(code) for code in range(200, 1000) if code % 100 != 11 and code != 555]  # noqa: PLR2004 - digits

NUMBERINGS: Mapping[str, Numbering] = {
    "GB": Numbering(
        country="GB",
        code="44",
        firsts=(447_100_000_000,),
        block=300_000_000,
        national="0",
        double_zero="0044",
    ),
    "US": Numbering(
        country="US",
        code="1",
        firsts=tuple(int(f"1{area}{exchange}0000") for area, exchange in product(_AREAS, _EXCHANGES)),
        block=10_000,
        national="",
        double_zero="001",
    ),
}
