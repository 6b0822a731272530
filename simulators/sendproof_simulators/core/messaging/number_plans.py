"""The mobile numbers of customers by country, and the spellings of them in a client's records."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

#: The spellings of a number in a client's records, by name.
SPELLINGS = ("plus", "national", "double_zero", "digits", "spaces", "punctuation")
PLUS = "plus"
#: The shares of spellings in an audience whose scenario names none; the rest have + and digits. assumed.
DEFAULT_SPELLINGS: Mapping[str, float] = {
    "national": 0.06,
    "double_zero": 0.04,
    "digits": 0.1,
    "spaces": 0.03,
    "punctuation": 0.02,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPlan:
    """The mobile numbers of one country, in order: `block` consecutive numbers from each of `firsts`.

    Numbers are digits with country code. `national` is the prefix of a nationally written number, in place of the
    country code; `double_zero` is the prefix with 00 for international calls.
    """

    country: str
    code: str
    firsts: tuple[int, ...]
    block: int
    national: str
    double_zero: str

    @property
    def count(self) -> int:
        """The number of phone numbers."""
        return len(self.firsts) * self.block

    def number(self, index: int) -> str:
        """Return the phone number at an index; it is valid in the country."""
        block, rest = divmod(index, self.block)
        return str(self.firsts[block] + rest)

    def index(self, number: str) -> int | None:
        """Return the index of a phone number, or None if it is not in this plan."""
        value = int(number)
        block = bisect_right(self.firsts, value) - 1
        is_known = block >= 0 and value - self.firsts[block] < self.block
        return block * self.block + value - self.firsts[block] if is_known else None

    def national_form(self, number: str) -> str:
        """Return a number in its national form: `07123456789`, `2125550123`."""
        return self.national + number[len(self.code) :]

    def double_zero_form(self, number: str) -> str:
        """Return a number with a leading 00: `0044 7123456789`, `001 2125550123`."""
        return f"{self.double_zero} {number[len(self.code) :]}"

    def spelled(self, number: str, spelling: str) -> str:
        """Return a number in one of the `SPELLINGS`."""
        rest = number[len(self.code) :]
        forms = {
            "plus": f"+{number}",
            "national": self.national_form(number),
            "double_zero": self.double_zero_form(number),
            # documented, in Xtremepush's page on its Optimove integration: digits with country code.
            "digits": number,
            "spaces": f" +{self.code} {rest[:4]} {rest[4:]} ",
            "punctuation": f"+{self.code} ({rest[:3]}) {rest[3:6]}-{rest[6:]}",
        }
        return forms[spelling]


def check_spellings(shares: Mapping[str, float]) -> None:
    """Raise `ValueError` for unknown spellings, and for shares that do not add up to 1 at most."""
    unknown = sorted(shares.keys() - set(SPELLINGS))
    if unknown:
        raise ValueError(f"expected spellings of {', '.join(SPELLINGS)}, got {unknown[0]!r}")
    total = round(sum(shares.values()), 9)
    if total > 1 or any(share < 0 for share in shares.values()):
        raise ValueError(f"expected the shares of spellings to add up to 1 at most, got {total}")


# Area codes of large cities, none of them shared with Canada.
# documented: https://www.nationalnanpa.com (area codes in service).
_AREAS = """
    202 205 206 212 213 214 215 216 217 301 303 305 310 312 313 314 317 323 404 405 408 410 412
    414 415 480 501 502 503 504 505 512 513 515 602 612 615 617 619 702 703 704 713 718 801 808
""".split()  # noqa: SIM905 - fifty quoted words would hide what they are
# An exchange begins with 2 to 9; N11 are service codes. 555 is reserved for directory services and fictional numbers;
# the test numbers use it. documented: https://www.nationalnanpa.com
_EXCHANGES = [code for code in range(200, 1000) if code % 100 != 11 and code != 555]  # noqa: PLR2004 - digits

NUMBER_PLANS: Mapping[str, NumberPlan] = {
    "GB": NumberPlan(
        country="GB",
        code="44",
        firsts=(447_100_000_000,),
        block=300_000_000,
        national="0",
        double_zero="0044",
    ),
    "US": NumberPlan(
        country="US",
        code="1",
        # Computed, because forty thousand texts would take longer to read than some modules.
        firsts=tuple(
            1_000_000_0000 + int(area) * 1_000_0000 + exchange * 1_0000
            for area, exchange in product(_AREAS, _EXCHANGES)
        ),
        block=10_000,
        national="",
        double_zero="001",
    ),
}
